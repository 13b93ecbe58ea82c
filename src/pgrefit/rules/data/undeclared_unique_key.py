"""A key that is unique, and nothing keeps it so."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.add_unique import AddUnique
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column
from pgrefit.rules._ask import Row, catalog, named, scan
from pgrefit.rules.data import _key_pairs as pairs
from pgrefit.rules.data import _key_triples as triples
from pgrefit.rules.data._alike_keys import alike_keys
from pgrefit.rules.data._meanings import is_key_like, means
from pgrefit.rules.data._natural_keys import natural_keys
from pgrefit.rules.data._sample import samples

FEWEST_ROWS, FEWEST_NAMED = 100, 50  # where values alone tell; where the name promises it
WITH_KEY, WITH_MAIL = 0.5, 0.75  # share of the rows


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (key.question() for key in natural_keys(observation))
    yield from (key.question() for key in alike_keys(observation))
    yield from pairs.questions(observation)
    yield from triples.questions(observation)


@rule(
    code="DAT008",
    title="Unique key that is not declared",
    why=(
        "Only a unique index keeps two sessions from adding the same key at once; until then the first double request"
        " makes two rows, and lookups by the key read the whole table."
    ),
    asks=_asks,
    example="""
        CREATE TABLE article (id int PRIMARY KEY, sku text NOT NULL, title text);
        INSERT INTO article SELECT n, 'A-' || n, 'Article ' || n FROM generate_series(1, 150) AS n;
        ANALYZE article;
    """,
    clean="""
        CREATE TABLE article (id int PRIMARY KEY, sku text NOT NULL UNIQUE, ean text NOT NULL, slug text,
                              weight numeric, zip_code text, added_at timestamptz, billing_email text, shop_id int);
        CREATE UNIQUE INDEX ON article (lower(ean));
        CREATE UNIQUE INDEX ON article (shop_id, slug);
        INSERT INTO article
        SELECT n, 'A-' || n, 'E' || n, 's' || n, n * 1.37, 10000 + n, now() + n * interval '1 h', n || '@x.org', 1
        FROM generate_series(1, 150) AS n;
        ANALYZE article;
    """,
)
def undeclared_unique_key(observation: Observation) -> Iterator[Finding]:
    """Columns named like a key, or that hold codes, whose values differ in all rows, without a unique index.

    Also columns whose values differ within each row of a table that they refer to.
    """
    told = {named(k.table, k.column.name) for k in alike_keys(observation) if k.collisions(observation)}
    for key in natural_keys(observation):
        row, name = key.counts(observation), named(key.table, key.column.name)
        named_so = is_key_like(key.table, key.column) and not means(key.column, {"code"})  # which may be another's
        fewest = FEWEST_NAMED if named_so else FEWEST_ROWS
        unique = row is not None and row.count("filled") == row.count("different") >= fewest
        if row and unique and name not in told and _usual(row, key.column):
            yield Finding(
                object=name,
                message="has another value in each row, and no unique index keeps it so",
                severity=Severity.INFO,
                evidence=(
                    scan("rows", row.count("rows")), scan("different", row.count("different")),
                    scan("null", row.count("rows") - row.count("filled")),
                ),
                remedy=(AddUnique(table=key.table.name, columns=(key.column.name,)),),
            )  # fmt: skip
    yield from _within_another(observation)
    for triple in triples.key_triples(observation):
        row = triple.holds(observation)
        if row and row.count("all_0") == row.count("rows"):
            yield Finding(
                object=str(triple.table.name),
                message=f"has another {', '.join(triple.columns)} in each row, and no unique index keeps it so",
                severity=Severity.INFO,
                evidence=(
                    catalog("unique together", triple.columns), scan("rows", row.count("rows")),
                    *(scan(f"different {name}", row.count(f"{place}_0"))
                      for place, name in zip("xyz", triple.columns, strict=True)),
                ),
                remedy=(AddUnique(table=triple.table.name, columns=triple.columns),),
            )  # fmt: skip


def _usual(row: Row, column: Column) -> bool:
    """Whether most rows have a value: by what many do without no row is found, and nobody signs in."""
    return row.count("filled") >= (WITH_MAIL if means(column, {"email", "mail"}) else WITH_KEY) * row.count("rows")


def _within_another(observation: Observation) -> Iterator[Finding]:
    for pair in pairs.key_pairs(observation):
        row = pair.holds(observation)
        if row and row.count("pairs") == row.count("rows"):
            yield Finding(
                object=named(pair.table, pair.column),
                message=f"has another value in each row of one {pair.reference}, and no unique index keeps it so",
                severity=Severity.INFO,
                evidence=(
                    scan("within", pair.reference), scan("rows", row.count("rows")),
                    scan("different", row.count("different")), scan("different pairs", row.count("pairs")),
                ),
                remedy=(AddUnique(table=pair.table.name, columns=(pair.reference, pair.column)),),
            )  # fmt: skip
