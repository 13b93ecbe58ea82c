"""A key that occurs twice."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import SAMPLE_KEYS, Row, known, named, rows_of, scan
from pgrefit.rules.data._natural_keys import NEARLY_ALL, NaturalKey, natural_keys
from pgrefit.rules.data._sample import samples

FEWEST_ROWS = 50


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    for key in natural_keys(observation):
        yield key.question()
        row = key.counts(observation)
        if row and _has_few_duplicates(key, row):
            yield _duplicates(key)


def _has_few_duplicates(key: NaturalKey, row: Row) -> bool:
    filled, different = row.count("filled"), row.count("different")
    few = filled >= FEWEST_ROWS and NEARLY_ALL * filled <= different < filled
    return few and not key.scope(row)


def _duplicates(key: NaturalKey) -> Question:
    select = ddl(
        "SELECT left(t.{c}::text, 60) AS value, count(*) AS rows FROM {t} AS t WHERE t.{c} IS NOT NULL GROUP BY t.{c}"
        " HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT {limit}",
        c=key.column.name, t=key.table.name, limit=SAMPLE_KEYS,
    )  # fmt: skip
    return Question(key.table.name, select)


@rule(
    code="DAT009",
    title="Key that occurs twice",
    why=(
        "A lookup by the key finds one of the rows, and which one changes from day to day; and as long as they are"
        " there no unique index can be made."
    ),
    asks=_asks,
    example="""
        CREATE TABLE article (id int PRIMARY KEY, sku text NOT NULL, title text);
        INSERT INTO article SELECT n, 'A-' || n, 'Article ' || n FROM generate_series(1, 150) AS n;
        INSERT INTO article VALUES (151, 'A-7', 'Again'), (152, 'A-9', 'Again');
        ANALYZE article;
    """,
    clean="""
        CREATE TABLE article (id int PRIMARY KEY, tenant_id int NOT NULL, sku text NOT NULL, zip_code text, slug text,
                              version int NOT NULL, code text);
        INSERT INTO article SELECT n, n % 3, 'A-' || n, 1000 + n % 140, 's-' || n, 1, 'c' || n % 40
        FROM generate_series(1, 150) AS n;
        INSERT INTO article VALUES (151, 3, 'A-7', '1', 's-8', 2, 'c1'), (152, 4, 'A-9', '2', 's-9', 2, 'c2');
        ANALYZE article;
    """,
)
def duplicate_natural_key(observation: Observation) -> Iterator[Finding]:
    """Columns named like a key of which a few values occur in more than one row, in no scope of their own."""
    for key in natural_keys(observation):
        row = key.counts(observation)
        if row and _has_few_duplicates(key, row):
            extra = row.count("filled") - row.count("different")
            found = rows_of(observation, _duplicates(key)) or []
            yield Finding(
                object=named(key.table, key.column.name),
                message="a few of its values occur in more than one row",
                severity=Severity.ERROR,
                evidence=known((
                    scan("rows", row.count("rows")), scan("different", row.count("different")),
                    scan("rows too many", extra),
                    scan("for example", tuple(f"{r.text('value')} ({r.count('rows')} rows)" for r in found)),
                )),
                advice="merge the rows that have the same value, then declare it UNIQUE",
                cost=Cost(rows=extra),
            )  # fmt: skip
