"""Pages that are found by counting rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Evidence, Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.workload._plans import plan_nodes
from pgrefit.rules.workload._texts import Source, Text, column_of, sources, texts

MANY = 1000
QUERY = """
    -- name: page
    -- parameters: SELECT n::text FROM generate_series(5000, 5000) AS n
    SELECT id, label FROM article ORDER BY id LIMIT 20 OFFSET $1::int;
"""
ARTICLES = """
    CREATE TABLE article (id int PRIMARY KEY, label text NOT NULL);
    INSERT INTO article SELECT n, 'article ' || n FROM generate_series(1, {rows}) AS n;
    ANALYZE article;
"""


@rule(
    code="WRK016",
    title="Large OFFSET",
    why="The rows before the page are read and thrown away: each page is slower than the one before, and rows that are"
    " inserted meanwhile are shown twice or never.",
    workload=QUERY,
    example=ARTICLES.format(rows=6000),
    clean=ARTICLES.format(rows=60),
)
def large_offset(observation: Observation) -> Iterator[Finding]:
    """Queries that skip a thousand rows or more, as written, as measured, or by the pages that a counted one reads.

    Source: https://www.postgresql.org/docs/current/queries-limit.html.
    """
    for text in texts(observation):
        select = text.statement.select_stmt if text.statement.HasField("select_stmt") else None
        if select is None or not select.HasField("limit_offset"):
            continue
        skipped = max(_written(select.limit_offset), _measured(text), _counted(observation, text, select))
        if skipped >= MANY:
            yield text.finding(
                f"reads {skipped:,} rows and throws them away before it returns the first",
                Evidence(measure="rows skipped", value=skipped, source="workload"),
                advice="remember the last key of the page before: WHERE key > $1 ORDER BY key LIMIT …",
            )


def _written(offset: pb.Node) -> int:
    return int(offset.a_const.ival.ival) if offset.HasField("a_const") else 0


def _measured(text: Text) -> int:
    """Rows that came up to the topmost LIMIT less those that it passed on; 0 where the plan was not run."""
    found = plan_nodes(text.profile.plan) if text.profile else iter(())
    for node, below in pairwise(found):
        if node.kind == "Limit":
            return round(below.rows - node.rows) if node.measured else 0
    return 0


def _follows_an_index(select: pb.SelectStmt, among: tuple[Source, ...]) -> bool:
    found = column_of(select.sort_clause[0].sort_by.node, among) if select.sort_clause else None
    return found is not None and any(i.valid and i.columns[0] == found[1] for i in found[0].indexes)


def _counted(observation: Observation, text: Text, select: pb.SelectStmt) -> int:
    """Rows on the pages that the statement of a lone table reads on average, less those that it returns.

    0 where it has a condition or sorts the whole: then pages are read that hold nothing to be skipped.
    """
    among = sources(observation, text, select)
    if text.counted is None or len(among) != 1 or select.HasField("where_clause") or len(select.from_clause) != 1:
        return 0
    seen = observation.statistics.table(among[0].table.name)
    pages = (text.counted.blocks_hit + text.counted.blocks_read) / text.counted.calls
    if seen.pages <= 0 or pages >= seen.pages or not _follows_an_index(select, among):
        return 0
    return round(seen.rows * pages / seen.pages - text.rows)
