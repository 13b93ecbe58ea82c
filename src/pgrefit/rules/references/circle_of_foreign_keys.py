"""Tables that refer to each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import catalog, tables

Keys = dict[Relation, list[Constraint]]  # by their table


@rule(
    code="REF040",
    title="Circle of foreign keys",
    why=(
        "There is no order in which such tables can be filled, restored or emptied row by row: something must be left"
        " empty at first and filled in later."
    ),
    example="""
        CREATE TABLE region (id int PRIMARY KEY, capital_id int);
        CREATE TABLE city (id int PRIMARY KEY, region_id int NOT NULL REFERENCES region);
        ALTER TABLE region ADD FOREIGN KEY (capital_id) REFERENCES city;
    """,
    clean="""
        CREATE TABLE region (id int PRIMARY KEY, capital_id int);
        CREATE TABLE city (id int PRIMARY KEY, region_id int NOT NULL REFERENCES region, twin_id int REFERENCES city);
        ALTER TABLE region ADD FOREIGN KEY (capital_id) REFERENCES city DEFERRABLE;
        CREATE TABLE street (id int PRIMARY KEY, city_id int REFERENCES city, region_id int REFERENCES region);
    """,
    by_default=False,
)
def circle_of_foreign_keys(observation: Observation) -> Iterator[Finding]:
    """Groups of two tables and more, each of which is reached from all others by keys that are not deferrable."""
    keys = {table.name: _binding(table) for table in tables(observation)}
    for circle in _circles(keys):
        links = [(name, key) for name in circle for key in keys[name] if key.parent in circle]
        yield Finding(
            object=str(circle[0]),
            message=f"refers in a circle to {', '.join(map(str, circle[1:]))}",
            severity=Severity.INFO,
            evidence=tuple(catalog(f"{name}.{key.name}", str(key.definition)) for name, key in links),
            advice="make one of the keys DEFERRABLE, or a table of its own of the reference that leads back",
        )


def _binding(table: Table) -> list[Constraint]:
    return [key for key in table.foreign_keys if key.enforced and not key.deferrable and key.parent != table.name]


def _circles(keys: Keys) -> list[list[Relation]]:
    """Tables that reach each other, each group in the order of names; linear in the number of keys."""
    back: dict[Relation, list[Relation]] = {name: [] for name in keys}
    for name, own in keys.items():
        for key in own:
            if key.parent in back:
                back[key.parent].append(name)
    forth = {name: [key.parent for key in own if key.parent in back] for name, own in keys.items()}
    found: list[list[Relation]] = []
    seen: set[Relation] = set()
    for name in reversed(_finished(forth)):
        group = _reached(name, back, seen)
        if len(group) > 1:
            found.append(sorted(group))
    return sorted(found)


def _finished(forth: dict[Relation, list[Relation]]) -> list[Relation]:
    """Tables in the order in which a walk in depth leaves them."""
    order: list[Relation] = []
    seen: set[Relation] = set()
    for start, first in forth.items():
        left = [] if start in seen else [(start, iter(first))]
        seen.add(start)
        while left:
            following = next((name for name in left[-1][1] if name not in seen), None)
            if following is None:
                order.append(left.pop()[0])
            else:
                seen.add(following)
                left.append((following, iter(forth[following])))
    return order


def _reached(start: Relation, back: dict[Relation, list[Relation]], seen: set[Relation]) -> list[Relation]:
    """What leads to a table, without what was seen before."""
    group: list[Relation] = []
    left = [] if start in seen else [start]
    seen.add(start)
    while left:
        name = left.pop()
        group.append(name)
        for other in back[name]:
            if other not in seen:
                seen.add(other)
                left.append(other)
    return group
