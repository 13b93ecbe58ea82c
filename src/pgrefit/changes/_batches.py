"""Batched statements: key ranges, quarantine, before-images.

The executor sets `pgrefit.run` (uuid) and `pgrefit.step` (text) for its session before it runs or undoes a step, and
makes the tables of the schema `pgrefit` (see apply/journal).
"""

from __future__ import annotations

from pgrefit.model.change import Batches
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Table

QUARANTINE = Relation("pgrefit", "quarantine")
BEFORE_IMAGE = Relation("pgrefit", "before_image")
REJECT = Relation("pgrefit", "reject")
THIS_STEP = Expression(
    "run = pg_catalog.current_setting('pgrefit.run')::pg_catalog.uuid"
    " AND step = pg_catalog.current_setting('pgrefit.step')"
)


def row_key(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The key columns of a table and their types; ValueError where no row can be told from another."""
    key = table.row_key
    if not key:
        raise ValueError(f"{table.name} has no primary key nor a unique key over required columns")
    return key, tuple(table.column(name).type for name in key)


def key_range(key: tuple[str, ...], types: tuple[str, ...]) -> Expression:
    """The condition of a batch over the alias t: key >= ($1, …) and key <= ($n+1, …)."""
    columns = joined([expression("t.{c}", c=name) for name in key])
    count = len(key)
    low = ", ".join(f"${i + 1}::{t}" for i, t in enumerate(types))
    high = ", ".join(f"${count + i + 1}::{t}" for i, t in enumerate(types))
    return expression(
        "({columns}) >= ({low}) AND ({columns}) <= ({high})",
        columns=raw(columns), low=raw(Expression(low)), high=raw(Expression(high)),
    )  # fmt: skip


def key_as_text(key: tuple[str, ...]) -> Expression:
    """An array of the key's texts over the alias t, to be compared whatever collations the columns have."""
    return _array([expression("t.{c}::text", c=name) for name in key])


def _array(texts: list[Expression]) -> Expression:
    return expression('ARRAY[{parts}] COLLATE pg_catalog."C"', parts=raw(joined(texts)))


def update_batches(table: Table, assignments: Expression, condition: Expression) -> Batches:
    """UPDATE … SET assignments WHERE condition (over alias t), in key ranges."""
    key, types = row_key(table)
    statement = ddl(
        "UPDATE {table} AS t SET {assignments} WHERE {range} AND ({condition})",
        table=table.name, assignments=raw(assignments), range=raw(key_range(key, types)), condition=raw(condition),
    )  # fmt: skip
    return Batches(table=table.name, key=key, types=types, statement=statement)


def quarantine_batches(table: Table, condition: Expression, reason: Expression) -> Batches:
    """Move the rows that meet a condition (over alias t) into quarantine, whole, with the reason (an expression)."""
    key, types = row_key(table)
    within = expression("{range} AND ({condition})", range=raw(key_range(key, types)), condition=raw(condition))
    return Batches(table=table.name, key=key, types=types, statement=quarantine_all(table, within, reason))


def quarantine_all(table: Table, condition: Expression, reason: Expression) -> Statement:
    """The same in one statement: for few rows."""
    return ddl(
        "WITH gone AS (DELETE FROM {table} AS t WHERE {condition}"
        " RETURNING {key} AS key, {reason} AS reason, (t.*)::{table} AS whole)"  # plain t might be a column
        " INSERT INTO pgrefit.quarantine (run, step, source, key, reason, row, typed)"
        " SELECT current_setting('pgrefit.run')::uuid, current_setting('pgrefit.step'), {source},"
        " key, reason, to_jsonb(whole), whole::text FROM gone",
        table=table.name, condition=raw(condition), reason=raw(reason), source=Literal(table.name),
        key=raw(key_as_text(row_key(table)[0])),
    )  # fmt: skip


def restore_batches(table: Table, put_aside: Expression = THIS_STEP) -> Batches:
    """Put quarantined rows back into their table: those of this step, or those that meet `put_aside`.

    A row whose place was taken meanwhile stays in quarantine, as does one that another constraint refuses.
    """
    key, _ = row_key(table)
    columns = tuple(column.name for column in table.columns if not column.generated)
    values = joined([expression("(r.whole).{c}", c=name) for name in columns])
    key_parts = _array([expression("(r.whole).{c}::text", c=name) for name in key])
    deferrable = any(c.deferrable for c in table.constraints if c.kind in {"primary key", "unique", "exclusion"})
    statement = ddl(
        "WITH r AS MATERIALIZED (SELECT DISTINCT ON (t.key) t.id, CASE WHEN {same_columns} THEN t.typed::{table}"
        " ELSE pg_catalog.jsonb_populate_record(NULL::{table}, t.row) END AS whole"
        " FROM pgrefit.quarantine AS t WHERE {range} AND {put_aside} ORDER BY t.key, t.id),"
        " back AS (INSERT INTO {table} AS t ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM r {taken}"
        " RETURNING {key} AS key)"
        " DELETE FROM pgrefit.quarantine AS q USING r JOIN back ON back.key = {key_parts} WHERE q.id = r.id",
        range=raw(key_range(("id",), ("bigint",))), put_aside=raw(put_aside), table=table.name, columns=columns,
        values=raw(values), key=raw(key_as_text(key)), key_parts=raw(key_parts),
        taken=raw(Expression("" if deferrable else "ON CONFLICT DO NOTHING")), same_columns=raw(_same_columns(table)),
    )  # fmt: skip
    return Batches(table=QUARANTINE, key=("id",), types=("bigint",), statement=statement, lenient=True)


def _same_columns(table: Table) -> Expression:
    """Whether the table still has as many columns as the row (alias t of the quarantine) that was put aside.

    Its text form restores every type exactly, but only into the columns that it was taken from.
    """
    return expression(
        "(SELECT pg_catalog.count(*) FROM pg_catalog.jsonb_object_keys(t.row)) = (SELECT pg_catalog.count(*)"
        " FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = {table}::pg_catalog.regclass AND a.attnum > 0"
        " AND NOT a.attisdropped)", table=Literal(ddl("{t}", t=table.name)),
    )  # fmt: skip


def remembering_batches(table: Table, assignments: dict[str, Expression], condition: Expression) -> Batches:
    """Overwrite values of existing columns in key ranges, keeping what stood there so that it can be put back.

    `assignments` maps columns to expressions over the alias t; rows where nothing would change are left alone.
    """
    key, types = row_key(table)
    within = expression("{range} AND ({condition})", range=raw(key_range(key, types)), condition=raw(condition))
    return Batches(table=table.name, key=key, types=types, statement=remembering_all(table, assignments, within))


def remembering_all(table: Table, assignments: dict[str, Expression], condition: Expression) -> Statement:
    """The same in one statement: for few rows."""
    key, _ = row_key(table)
    names = tuple(assignments)
    new = [(f"pgrefit_value_{i}", name) for i, name in enumerate(names)]
    values = joined([expression("{e} AS {v}", e=raw(assignments[name]), v=v) for v, name in new])
    # By their texts: json has no equality, and 1.0 is not to be taken for 1.00.
    changed = joined([expression("n.{v}::text IS DISTINCT FROM t.{c}::text", v=v, c=name) for v, name in new], " OR ")
    same_row = joined(
        [expression("t.{c} = n.{k}", c=name, k=f"pgrefit_key_{i}") for i, name in enumerate(key)], " AND "
    )
    keys = joined([expression("t.{c} AS {k}", c=name, k=f"pgrefit_key_{i}") for i, name in enumerate(key)])
    return ddl(
        "WITH n AS MATERIALIZED (SELECT {keys}, {key} AS pgrefit_key, {old} AS pgrefit_old, {values} FROM {table} AS t"
        " WHERE {condition} FOR NO KEY UPDATE),"
        " done AS (UPDATE {table} AS t SET {sets} FROM n WHERE {same_row} AND ({changed})"
        " RETURNING n.pgrefit_key, n.pgrefit_old, {new} AS pgrefit_new)"
        " INSERT INTO pgrefit.before_image (run, step, source, key, columns, old, new)"
        " SELECT current_setting('pgrefit.run')::uuid, current_setting('pgrefit.step'), {source},"
        " pgrefit_key, {columns}, pgrefit_old, pgrefit_new FROM done",
        keys=raw(keys), key=raw(key_as_text(key)), old=raw(texts(names)), values=raw(values), table=table.name,
        condition=raw(condition), same_row=raw(same_row), changed=raw(changed),
        sets=raw(joined([expression("{c} = n.{v}", v=v, c=name) for v, name in new])), new=raw(texts(names)),
        source=Literal(table.name), columns=raw(literals(names)),
    )  # fmt: skip


def recall_batches(table: Table, columns: tuple[str, ...], remembered: Expression = THIS_STEP) -> Batches:
    """Put back what this step overwrote, or what meets `remembered`, except where somebody changed the value since."""
    key, types = row_key(table)
    same_row = joined(
        [expression("t.{c} = (b.key[{i}])::{type}", c=name, i=i + 1, type=raw(Expression(type_)))
         for i, (name, type_) in enumerate(zip(key, types, strict=True))], " AND ",
    )  # fmt: skip
    sets: list[Expression] = []
    untouched: list[Expression] = []
    for i, name in enumerate(columns):
        type_ = raw(Expression(table.column(name).type))
        sets.append(expression("{c} = (b.old[{i}])::{type}", c=name, i=i + 1, type=type_))
        untouched.append(expression("t.{c}::text IS NOT DISTINCT FROM b.new[{i}]", c=name, i=i + 1))
    statement = ddl(
        "WITH b AS (DELETE FROM pgrefit.before_image AS t WHERE {range} AND {remembered} RETURNING t.*)"
        " UPDATE {table} AS t SET {sets} FROM b WHERE {same_row} AND {untouched}",
        range=raw(key_range(("id",), ("bigint",))), remembered=raw(remembered), table=table.name,
        sets=raw(joined(sets)), same_row=raw(same_row), untouched=raw(joined(untouched, " AND ")),
    )  # fmt: skip
    return Batches(table=BEFORE_IMAGE, key=("id",), types=("bigint",), statement=statement, lenient=True)


def noting_batches(
    table: Table, columns: tuple[str, ...], old: Expression, new: Expression, when: Expression
) -> Batches:
    """Note in pgrefit.before_image what is about to go, of the rows (alias t) that meet a condition.

    `old` and `new` are expressions of text arrays, one text for each of `columns`.
    """
    values = expression("{columns}, {old}, {new}", columns=raw(literals(columns)), old=raw(old), new=raw(new))
    return _note_batches(table, BEFORE_IMAGE, ("columns", "old", "new"), values, when)


def rejecting_batches(table: Table, reason: Expression, value: Expression, when: Expression) -> Batches:
    """Note in pgrefit.reject what stays as it is, with the reason, of the rows (alias t) that meet a condition."""
    values = expression("{reason}, {value}", reason=raw(reason), value=raw(value))
    return _note_batches(table, REJECT, ("reason", "value"), values, when)


def _note_batches(
    table: Table, book: Relation, columns: tuple[str, ...], values: Expression, when: Expression
) -> Batches:
    key, types = row_key(table)
    statement = ddl(
        "INSERT INTO {book} (run, step, source, key, {columns})"
        " SELECT current_setting('pgrefit.run')::uuid, current_setting('pgrefit.step'), {source}, {key}, {values}"
        " FROM {table} AS t WHERE {range} AND ({when}) AND NOT {noted}",
        book=book, columns=columns, source=Literal(table.name), key=raw(key_as_text(key)), values=raw(values),
        table=table.name, range=raw(key_range(key, types)), when=raw(when), noted=raw(_noted_in(book, table)),
    )  # fmt: skip
    return Batches(table=table.name, key=key, types=types, statement=statement)


def noted(table: Table) -> Expression:
    """Whether this step has noted the row (alias t) in pgrefit.before_image."""
    return _noted_in(BEFORE_IMAGE, table)


def rejected(table: Table) -> Expression:
    """Whether this step has noted the row (alias t) in pgrefit.reject."""
    return _noted_in(REJECT, table)


def _noted_in(book: Relation, table: Table) -> Expression:
    return expression(
        "EXISTS (SELECT FROM {book} AS b WHERE {this_step} AND b.key = {key})",
        book=book, this_step=raw(THIS_STEP), key=raw(key_as_text(row_key(table)[0])),
    )  # fmt: skip


FORGET: Statement = ddl("DELETE FROM pgrefit.before_image WHERE {this_step}", this_step=raw(THIS_STEP))
FORGET_REJECTS: Statement = ddl("DELETE FROM pgrefit.reject WHERE {this_step}", this_step=raw(THIS_STEP))


def texts(columns: tuple[str, ...]) -> Expression:
    """An array of the columns' texts over the alias t."""
    return expression("ARRAY[{parts}]", parts=raw(joined([expression("t.{c}::text", c=name) for name in columns])))


def literals(names: tuple[str, ...]) -> Expression:
    """An array of string literals."""
    return expression("ARRAY[{parts}]", parts=raw(joined([expression("{t}", t=Literal(name)) for name in names])))
