"""An OR that spans the tables of a join."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.model.sql_tree import nodes
from pgrefit.rules._ask import statistic
from pgrefit.rules.workload._texts import Source, column_of, selects, sources, texts
from pgrefit.rules.workload._wanted import and_ed

FEWEST_ROWS = 2000
QUERY = """
    -- name: search
    SELECT o.id FROM orders AS o JOIN customer AS c ON c.id = o.customer_id WHERE o.number = 7 OR c.phone = '7';
"""
TABLES = """
    CREATE TABLE customer (id int PRIMARY KEY, phone text NOT NULL);
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, number int NOT NULL);
    INSERT INTO customer SELECT n, n FROM generate_series(1, {rows}) AS n;
    INSERT INTO orders SELECT n, n, n FROM generate_series(1, {rows}) AS n;
    CREATE INDEX ON orders (customer_id);
    ANALYZE customer, orders;
"""


@rule(
    code="WRK024",
    title="OR over columns of several tables",
    why="No index serves either side: the tables are joined as a whole, and only then are the few rows kept.",
    workload=QUERY,
    example=TABLES.format(rows=3000),
    clean=TABLES.format(rows=30),
)
def or_across_tables(observation: Observation) -> Iterator[Finding]:
    """An OR of which each side looks at other large tables alone, where no other condition narrows the query.

    Source: https://www.postgresql.org/docs/current/indexes-bitmap-scans.html for what an OR on one table can use.
    """
    for text in texts(observation):
        for select in selects(text):
            among = sources(observation, text, select)
            sides = _sides(select.where_clause, among) if len(among) > 1 else ()
            if sides and all(observation.rows(one.table.name) >= FEWEST_ROWS for one in sides):
                named = " and ".join(dict.fromkeys(str(one.table.name) for one in sides))
                yield text.finding(
                    f"joins all of {named} before an OR over columns of both leaves its rows",
                    *(statistic(f"rows of {one.table.name}", observation.rows(one.table.name)) for one in sides),
                    advice="ask for each side by a query of its own, and put them together by UNION",
                )
                break


def _sides(condition: pb.Node, among: tuple[Source, ...]) -> tuple[Source, ...]:
    """The tables of the sides of the only condition, each side on one of them and not all on the same; else nothing."""
    parts = [part for part in and_ed(condition) if not _joins(part, among)]
    if len(parts) != 1 or not parts[0].HasField("bool_expr") or parts[0].bool_expr.boolop != pb.OR_EXPR:
        return ()
    found = [_tables(arg, among) for arg in parts[0].bool_expr.args]
    if any(len(each) != 1 for each in found):
        return ()
    names = set(chain.from_iterable(found))
    return tuple(one for one in among if one.alias in names) if len(names) > 1 else ()


def _tables(part: pb.Node, among: tuple[Source, ...]) -> set[str]:
    tables = [found[0] for node in nodes(part) if (found := column_of(node, among))]
    return {one.alias for one in among if any(one.table is table for table in tables)}


def _joins(part: pb.Node, among: tuple[Source, ...]) -> bool:
    """Whether it compares columns of two tables: a join that is written as a condition."""
    return part.HasField("a_expr") and len(_tables(part, among)) > 1
