"""The rows of a table against those of a copy from before: none lost, no value changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.run import Check
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

from .session import execute

COPY = Relation("pg_temp", "pgrefit_before")


@dataclass(frozen=True, slots=True)
class Shared:
    """A column that is there before and after; `number` names it in the copy, `key` is its place in the key or 0."""

    name: str
    number: int
    before: str
    after: str
    key: int

    @property
    def copied(self) -> str:
        """Its text in the copy."""
        return f"c{self.number}"

    @property
    def retyped(self) -> bool:
        """Whether its type changed."""
        return self.before != self.after


def compare_rows(conn: Session, before: Session, table: Relation) -> Iterator[Check]:
    """Compare by primary key, all values as text; a value whose type changed is first read in the new type.

    Rows in quarantine are not lost. Values that were NULL, and those that the plan noted in pgrefit.before_image, may
    differ.
    """
    old, new = _columns(before, table), _columns(conn, table)
    if not old:
        return
    columns = [
        Shared(name, number, type_, new[name][0], position)
        for number, (name, (type_, position)) in enumerate(old.items())
        if name in new
    ]
    keys = sorted((column for column in columns if column.key), key=lambda column: column.key)
    if not keys or len(keys) < sum(1 for _, position in old.values() if position):
        yield Check(name=f"rows of {table}", passed=True, detail="not compared: its key is not the same any more")
        return
    _copy(conn, before, table, columns)
    yield _lost(conn, table, keys)
    others = [column for column in columns if not column.key]
    if others:
        yield from _changed(conn, table, keys, others)
    execute(conn, ddl("DROP TABLE {copy}", copy=COPY))


def _columns(conn: Session, table: Relation) -> dict[str, tuple[str, int]]:
    rows = fetch_dicts(conn, "stored_columns", schema=table.schema, table=table.name)
    return {row["name"]: (row["type"], row["key_position"]) for row in rows}


def _copy(conn: Session, before: Session, table: Relation, columns: list[Shared]) -> None:
    """Bring the rows of before, as text, into a temporary table; retyped ones as the new type writes them."""
    kept = joined([expression("{c} text", c=column.copied) for column in columns])
    execute(conn, ddl("CREATE TEMP TABLE pgrefit_before ({kept}) ON COMMIT DROP", kept=raw(kept)))
    texts = joined([expression("t.{c}::text", c=column.name) for column in columns])
    out = ddl("COPY (SELECT {texts} FROM {table} AS t) TO STDOUT", texts=raw(texts), table=table)
    into = ddl("COPY {copy} FROM STDIN", copy=COPY)
    with before.cursor().copy(out.encode()) as source, conn.cursor().copy(into.encode()) as target:
        for block in source:
            target.write(block)
    retyped = [column for column in columns if column.retyped]
    for column in retyped:
        execute(conn, _reader(column))
    if retyped:
        added = joined([expression("ADD COLUMN {c} text", c=f"n{column.number}") for column in retyped])
        execute(conn, ddl("ALTER TABLE {copy} {added}", copy=COPY, added=raw(added)))
        sets = [
            expression("{n} = pg_temp.{f}({c})", n=f"n{c.number}", f=f"pgrefit_read_{c.number}", c=c.copied)
            for c in retyped
        ]
        execute(conn, ddl("UPDATE {copy} SET {sets}", copy=COPY, sets=raw(joined(sets))))
    execute(conn, ddl("ANALYZE {copy}", copy=COPY))


def _reader(column: Shared) -> Statement:
    """A function that writes a text as the new type does; as it is, where that type cannot read it."""
    body = ddl(
        "BEGIN RETURN pg_catalog.btrim(value)::{type}::text; EXCEPTION WHEN OTHERS THEN RETURN value; END",
        type=raw(Expression(column.after)),
    )
    return ddl(
        "CREATE OR REPLACE FUNCTION pg_temp.{name}(value text) RETURNS text LANGUAGE plpgsql STABLE STRICT AS {body}",
        name=f"pgrefit_read_{column.number}", body=Literal(body),
    )  # fmt: skip


def _now_called(column: Shared) -> Expression:
    """The text of before as it must be found now, over alias b."""
    return expression("b.{c}", c=f"n{column.number}" if column.retyped else column.copied)


def _same_row(keys: list[Shared]) -> Expression:
    return joined([expression("t.{c}::text = {v}", c=k.name, v=raw(_now_called(k))) for k in keys], " AND ")


def _lost(conn: Session, table: Relation, keys: list[Shared]) -> Check:
    as_it_was = joined([expression("b.{c}", c=key.copied) for key in keys])
    as_now = joined([_now_called(key) for key in keys])
    query = ddl(
        "WITH q AS MATERIALIZED (SELECT DISTINCT key FROM pgrefit.quarantine WHERE source = {source})"
        " SELECT pg_catalog.count(*),"
        " pg_catalog.count(*) FILTER (WHERE t.{k} IS NULL AND coalesce(old.key, new.key) IS NOT NULL),"
        " pg_catalog.count(*) FILTER (WHERE t.{k} IS NULL AND coalesce(old.key, new.key) IS NULL)"
        " FROM {copy} AS b LEFT JOIN {table} AS t ON {same}"
        " LEFT JOIN q AS old ON old.key = ARRAY[{as_it_was}] LEFT JOIN q AS new ON new.key = ARRAY[{as_now}]",
        k=keys[0].name, copy=COPY, table=table, same=raw(_same_row(keys)), source=Literal(table),
        as_it_was=raw(as_it_was), as_now=raw(as_now),
    )  # fmt: skip
    rows, aside, lost = _numbers(conn, query)
    detail = f"{rows} rows before: {rows - aside - lost} there, {aside} in quarantine, {lost} lost"
    return Check(name=f"rows of {table}", passed=lost == 0, detail=detail)


def _changed(conn: Session, table: Relation, keys: list[Shared], columns: list[Shared]) -> Iterator[Check]:
    """One pass over the table for all columns."""
    counts = [
        expression(
            "pg_catalog.count(b.{copied}), pg_catalog.count(*) FILTER (WHERE b.{copied} IS NOT NULL"
            " AND t.{c}::text IS DISTINCT FROM {was} AND NOT coalesce({name} = ANY (i.columns), false))",
            copied=column.copied, c=column.name, was=raw(_now_called(column)), name=Literal(column.name),
        )
        for column in columns
    ]  # fmt: skip
    query = ddl(
        "SELECT {counts} FROM {copy} AS b JOIN {table} AS t ON {same} LEFT JOIN (SELECT i.key,"
        " pg_catalog.array_agg(DISTINCT c.name) AS columns FROM pgrefit.before_image AS i,"
        " pg_catalog.unnest(i.columns) AS c (name) WHERE i.source = {source} GROUP BY i.key) AS i"
        " ON i.key = ARRAY[{key}]",
        counts=raw(joined(counts)), copy=COPY, table=table, same=raw(_same_row(keys)), source=Literal(table),
        key=raw(joined([expression('t.{c}::text COLLATE pg_catalog."C"', c=key.name) for key in keys])),
    )  # fmt: skip
    found = _numbers(conn, query)
    for column, values, changed in zip(columns, found[::2], found[1::2], strict=True):
        detail = f"{values} values compared, {changed} differ"
        yield Check(name=f"values of {table}.{column.name}", passed=changed == 0, detail=detail)


def _numbers(conn: Session, query: Statement) -> tuple[int, ...]:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None, "an aggregate returns a row"
    return tuple(map(int, row))
