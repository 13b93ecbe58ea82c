"""A value that stands for no value."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import Row, known, named, row_of, scan
from pgrefit.rules.data._exact import shown
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._sentinels import ENDS, LAST_DAYS, Suspect, sentinel_suspects


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    for suspect in sentinel_suspects(observation):
        yield suspect.question()
        row = row_of(observation, suspect.question())
        found = suspect.found(row) if row else {}
        if found:
            yield suspect.exceptions(tuple(found))


@rule(
    code="DAT005",
    title="Value that stands for no value",
    why=(
        "Every sum, average, minimum and comparison takes it for a value, and counts of what is missing do not see it;"
        " NULL is what the database understands."
    ),
    asks=_asks,
    example="""
        CREATE TABLE patient (id int PRIMARY KEY, weight numeric, note text);
        INSERT INTO patient SELECT n, CASE WHEN n % 10 = 0 THEN -1 ELSE 50 + n % 40 END, 'n/a'
        FROM generate_series(1, 200) AS n;
        ANALYZE patient;
    """,
    clean="""
        CREATE TABLE patient (id int PRIMARY KEY, balance int, vote int, country text, severity text NOT NULL,
                              middle_name text NOT NULL DEFAULT '', born date);
        INSERT INTO patient
        SELECT n, n % 40 - 20, n % 3 - 1, (ARRAY['NA', 'DE', 'FR', 'IT', 'AT'])[n % 5 + 1],
               (ARRAY['none', 'low', 'high'])[n % 3 + 1], CASE WHEN n % 2 = 0 THEN '' ELSE 'M' || n END,
               date '1965-01-01' + (n % 100) * 100
        FROM generate_series(1, 200) AS n;
        INSERT INTO patient SELECT n, 0, 0, 'NA', 'low', '', '1970-01-01' FROM generate_series(201, 210) AS n;
        ANALYZE patient;
    """,
)
def sentinel_value(observation: Observation) -> Iterator[Finding]:
    """Placeholders that recur: 'N/A' and empty texts, -1 and 9999 beside what is far from them, days of no calendar."""
    for suspect in sentinel_suspects(observation):
        row = row_of(observation, suspect.question())
        found = suspect.found(row) if row else {}
        if row and found:
            yield _finding(observation, suspect, row, found)


def _finding(observation: Observation, suspect: Suspect, row: Row, found: dict[str, int]) -> Finding:
    rows = sum(found.values())
    said = tuple(f"{sentinel!r} ({hits})" for sentinel, hits in found.items())
    return Finding(
        object=named(suspect.table, suspect.column.name),
        message=f"{', '.join(said)} in place of no value",
        severity=Severity.INFO if _is_open_end(suspect, found) else Severity.WARNING,
        evidence=known((
            scan("rows", row.count("rows")), scan("null", row.count("rows") - row.count("filled")),
            scan("rows with a placeholder", rows), scan("placeholders", said),
            scan("lowest other value", row.text("lowest")), scan("highest other value", row.text("highest")),
            shown(observation, suspect.exceptions(tuple(found)), as_="with a placeholder, for example"),
        )),
        advice="make them NULL, let the column be empty where it is required, and refuse the placeholder by a check",
        cost=Cost(rows=rows),
    )  # fmt: skip


def _is_open_end(suspect: Suspect, found: dict[str, int]) -> bool:
    """An end of time where a period has none yet is a custom of many, if not the best one."""
    return found.keys() <= {*LAST_DAYS} and means(suspect.column, ENDS)
