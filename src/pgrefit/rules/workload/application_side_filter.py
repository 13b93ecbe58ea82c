"""A query that fetches rows which the application then throws away."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation, QueryProfile
from pgrefit.model.workload import Query
from pgrefit.rules.workload._shares import time_of, total_time

KEPT = 0.5


@rule(
    code="WRK002",
    title="Filter applied by the application",
    why=(
        "The rows that are thrown away were read, checked against the policies, sent and parsed; the database, asked"
        " for what is wanted, would have left them where they are."
    ),
    workload="""
        -- name: letters
        -- version: before
        -- parameters: SELECT n::text FROM generate_series(1, 5) AS n
        SELECT * FROM letter WHERE person = $1::int;
        -- name: open_letters
        -- version: after
        -- replaces: letters
        -- parameters: SELECT n::text FROM generate_series(1, 5) AS n
        SELECT id FROM letter WHERE person = $1::int AND NOT done;
    """,
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, person int NOT NULL, done boolean NOT NULL);
        INSERT INTO letter SELECT n, n % 10, n > 50 FROM generate_series(1, 1000) AS n;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, person int NOT NULL, done boolean NOT NULL);
        INSERT INTO letter SELECT n, n % 10, n > 900 FROM generate_series(1, 1000) AS n;
    """,
)
def application_side_filter(observation: Observation) -> Iterator[Finding]:
    """Queries whose replacement, on the same data, returns less than half of their rows."""
    for query in observation.workload.queries:
        fetched = observation.profile(query.replaces) if query.replaces else None
        kept = observation.profile(query.name)
        if fetched and kept and not fetched.error and not kept.error and kept.rows < KEPT * fetched.rows:
            yield _finding(observation, query, fetched, kept)


def _finding(observation: Observation, query: Query, fetched: QueryProfile, kept: QueryProfile) -> Finding:
    total = total_time(observation)
    share = round(time_of(observation, observation.workload.query(query.replaces)) / total, 4) if total else 0.0
    return Finding(
        object=f"query {query.replaces}",
        message=f"fetches {fetched.rows:.1f} rows a call, of which the application keeps {kept.rows:.1f}",
        severity=Severity.WARNING,
        evidence=(
            Evidence(measure="rows fetched a call", value=round(fetched.rows, 2), source="workload"),
            Evidence(measure="rows kept a call", value=round(kept.rows, 2), source="workload"),
            Evidence(measure="median ms", value=round(fetched.median_ms, 3), source="workload"),
            Evidence(measure="median ms of the filtered query", value=round(kept.median_ms, 3), source="workload"),
        ),
        advice=f"ask for what is kept: {query.name}",
        cost=Cost(queries_affected=1, share_of_time=share),
    )
