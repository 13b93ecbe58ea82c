"""Text that is filled up with blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, plain_type, seen_values
from pgrefit.rules._languages import english

PADDED = re.compile(r"character\((\d+)\)")
# Codes that have one length: of countries, currencies and languages; ids (NanoID, ObjectId, CUID, ULID, KSUID, UUID);
# digests in hex and in base64.
FIXED = {1, 2, 3, 21, 22, 24, 25, 26, 27, 28, 32, 36, 40, 43, 44, 48, 56, 64, 86, 88, 96, 128}

# Names of what people write, short or long; and of what stands for it.
WORDS = {"address", "author", "brand", "category", "city", "comment", "company", "department", "description", "email",
         "label", "message", "model", "name", "note", "place", "remark", "street", "subject", "surname", "text",
         "title", "username"}  # fmt: skip
CODES = {"abbreviation", "checksum", "code", "crc", "digest", "hash", "id", "iso", "key", "token", "uuid"}


@rule(
    code="TYP010",
    title="Text padded with blanks",
    why=(
        "char(n) fills every shorter value up with blanks: they take room, count for LIKE and patterns but not for =,"
        " and vanish when the value is cast to text."
    ),
    example="CREATE TABLE article (id int PRIMARY KEY, label char(30) NOT NULL);",
    clean="""
        CREATE TABLE article (id int PRIMARY KEY, currency char(3), ulid char(26), code char(8), label varchar(30),
                              state "char");
        INSERT INTO article SELECT n, 'EUR', NULL, lpad(n::text, 8, '0'), 'x', 'a' FROM generate_series(1, 50) AS n;
        ANALYZE article;
    """,
)
def blank_padded_text(observation: Observation) -> Iterator[Finding]:
    """For each table, columns of type char(n) with values that are shorter; where none were seen, all but codes."""

    def padded(table: Table, column: Column) -> bool:
        length = _length(observation, column)
        blanks = _blanks(observation, table, column)
        return blanks > 0 if blanks is not None else length not in FIXED or _of_any_length(column.name)

    for table, columns in columns_of_type(observation, lambda type_: PADDED.fullmatch(type_) is not None, padded):
        wasted = sum(_wasted(observation, table, column) for column in columns)
        yield Finding(
            object=str(table.name),
            message=f"pads {', '.join(c.name for c in columns)} with blanks",
            severity=Severity.INFO,
            evidence=(*(_evidence(observation, table, column) for column in columns),
                      *((statistic("bytes of blanks", wasted),) if wasted else ())),
            advice="convert to text; where a length is a rule, add CHECK (length(column) = …)",
            cost=Cost(bytes=wasted) if wasted else None,
        )  # fmt: skip


def _of_any_length(name: str) -> bool:
    said = set(english(name))
    return bool(said & WORDS) and not said & CODES


def _length(observation: Observation, column: Column) -> int:
    """n of char(n)."""
    found = PADDED.fullmatch(plain_type(observation.snapshot, column.type))
    return int(found[1]) if found else 0


def _blanks(observation: Observation, table: Table, column: Column) -> float | None:
    """Blanks after a value, on average over those that ANALYZE kept; None where there are none."""
    values = seen_values(statistics_of(observation, table).column(column.name))
    return sum(len(value) - len(value.rstrip(" ")) for value in values) / len(values) if values else None


def _wasted(observation: Observation, table: Table, column: Column) -> int:
    seen = statistics_of(observation, table)
    statistics = seen.column(column.name)
    filled = max(seen.rows, 0) * (1 - statistics.null_fraction) if statistics else 0
    return int(filled * (_blanks(observation, table, column) or 0))


def _evidence(observation: Observation, table: Table, column: Column) -> Evidence:
    blanks = _blanks(observation, table, column)
    if blanks is None:
        return catalog(column.name, column.type)
    return statistic(f"blanks after {column.name}, {column.type}", round(blanks, 1))
