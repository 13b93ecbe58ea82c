"""Tables side by side that no condition connects."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.model.sql_tree import nodes
from pgrefit.rules._ask import statistic
from pgrefit.rules.workload._texts import Source, Text, column_path, selects, sources, texts

FEWEST_ROWS = 2  # a table of a single row, such as settings, multiplies nothing
QUERY = """
    -- name: shifts
    SELECT p.id, s.id FROM person AS p, shift AS s WHERE p.id = 7;
"""
TABLES = """
    CREATE TABLE person (id int PRIMARY KEY);
    CREATE TABLE shift (id int PRIMARY KEY, person_id int NOT NULL REFERENCES person);
    INSERT INTO person SELECT generate_series(1, 50);
    INSERT INTO shift SELECT n, n FROM generate_series(1, {rows}) AS n;
    ANALYZE person, shift;
"""


@rule(
    code="WRK020",
    title="Tables that no condition connects",
    why="Each row of one comes with each row of the other: mostly a join that was forgotten, and sums that are too"
    " large.",
    workload=QUERY,
    example=TABLES.format(rows=50),
    clean=TABLES.format(rows=1),
)
def tables_not_joined(observation: Observation) -> Iterator[Finding]:
    """Tables listed by commas that no condition names together, nor by way of others; CROSS JOIN says that it is meant.

    Source: https://www.postgresql.org/docs/current/queries-table-expressions.html.
    """
    for text in filter(lambda text: text.recurs, texts(observation)):
        for select in selects(text):
            apart = _apart(observation, text, select)
            if apart:
                yield text.finding(
                    f"returns every row of {apart.table.name} with every row of the tables beside it",
                    statistic("rows", observation.rows(apart.table.name)),
                    advice="join it by a condition; where all pairs are meant, say so: CROSS JOIN",
                )


def _apart(observation: Observation, text: Text, select: pb.SelectStmt) -> Source | None:
    """A table that nothing connects to the first of the list; None where the list holds more than plain tables."""
    items = [item.range_var for item in select.from_clause if item.HasField("range_var")]
    among = sources(observation, text, select)
    if len(items) < 2 or not len(items) == len(select.from_clause) == len(among):
        return None
    together = _reached(among, [_named(part, among) for part in _parts(select.where_clause)])
    rest = [source for source in among if source.alias not in together]
    if max(observation.rows(one.table.name) for one in among if one.alias in together) < FEWEST_ROWS:
        return None
    return next((one for one in rest if observation.rows(one.table.name) >= FEWEST_ROWS), None)


def _reached(among: tuple[Source, ...], conditions: list[set[str]]) -> set[str]:
    together = {among[0].alias}
    for _ in among:
        for named in conditions:
            together |= named if named & together else set()
    return together


def _parts(condition: pb.Node) -> Iterator[pb.Node]:
    """The parts of a condition that must all hold; a sub-select or an OR is one part, whatever it names."""
    if condition.HasField("bool_expr") and condition.bool_expr.boolop == pb.AND_EXPR:
        for part in condition.bool_expr.args:
            yield from _parts(part)
    else:
        yield condition


def _named(part: pb.Node, among: tuple[Source, ...]) -> set[str]:
    """The aliases whose columns it names; a bare column is that of the tables that have it."""
    paths = [path for node in nodes(part) if (path := column_path(node)) is not None]
    return {
        source.alias
        for source in among
        for qualifier, column in paths
        if qualifier == source.alias or (not qualifier and any(known.name == column for known in source.table.columns))
    }
