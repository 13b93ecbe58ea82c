"""One table for each year, month or tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._names import words
from pgrefit.rules.redundancy.numbered_columns import MONTH_NUMBERS

FEWEST = 3
SHOWN = 12
NEARLY = 0.75  # of the columns of two of them: one was added in some year
MOST_FORMS = 5
Form = tuple[str, tuple[str, ...]]  # schema, name without what counts


@rule(
    code="RED013",
    title="A table for each period",
    why=(
        "Part of the data is in the names of tables: a question about two of them needs a UNION, the next one needs a"
        " migration, and no key holds across them."
    ),
    example="""
        CREATE TABLE sale_2023 (id int PRIMARY KEY, sold_on date NOT NULL, amount numeric);
        CREATE TABLE sale_2024 (id int PRIMARY KEY, sold_on date NOT NULL, amount numeric);
        CREATE TABLE sale_2025 (id int PRIMARY KEY, sold_on date NOT NULL, amount numeric);
    """,
    clean="""
        CREATE TABLE sale (id int, sold_on date NOT NULL, amount numeric) PARTITION BY RANGE (sold_on);
        CREATE TABLE sale_2023 PARTITION OF sale FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
        CREATE TABLE sale_2024 PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE sale_2025 PARTITION OF sale FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE form_8 (id int PRIMARY KEY, a text);
        CREATE TABLE form_9 (id int PRIMARY KEY, b text);
        CREATE TABLE form_10 (id int PRIMARY KEY, c text);
        CREATE TABLE march (id int PRIMARY KEY);
        CREATE TABLE may (id int PRIMARY KEY);
        CREATE TABLE june (id int PRIMARY KEY);
    """,
)
def table_per_period(observation: Observation) -> Iterator[Finding]:
    """Three tables or more with the same columns, but for a few, whose names differ in numbers or months alone."""
    found: defaultdict[Form, list[list[Table]]] = defaultdict(list)
    for table in stored_tables(observation):
        name = _without_period(table.name.name)
        if name and table.kind == "table" and not table.inherits:
            _add(found[table.name.schema, name], table)
    for groups in found.values():
        yield from (_finding(alike) for alike in groups if len(alike) >= FEWEST)


def _add(groups: list[list[Table]], table: Table) -> None:
    """To the tables that have nearly the same columns."""
    mine = _columns(table)
    for group in groups[:MOST_FORMS]:
        others = _columns(group[0])
        if len(mine & others) >= NEARLY * len(mine | others):
            group.append(table)
            return
    groups.append([table])


def _columns(table: Table) -> frozenset[tuple[str, str]]:
    return frozenset((column.name, column.type) for column in table.columns)


def _without_period(name: str) -> tuple[str, ...]:
    """The words of a name without what counts; () where there is nothing that counts, or nothing else."""
    said = words(name)
    rest = tuple("#" if word.isdecimal() or word in MONTH_NUMBERS else word for word in said)
    return rest if rest != said and set(rest) != {"#"} else ()


def _finding(alike: list[Table]) -> Finding:
    return Finding(
        object=str(alike[0].name),
        message=f"is one of {len(alike)} tables with nearly the same columns, told apart by a number in their name",
        severity=Severity.INFO,
        evidence=(
            catalog("tables", tuple(table.name.name for table in alike[:SHOWN])),
            catalog("columns of each", len(alike[0].columns)),
        ),
        advice="make one table of them, with what the name says in a column, partitioned by it where it is large",
    )
