"""A key of many columns that other tables have to repeat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, tables

Wide = tuple[Table, tuple[str, ...]]  # and the tables that repeat its key
WIDEST = 4  # columns
FEWEST_TOGETHER = 5  # tables of a schema, which are told in one finding
SHOWN = 5
ADVICE = "key it by one number (an identity), and keep the columns together by a unique constraint"


@rule(
    code="CON014",
    title="Wide key that others refer to",
    why=(
        "Each row that refers to it repeats all of its columns, each index on the reference has them once more, and"
        " when one of them changes, all of these rows do."
    ),
    example="""
        CREATE TABLE lesson (school int, year int, term int, course int, nr int, topic text,
                             PRIMARY KEY (school, year, term, course, nr));
        CREATE TABLE mark (school int, year int, term int, course int, nr int, pupil int, mark int,
                           PRIMARY KEY (school, year, term, course, nr, pupil),
                           FOREIGN KEY (school, year, term, course, nr) REFERENCES lesson);
    """,
    clean="""
        CREATE TABLE measure (a int, b int, c int, d int, e int, value int, PRIMARY KEY (a, b, c, d, e));
        CREATE TABLE part (a int, b int, c int, d int, PRIMARY KEY (a, b, c, d));
        CREATE TABLE use (id int PRIMARY KEY, a int, b int, c int, d int, FOREIGN KEY (a, b, c, d) REFERENCES part);
    """,
)
def wide_referenced_key(observation: Observation) -> Iterator[Finding]:
    """Primary keys of more than four columns that foreign keys of other tables refer to; of many, one a schema."""
    by_schema: defaultdict[str, list[Wide]] = defaultdict(list)
    for table in tables(observation):
        children = tuple(_children(observation, table)) if len(table.primary_key) > WIDEST else ()
        if children:
            by_schema[table.name.schema].append((table, children))
    for schema, found in by_schema.items():
        if len(found) >= FEWEST_TOGETHER:
            yield _of_schema(schema, found)
        else:
            yield from (_of_table(table, children) for table, children in found)


def _of_table(table: Table, children: tuple[str, ...]) -> Finding:
    return Finding(
        object=str(table.name),
        message=f"has a key of {len(table.primary_key)} columns, repeated by {len(children)} other"
        + (" table" if len(children) == 1 else " tables"),
        severity=Severity.INFO,
        evidence=(catalog("key", table.primary_key), catalog("repeated in", children)),
        advice=ADVICE,
    )


def _of_schema(schema: str, found: list[Wide]) -> Finding:
    widest = sorted(found, key=lambda wide: (-len(wide[0].primary_key) * len(wide[1]), wide[0].name))
    return Finding(
        object=dotted(schema),
        message=f"{len(found)} tables have a key of more than {WIDEST} columns, which others repeat",
        severity=Severity.INFO,
        evidence=(
            catalog("tables", len(found)),
            catalog("for example", tuple(table.name.name for table, _ in widest[:SHOWN])),
            catalog("repeated in", len({child for _, children in found for child in children})),
        ),
        advice=f"where this is not by design: {ADVICE}",
    )


def _children(observation: Observation, table: Table) -> Iterator[str]:
    names = (
        child.name
        for child, key in observation.snapshot.references_to(table.name)
        if child.name != table.name and not key.inherited and set(key.parent_columns) == set(table.primary_key)
    )
    return (str(name) for name in dict.fromkeys(names))
