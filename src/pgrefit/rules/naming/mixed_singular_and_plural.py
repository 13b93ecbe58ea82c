"""Tables named in the plural among others in the singular, or the reverse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._names import singular, words

FEWEST = 4
USUAL = 0.6  # share of the tables
# Whose singular and plural look alike, or that have but one of them.
NEITHER = {
    "access", "analytics", "cache", "content", "data", "equipment", "feedback", "history", "info", "information",
    "inventory", "log", "media", "metadata", "metrics", "news", "permissions", "schema", "series", "settings",
    "species", "staff", "statistics", "stats", "status", "stock",
}  # fmt: skip


@rule(
    code="NAM007",
    title="Singular and plural names",
    why="Nobody remembers which of the tables are in the plural, so that everybody looks each of them up.",
    example="""
        CREATE TABLE customers (id int PRIMARY KEY); CREATE TABLE orders (id int PRIMARY KEY);
        CREATE TABLE invoices (id int PRIMARY KEY); CREATE TABLE payment (id int PRIMARY KEY);
    """,
    clean="""
        CREATE TABLE customer (id int PRIMARY KEY); CREATE TABLE address (id int PRIMARY KEY);
        CREATE TABLE bus (id int PRIMARY KEY); CREATE TABLE news (id int PRIMARY KEY);
    """,
    by_default=False,
)
def mixed_singular_and_plural(observation: Observation) -> Iterator[Finding]:
    """For each schema, the tables whose last word is not in the number that most others are in."""
    found: defaultdict[str, dict[bool, list[str]]] = defaultdict(lambda: {True: [], False: []})
    for table in stored_tables(observation):
        last = words(table.name.name)[-1:]
        if last and last[0] not in NEITHER and last[0].isalpha():
            found[table.name.schema][singular(last[0]) != last[0]].append(table.name.name)
    for schema, by_number in found.items():
        few, many = sorted(by_number.values(), key=len)
        if few and len(few) + len(many) >= FEWEST and len(many) >= USUAL * (len(few) + len(many)):
            number = "plural" if many is by_number[True] else "singular"
            yield Finding(
                object=dotted(schema, few[0]),
                message=f"is not in the {number}, as {len(many)} other tables of the schema are",
                severity=Severity.INFO,
                evidence=(catalog("the others", tuple(few)), catalog(f"tables in the {number}", len(many))),
                advice="rename them where the application can follow",
            )
