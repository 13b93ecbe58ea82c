"""A row by chance, out of all that are sorted."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.model.sql_tree import nodes
from pgrefit.rules._ask import statistic
from pgrefit.rules.workload._texts import Source, Text, selects, sources, texts

FEWEST_ROWS = 2000
MUCH, PAGES_A_ROW = 0.25, 4
QUERY = """
    -- name: surprise
    SELECT id FROM joke ORDER BY random() LIMIT 1;
"""
JOKES = """
    CREATE TABLE joke (id int PRIMARY KEY);
    INSERT INTO joke SELECT generate_series(1, {rows});
    ANALYZE joke;
"""


@rule(
    code="WRK014",
    title="ORDER BY random()",
    why="For one row all rows of the table are read, each is given a number, and all are sorted by it.",
    workload=QUERY,
    example=JOKES.format(rows=12_000),
    clean=JOKES.format(rows=500),
)
def order_by_random(observation: Observation) -> Iterator[Finding]:
    """On a large table, with no condition, or with one that leaves much of it, by the pages that a counted one reads.

    Source: https://www.postgresql.org/docs/current/sql-select.html (TABLESAMPLE).
    """
    for text in texts(observation):
        for select in selects(text):
            if not _is_by_chance(select):
                continue
            among = sources(observation, text, select)
            rows = max((observation.rows(source.table.name) for source in among), default=0)
            if rows >= FEWEST_ROWS and len(among) == len(select.from_clause):
                whole = not select.HasField("where_clause")
                if not whole and not _reads_much(observation, text, among):
                    continue
                advice = "pick a key by chance and take the next row by the index on it, or TABLESAMPLE"
                said = f"sorts all {rows:,} rows of {among[0].table.name} to pick some by chance"
                if not whole:
                    said = f"sorts what its condition leaves of {among[0].table.name} to pick some by chance"
                yield text.finding(said, statistic("rows", rows), advice=advice)
                break


def _reads_much(observation: Observation, text: Text, among: tuple[Source, ...]) -> bool:
    """Whether a counted statement reads many pages for each row that it returns, and much of the tables."""
    if text.counted is None:
        return False
    pages = (text.counted.blocks_hit + text.counted.blocks_read) / text.counted.calls
    seen = sum(observation.statistics.table(source.table.name).pages for source in among)
    return pages >= max(MUCH * seen, PAGES_A_ROW * text.rows)


def _is_by_chance(select: pb.SelectStmt) -> bool:
    if not select.HasField("limit_count"):
        return False
    sorted_by = (item.sort_by.node for item in select.sort_clause)
    calls = (node.func_call for key in sorted_by for node in nodes(key) if node.HasField("func_call"))
    return any(call.funcname[-1].string.sval in {"random", "gen_random_uuid"} for call in calls)
