"""Long values that are stored as they are, though they would shrink."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, catalog, is_empty, named, row_of, sample_of, scan, statistics_of
from pgrefit.rules._columns import columns_of_type

TEXTS = {*TEXT_TYPES, "json", "jsonb", "xml"}
SAMPLE = 20  # rows
FIRST = 1000  # bytes of a value that are looked at
FEW_KINDS = 140  # different bytes among them: of what is compressed or encrypted there are some 250


def _asks(observation: Observation) -> Iterator[Question]:
    for table, columns in _candidates(observation):
        if not is_empty(observation, table):
            yield from (_question(observation, table, column) for column in columns if column.type == "bytea")


def _candidates(observation: Observation) -> Iterator[tuple[Table, list[Column]]]:
    def as_it_is(_: Table, column: Column) -> bool:
        return column.storage == "external" and not column.type.endswith("[]")

    return columns_of_type(observation, lambda type_: type_.partition("(")[0] in TEXTS | {"bytea"}, as_it_is)


def _question(observation: Observation, table: Table, column: Column) -> Question:
    """Long values, and how many different bytes the beginning of each has on average."""
    select = ddl(
        "SELECT count(*) AS long, COALESCE(round(avg(v.kinds)), 256)::int AS kinds FROM (SELECT (SELECT"
        " count(DISTINCT get_byte(s.head, i.i)) FROM generate_series(0, {first} - 1) AS i (i)) AS kinds FROM"
        " (SELECT substring(t.{c} FROM 1 FOR {first}) AS head FROM {sample} AS t) AS s"
        " WHERE octet_length(s.head) = {first} LIMIT {limit}) AS v",
        c=column.name, first=FIRST, sample=raw(sample_of(observation, table, SAMPLE)), limit=SAMPLE,
    )  # fmt: skip
    return Question(table.name, select)


@rule(
    code="TYP043",
    title="Long value that is not compressed",
    why="STORAGE EXTERNAL keeps long values as they are: on disk, in the cache and in backups they take more room.",
    asks=_asks,
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, body bytea);
        ALTER TABLE letter ALTER body SET STORAGE EXTERNAL;
        INSERT INTO letter SELECT n, convert_to(repeat('Dear ' || n, 1000), 'UTF8') FROM generate_series(1, 50) AS n;
        ANALYZE letter;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, body text, photo bytea);
        ALTER TABLE letter ALTER photo SET STORAGE EXTERNAL;
        INSERT INTO letter SELECT n, repeat('Dear ' || n, 1000),
            (SELECT string_agg(sha256((n::text || i)::bytea), ''::bytea) FROM generate_series(1, 80) AS i)
        FROM generate_series(1, 50) AS n;
        ANALYZE letter;
    """,
    by_default=False,
)
def uncompressed_value(observation: Observation) -> Iterator[Finding]:
    """Texts and documents with such storage in tables that have long values; bytes, where a sample is of few kinds."""
    for table, columns in _candidates(observation):
        size = statistics_of(observation, table).toast_bytes
        for column in columns:
            if column.type == "bytea":
                row = row_of(observation, _question(observation, table, column))
                if row and row.count("long") and row.count("kinds") <= FEW_KINDS:
                    yield _finding(table, column, size, row.count("kinds"))
            elif size or is_empty(observation, table):
                yield _finding(table, column, size, None)


def _finding(table: Table, column: Column, size: int, kinds: int | None) -> Finding:
    measured = () if kinds is None else (scan(f"different bytes in the first {FIRST} of a value", kinds),)
    return Finding(
        object=named(table, column.name),
        message="is stored without compression, and would shrink",
        severity=Severity.INFO,
        evidence=(catalog("storage", column.storage), *measured),
        advice="SET STORAGE EXTENDED, unless parts of it are read by substring; what is there is compressed when it is"
        " next written",
        cost=Cost(bytes=size) if size else None,
    )
