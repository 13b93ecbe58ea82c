"""A column of ids that refers now to one table, now to another."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import catalog, named, scan

from ._polymorphic import meant, pairs

FEWEST_TABLES = 2


def _asks(observation: Observation) -> Iterator[Question]:
    yield from (pair.kinds() for pair in pairs(observation))


@rule(
    code="REF042",
    title="Reference to several tables",
    why=(
        "No foreign key can watch an id whose table depends on another column: only the application keeps it whole,"
        " and each join must name the kind."
    ),
    asks=_asks,
    example="""
        CREATE TABLE post (id int PRIMARY KEY);
        CREATE TABLE photos (id int PRIMARY KEY);
        CREATE TABLE remark (id int PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL);
        INSERT INTO remark SELECT n, CASE WHEN n % 2 = 0 THEN 'Post' ELSE 'App\\Models\\Photo' END, n % 20 + 1
        FROM generate_series(1, 100) AS n;
        ANALYZE;
    """,
    clean="""
        CREATE TABLE post (id int PRIMARY KEY);
        CREATE TABLE photos (id int PRIMARY KEY);
        CREATE TABLE remark (id int PRIMARY KEY, post_id int NOT NULL REFERENCES post, post_type text NOT NULL,
                             photo_id int NOT NULL REFERENCES photos);
        INSERT INTO post SELECT generate_series(1, 20);
        INSERT INTO photos SELECT generate_series(1, 20);
        INSERT INTO remark SELECT n, n % 20 + 1, CASE WHEN n % 2 = 0 THEN 'post' ELSE 'page' END, n % 20 + 1
        FROM generate_series(1, 100) AS n;
        ANALYZE;
    """,
    by_default=False,
)
def reference_to_several_tables(observation: Observation) -> Iterator[Finding]:
    """Columns of ids beside a column whose values name the tables that they are of."""
    for pair in pairs(observation):
        kinds = list(meant(observation, pair))
        if len({key.table.name for _, key, _ in kinds}) >= FEWEST_TABLES:
            yield Finding(
                object=named(pair.table, pair.id.name),
                message=f"refers by {pair.kind.name} to several tables, which no foreign key can watch",
                severity=Severity.INFO,
                evidence=(
                    catalog("keys", tuple(sorted({named(key.table, key.column.name) for _, key, _ in kinds}))),
                    *(scan(f"“{kind}”: rows", rows) for kind, _, rows in kinds),
                ),
                advice="a column with a foreign key for each table, and a check that one of them is filled",
            )
