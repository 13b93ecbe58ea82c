"""A reference to several tables, some of whose rows refer to nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import Row, known, named, row_of, scan
from pgrefit.rules._purposes import is_log
from pgrefit.rules._said import outlives

from ._key import Key
from ._polymorphic import Pair, meant, pairs

MOST_ORPHANED = 0.5  # of more of them the type means another table than the one of its name


def _asks(observation: Observation) -> Iterator[Question]:
    for pair in _pairs(observation):
        yield pair.kinds()
        for kind, key, _ in meant(observation, pair):
            yield pair.counts(kind, key)


def _pairs(observation: Observation) -> Iterator[Pair]:
    """Those of tables whose rows are not meant to outlive what they name."""
    for pair in pairs(observation):
        table = pair.table
        if not outlives(table.comment) and (not is_log(table.name) or table.foreign_keys):
            yield pair


@rule(
    code="REF030",
    title="References to several tables that refer to nothing",
    why=(
        "No foreign key can watch a column that refers now to one table, now to another: what was deleted leaves its"
        " comments, files and grants behind, and where ids are used anew they come to belong to something else."
    ),
    asks=_asks,
    example="""
        CREATE TABLE post (id int PRIMARY KEY);
        INSERT INTO post SELECT generate_series(1, 20);
        CREATE TABLE photos (id int PRIMARY KEY);
        INSERT INTO photos SELECT generate_series(1, 30);
        CREATE TABLE remark (id int PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL);
        INSERT INTO remark SELECT n, CASE WHEN n % 2 = 0 THEN 'Post' ELSE 'App\\Models\\Photo' END, n % 20 + 1
        FROM generate_series(1, 100) AS n;
        DELETE FROM photos WHERE id = 4;
        ANALYZE;
    """,
    clean="""
        CREATE TABLE post (id int PRIMARY KEY);
        INSERT INTO post SELECT generate_series(1, 20);
        CREATE TABLE editor (id int PRIMARY KEY);
        INSERT INTO editor SELECT generate_series(900, 920);
        CREATE TABLE remark (id int PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL,
                             post_id int REFERENCES post, post_type text);
        CREATE INDEX ON remark (post_id);
        INSERT INTO remark SELECT n, CASE WHEN n % 2 = 0 THEN 'Post' WHEN n % 3 = 0 THEN 'Editor' ELSE 'Planet' END,
                                  n % 20 + 1, n % 20 + 1, 'post'
        FROM generate_series(1, 100) AS n;
        ANALYZE;
    """,
)
def polymorphic_orphans(observation: Observation) -> Iterator[Finding]:
    """Columns x_id beside x_type whose rows of some type are not in the table of that name."""
    for pair in _pairs(observation):
        broken: list[tuple[str, Key, int, Row]] = []
        for kind, key, rows in meant(observation, pair):
            row = row_of(observation, pair.counts(kind, key))
            if row and 0 < row.count("orphans") <= MOST_ORPHANED * rows:
                broken.append((kind, key, rows, row))
        if broken:
            yield _finding(pair, broken)


def _finding(pair: Pair, broken: list[tuple[str, Key, int, Row]]) -> Finding:
    orphans = sum(row.count("orphans") for _, _, _, row in broken)
    return Finding(
        object=named(pair.table, pair.id.name),
        message=f"refers by {pair.kind.name} to several tables, and some rows to nothing",
        severity=Severity.ERROR,
        evidence=known(evidence for entry in broken for evidence in _evidence(*entry)),
        advice="mend or put aside these rows; a column with a foreign key for each kind, and a check that one of them"
        " is filled, keeps them whole",
        cost=Cost(rows=orphans),
    )


def _evidence(kind: str, key: Key, rows: int, row: Row) -> Iterator[Evidence]:
    parent = named(key.table, key.column.name)
    yield scan(f"“{kind}”: rows", rows)
    yield scan(f"“{kind}”: not in {parent}", row.count("orphans"))
    yield scan(f"“{kind}”: for example", row.texts("examples"))
