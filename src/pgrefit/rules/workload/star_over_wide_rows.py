"""SELECT * that fetches large values for many rows."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import statistic, statistics_of
from pgrefit.rules.workload._texts import sources, takes_all, texts

FEWEST_ROWS = 20  # a call
FEWEST_BYTES = 100_000  # a call
QUERY = """
    -- name: newest
    SELECT * FROM doc ORDER BY id DESC LIMIT 100;
"""


@rule(
    code="WRK012",
    title="SELECT * over wide rows",
    why="Large values lie apart from their rows: each is fetched, decompressed and sent, whether anybody reads it or"
    " not.",
    workload=QUERY,
    example="""
        CREATE TABLE doc (id int PRIMARY KEY, title text, body text);
        INSERT INTO doc
        SELECT n, 'doc ' || n, (SELECT string_agg(md5((n * m)::text), '') FROM generate_series(1, 200) AS m)
        FROM generate_series(1, 150) AS n;
        ANALYZE doc;
    """,
    clean="""
        CREATE TABLE doc (id int PRIMARY KEY, title text, body text);
        INSERT INTO doc SELECT n, 'doc ' || n, 'short' FROM generate_series(1, 300) AS n;
        ANALYZE doc;
    """,
)
def star_over_wide_rows(observation: Observation) -> Iterator[Finding]:
    """Queries that name no columns, and thereby fetch much that is stored apart.

    Source: https://www.postgresql.org/docs/current/storage-toast.html.
    """
    for text in texts(observation):
        select = text.statement.select_stmt if text.statement.HasField("select_stmt") else None
        if select is None or text.rows < FEWEST_ROWS:
            continue
        for source in sources(observation, text, select):
            counted = statistics_of(observation, source.table)
            apart = counted.toast_bytes / counted.rows if counted.rows > 0 else 0.0
            if apart * text.rows >= FEWEST_BYTES and takes_all(select, source):
                yield text.finding(
                    f"fetches all columns of {source.table.name}, {apart:,.0f} bytes a row of them stored apart",
                    statistic("rows a call", round(text.rows, 1)),
                    statistic("bytes a row stored apart", round(apart)),
                    advice="name the columns that are needed; fetch the large ones when somebody looks at one row",
                )
                break
