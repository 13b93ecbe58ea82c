"""Pages that are found by counting rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Evidence, Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.workload._plans import plan_nodes
from pgrefit.rules.workload._texts import Text, column_of, sources, texts

MANY = 1000
TOGETHER = 0.9  # correlation from which on rows that follow each other are on the same page
PATH, PAGES_A_ROW = 10, 2
FEW = 0.1  # of the rows that are read: else most of them are returned
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
        sure = max(_written(select.limit_offset), _measured(text))
        skipped = max(sure, _counted(observation, text, select))
        if skipped >= MANY:
            yield text.finding(
                f"reads {skipped:,} rows and throws them away before it returns the first"
                if sure >= MANY
                else f"reads some {skipped:,} rows beyond the {text.rows:.0f} that a page has",
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


def _counted(observation: Observation, text: Text, select: pb.SelectStmt) -> int:
    """Rows that a call of a counted statement reads beyond those that it returns, by the pages of the sorted table.

    Without an index in its order every call reads them all, whatever it skips. 0 where rows are grouped first, and for
    joins that have a condition: then pages are read that hold nothing to be skipped.
    """
    among = sources(observation, text, select)
    grouped = select.group_clause or select.distinct_clause or any(n.HasField("func_call") for n in text.nodes)
    if text.counted is None or not among or grouped or sum(n.HasField("select_stmt") for n in text.nodes) > 1:
        return 0
    if len(among) > 1 and select.HasField("where_clause"):
        return 0
    key = next((item.sort_by.node for item in select.sort_clause), None)
    found = (next(iter(among)).table, "") if key is None else column_of(key, among)
    seen = observation.statistics.table(found[0].name) if found else None
    if found is None or seen is None or seen.pages <= 0:
        return 0
    pages = (text.counted.blocks_hit + text.counted.blocks_read) / text.counted.calls
    column = seen.column(found[1])
    sorts = not any(index.valid and index.columns[0] == found[1] for index in found[0].indexes)
    together = sorts or column is None or abs(column.correlation or 0) >= TOGETHER or pages < seen.pages
    read = seen.rows * min(1.0, pages / seen.pages) if together else min(seen.rows, pages - PATH) / PAGES_A_ROW
    return round(read - text.rows) if text.rows <= FEW * read else 0
