"""A fact about one column's value, repeated in every row that has the value."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import known, named, rows_of, scan
from pgrefit.rules.data import _pair_dependencies as of_pairs
from pgrefit.rules.data._dependencies import Dependency, dependencies, questions
from pgrefit.rules.data._sample import samples

LEAST_BYTES = 1000
MOST_PER_TABLE, MOST_OFF = 2, 4  # where none of the rows disagrees; where some do


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from questions(observation)
    yield from of_pairs.questions(observation)
    for _, found in _ranked(observation):
        yield from (d.exceptions() for group in found for d in group if d.off(observation))


def _ranked(observation: Observation) -> Iterator[tuple[Table, list[list[Dependency]]]]:
    """Of each table the dependencies that hold, those on one column together, the largest first."""
    together = {table.name: found for table, found in of_pairs.dependencies(observation)}
    for table, found in dependencies(observation):
        by_column: dict[str, list[Dependency]] = {}
        pairs = together.get(table.name, ())
        turned = {(pair.column, name) for pair in pairs for name in (pair.of, pair.also)}
        for dependency in (*pairs, *(d for d in found if (d.of, d.column) not in turned)):
            by_column.setdefault(dependency.told_by, []).append(dependency)
        ranked = sorted(by_column.values(), key=lambda group: -_bytes(observation, group))
        worth = [group for group in ranked if _bytes(observation, group) >= LEAST_BYTES]
        off = [group for group in worth if any(d.off(observation) for d in group)]
        kept = [*off[:MOST_OFF], *(group for group in worth if group not in off)]
        if worth:
            yield table, kept[: max(MOST_PER_TABLE, min(len(off), MOST_OFF))]


def _bytes(observation: Observation, group: list[Dependency]) -> int:
    return sum(dependency.bytes(observation) for dependency in group)


@rule(
    code="DAT015",
    title="Fact repeated in every row",
    why=(
        "What depends on another column alone is stored once for each row instead of once: it takes room, and a change"
        " that misses a row leaves two answers to one question."
    ),
    asks=_asks,
    example="""
        CREATE TABLE visit (id int PRIMARY KEY, clinic_code text NOT NULL, clinic_name text NOT NULL, fee int NOT NULL);
        INSERT INTO visit SELECT n, 'c' || n % 12, 'Clinic of ' || md5((n % 12)::text), (n * 7919) % 31
        FROM generate_series(1, 400) AS n;
        UPDATE visit SET clinic_name = 'Clinic of the past' WHERE id = 25;
        ANALYZE visit;
    """,
    clean="""
        CREATE TABLE clinic (code text PRIMARY KEY);
        INSERT INTO clinic SELECT 'c' || n FROM generate_series(0, 11) AS n;
        CREATE TABLE visit (id int PRIMARY KEY, clinic_code text NOT NULL REFERENCES clinic, fee int NOT NULL,
                            badge text NOT NULL, badge_color text NOT NULL, paid boolean, kind text);
        INSERT INTO visit SELECT n, 'c' || n % 12, (n * 7919) % 31, 'badge ' || n, 'color ' || n % 30, n % 3 = 0,
                                 CASE WHEN n % 50 = 0 THEN 'b' ELSE 'a' END
        FROM generate_series(1, 400) AS n;
        ANALYZE visit;
    """,
)
def repeated_fact(observation: Observation) -> Iterator[Finding]:
    """Columns that another column, which is no key, determines in nearly all rows."""
    for table, found in _ranked(observation):
        for group in found:
            yield _finding(observation, table, group)


def _finding(observation: Observation, table: Table, group: list[Dependency]) -> Finding:
    (first, *more) = group
    names, off = ", ".join(d.column for d in group), sum(d.off(observation) for d in group)
    return Finding(
        object=str(table.name) if more else named(table, first.column),
        message=(f"{first.told_by} together tell {names}" if first.also else f"{first.of} alone tells {names}")
        + (", but in a few rows otherwise" if off else ""),
        severity=Severity.WARNING if off else Severity.INFO,
        evidence=known(_evidence(observation, group)),
        advice=f"make a table of {first.told_by} with {names}, one row for each value, and refer to it",
        cost=Cost(rows=off, bytes=_bytes(observation, group)),
    )


def _evidence(observation: Observation, group: list[Dependency]) -> Iterator[Evidence]:
    for dependency in group:
        counts = dependency.counts(observation)
        if counts:
            yield scan(f"values of {dependency.told_by}", counts.count("groups"))
            yield scan(f"of these, with more than one {dependency.column}", counts.count("split"))
            yield scan(f"rows with another {dependency.column} than most", counts.count("off"))
            yield scan(f"bytes of {dependency.column} that repeat", dependency.bytes(observation))
            examples = rows_of(observation, dependency.exceptions()) or ()
            yield scan("for example", tuple(row.text("value") for row in examples))
