"""A key that occurs twice."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import SAMPLE_KEYS, Row, catalog, known, named, row_of, rows_of, scan
from pgrefit.rules.data import _key_pairs as pairs
from pgrefit.rules.data import _key_triples as triples
from pgrefit.rules.data._natural_keys import NaturalKey, natural_keys
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._sentinels import sentinel_suspects

FEWEST_ROWS = 50
MOSTLY = 0.95  # share of the rows that have a value of their own


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (suspect.question() for suspect in sentinel_suspects(observation))
    for key in natural_keys(observation):
        yield key.question()
        row = key.counts(observation)
        if row and _has_few_duplicates(observation, key, row):
            yield _duplicates(key)
    yield from pairs.questions(observation)
    yield from (pair.duplicates() for pair, _ in _twice(observation))
    yield from triples.questions(observation)
    yield from (triple.duplicates() for triple, _ in _three_twice(observation))


def _twice(observation: Observation) -> Iterator[tuple[pairs.KeyPair, Row]]:
    """Pairs of columns that are a key but for a few rows."""
    for pair in pairs.key_pairs(observation):
        row = pair.holds(observation)
        if row and row.count("pairs") < row.count("rows"):
            yield pair, row


def _three_twice(observation: Observation) -> Iterator[tuple[triples.KeyTriple, Row]]:
    for triple in triples.key_triples(observation):
        row = triple.holds(observation)
        if row and row.count("all_0") < row.count("rows"):
            yield triple, row


def _has_few_duplicates(observation: Observation, key: NaturalKey, row: Row) -> bool:
    """Beside what stands for no value, which another rule tells of."""
    rows, values = _placeholders(observation, key)
    filled, different = row.count("filled") - rows, row.count("different") - values
    few = filled >= FEWEST_ROWS and MOSTLY * filled <= different < filled
    return few and not key.scope(row)


def _placeholders(observation: Observation, key: NaturalKey) -> tuple[int, int]:
    """How many rows have one, and how many different ones there are."""
    for suspect in sentinel_suspects(observation):
        if (suspect.table.name, suspect.column.name) == (key.table.name, key.column.name):
            row = row_of(observation, suspect.question())
            found = suspect.found(row) if row else {}
            return sum(found.values()), len(found)
    return 0, 0


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
    """Columns named like a key of which a few values occur in more than one row, in no scope of their own.

    Also pairs of a reference and a column that occur once each but for a few.
    """
    for key in natural_keys(observation):
        row = key.counts(observation)
        if row and _has_few_duplicates(observation, key, row):
            rows, values = _placeholders(observation, key)
            extra = row.count("filled") - rows - (row.count("different") - values)
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
    yield from (_of_pair(observation, pair, row) for pair, row in _twice(observation))
    yield from (_of_three(observation, triple, row) for triple, row in _three_twice(observation))


def _of_pair(observation: Observation, pair: pairs.KeyPair, row: Row) -> Finding:
    extra, found = row.count("rows") - row.count("pairs"), rows_of(observation, pair.duplicates()) or []
    return Finding(
        object=named(pair.table, pair.column),
        message=f"has another value in each row of one {pair.reference}, but in a few rows the same",
        severity=Severity.ERROR,
        evidence=known((
            scan("within", pair.reference), scan("rows", row.count("rows")),
            scan("different pairs", row.count("pairs")), scan("rows too many", extra),
            scan("for example", tuple(f"{r.text('value')} ({r.count('rows')} rows)" for r in found)),
        )),
        advice=f"merge the rows that have the same pair, then declare ({pair.reference}, {pair.column}) UNIQUE",
        cost=Cost(rows=extra),
    )  # fmt: skip


def _of_three(observation: Observation, triple: triples.KeyTriple, row: Row) -> Finding:
    extra, found = row.count("rows") - row.count("all_0"), rows_of(observation, triple.duplicates()) or []
    names = ", ".join(triple.columns)
    return Finding(
        object=str(triple.table.name),
        message=f"has another {names} in each row, but in a few rows the same",
        severity=Severity.ERROR,
        evidence=known((
            catalog("unique together", triple.columns), scan("rows", row.count("rows")), scan("rows too many", extra),
            scan("for example", tuple(f"{r.text('value')} ({r.count('rows')} rows)" for r in found)),
        )),
        advice=f"merge the rows that are alike, then declare ({names}) UNIQUE",
        cost=Cost(rows=extra),
    )  # fmt: skip
