"""A key of many columns that other tables have to repeat."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, tables

WIDEST = 4  # columns


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
    """Primary keys of more than four columns that foreign keys of other tables refer to."""
    for table in tables(observation):
        if len(table.primary_key) > WIDEST:
            children = tuple(_children(observation, table))
            if children:
                yield Finding(
                    object=str(table.name),
                    message=f"has a key of {len(table.primary_key)} columns, repeated by {len(children)} other"
                    + (" table" if len(children) == 1 else " tables"),
                    severity=Severity.INFO,
                    evidence=(catalog("key", table.primary_key), catalog("repeated in", children)),
                    advice="key it by one number (an identity), and keep the columns together by a unique constraint",
                )


def _children(observation: Observation, table: Table) -> Iterator[str]:
    names = (
        child.name
        for child, key in observation.snapshot.references_to(table.name)
        if child.name != table.name and not key.inherited and set(key.parent_columns) == set(table.primary_key)
    )
    return (str(name) for name in dict.fromkeys(names))
