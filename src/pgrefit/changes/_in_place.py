"""ALTER COLUMN … TYPE where the server changes the catalog alone, and what would make it do more than that."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgrefit.model.change import Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, ColumnUse, Snapshot

from ._column_proof import column_analyzed
from ._locks import family, on_family, strongest
from ._preconditions import inherited

ADVICE = {
    "view": "drop it and create it again in the same plan, or retype by a second column",
    "check": "is checked again for every row under ACCESS EXCLUSIVE: drop it first and add it again",
    "index": "would be built again under ACCESS EXCLUSIVE: drop it first and build it again",
    "foreign key": "is checked again for every row under ACCESS EXCLUSIVE: drop it first and add it again",
}


def in_the_way(db: Snapshot, table: Relation, column: str, kept: Collection[str]) -> Iterator[Obstacle]:
    """What depends on the column, in any table of the family, and is not `kept` as it is.

    `kept`: 'plain index' (over columns alone, without a condition) and 'foreign key', where the type allows it.
    """
    yield from inherited(db, table, column)
    for member in family(db, table):
        for use in db.uses_of(member, column):
            kind = _kind(db, use)
            if kind not in {*kept, "not null", "sequence"}:
                advice = ADVICE.get(kind.removeprefix("plain "), "the server refuses to change the type under it")
                yield Obstacle(member.column(column), f"{use.name} depends on it: {advice}")


def _kind(db: Snapshot, use: ColumnUse) -> str:
    """The kind of what depends on a column; constraints by their own kind, indexes by their form."""
    holder = db.find_table(use.relation) if use.relation else None
    if use.kind == "constraint" and holder:
        kind = next((c.kind for c in holder.constraints if c.name == use.member), "constraint")
        return "plain index" if kind in {"primary key", "unique"} else "index" if kind == "exclusion" else kind
    if use.kind == "index" and holder:
        index = next((i for i in holder.indexes if i.name.name == use.member), None)
        plain = index is not None and index.valid and index.predicate is None and None not in index.columns
        return "plain index" if plain else "index"
    return use.kind


def touched(db: Snapshot, table: Relation, column: str) -> tuple[Lock, ...]:
    """What changing the type locks: the family, and both ends of the foreign keys over the column."""
    locks = list(on_family(db, table, LockMode.ACCESS_EXCLUSIVE))
    for member in family(db, table):
        found = db.find_table(member)
        parents = [key.parent for key in (found.foreign_keys if found else ()) if column in key.columns]
        children = [child.name for child, key in db.references_to(member) if column in key.parent_columns]
        locks += [Lock(other, LockMode.ACCESS_EXCLUSIVE) for other in (*parents, *children) if other]
    return strongest(locks)


def alter_type(
    db: Snapshot, table: Relation, column: str, type_name: str, collation: str, *, using: Expression | None = None
) -> Iterator[Statement]:
    """Change type and collation; defaults go first and come back as they were printed, so that none gains a cast."""
    defaults = [(member, _column(db, member, column).default) for member in family(db, table)]
    parts = [expression("ALTER COLUMN {c} TYPE {type}", c=column, type=raw(Expression(type_name)))]
    if collation:
        parts.append(Expression(f"COLLATE {collation}"))
    if using is not None:
        parts.append(expression("USING {using}", using=raw(using)))
    for member, default in defaults:
        if default is not None:
            yield ddl("ALTER TABLE ONLY {table} ALTER COLUMN {c} DROP DEFAULT", table=member, c=column)
    yield ddl("ALTER TABLE {table} {action}", table=table, action=raw(joined(parts, " ")))
    for member, default in defaults:
        if default is not None:
            yield ddl("ALTER TABLE ONLY {table} ALTER COLUMN {c} SET DEFAULT {value}",
                      table=member, c=column, value=raw(default))  # fmt: skip
    yield from _settings(table, _column(db, table, column))


def _settings(table: Relation, column: Column) -> Iterator[Statement]:
    """What the server sets back to the type's own when the type changes."""
    if column.storage:
        yield ddl("ALTER TABLE {table} ALTER COLUMN {c} SET STORAGE {s}",
                  table=table, c=column.name, s=raw(Expression(column.storage.upper())))  # fmt: skip
    if column.compression:
        yield ddl("ALTER TABLE {table} ALTER COLUMN {c} SET COMPRESSION {s}",
                  table=table, c=column.name, s=raw(Expression(column.compression)))  # fmt: skip


def _column(db: Snapshot, table: Relation, column: str) -> Column:
    return db.table(table).column(column)


def analyze(db: Snapshot, table: Relation, column: str, phase: Phase) -> Step:
    """The server forgets a column's statistics with its type: have them collected again."""
    return Step(
        title=f"collect statistics of {table}.{column} again", phase=phase,
        do=(ddl("ANALYZE {table} ({c})", table=table, c=column),), undo=Way.NOTHING_LEFT,
        locks=on_family(db, table, LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.SCAN,
        proof=column_analyzed(table, column),
        why="they went with the old type, and the planner guesses without them; reads a sample of the rows",
    )  # fmt: skip


def refuse_loss(table: Relation, column: str, there: str, back: str) -> Statement:
    """Stop where a value does not survive the way to the type `there` and back. SQLSTATE 22000."""
    body = ddl(
        "DECLARE n bigint; example text; BEGIN SELECT pg_catalog.count(*), pg_catalog.min(t.{c}::text) INTO n, example"
        " FROM {table} AS t WHERE (t.{c}::{there})::{back}::text IS DISTINCT FROM t.{c}::text;"
        " IF n > 0 THEN RAISE EXCEPTION USING ERRCODE = '22000', MESSAGE = pg_catalog.format({message}, n),"
        " DETAIL = 'for example ' || example; END IF; END",
        c=column, table=table, there=raw(Expression(there)), back=raw(Expression(back)),
        message=Literal(f"%s values of column {column} do not fit into {there} again".replace("%s", "\0")
                        .replace("%", "%%").replace("\0", "%s")),
    )  # fmt: skip
    return ddl("DO {body}", body=Literal(body))
