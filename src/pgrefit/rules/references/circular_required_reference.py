"""Required references in a circle: no first row can be inserted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.changes.change_foreign_key_actions import ChangeForeignKeyActions
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import catalog, tables

Needs = dict[Relation, list[Constraint]]  # foreign keys by their table
Circle = list[tuple[Relation, Constraint]]


@rule(
    code="REF015",
    title="Required references in a circle",
    why=(
        "Each row needs one of the other table to be there before it: one INSERT after the other never gets in, nor"
        " does a restore of the data alone, nor can the last two rows be deleted."
    ),
    example="""
        CREATE TABLE team (id int PRIMARY KEY, captain_id int NOT NULL);
        CREATE TABLE player (id int PRIMARY KEY, team_id int NOT NULL REFERENCES team);
        ALTER TABLE team ADD CONSTRAINT team_captain FOREIGN KEY (captain_id) REFERENCES player;
        CREATE TABLE trophy (id int PRIMARY KEY, team_id int NOT NULL REFERENCES team);
    """,
    clean="""
        CREATE TABLE team (id int PRIMARY KEY, captain_id int NOT NULL);
        CREATE TABLE player (id int PRIMARY KEY, team_id int NOT NULL REFERENCES team);
        ALTER TABLE team ADD FOREIGN KEY (captain_id) REFERENCES player DEFERRABLE;
        CREATE TABLE region (id int PRIMARY KEY, capital_id int);
        CREATE TABLE city (id int PRIMARY KEY, region_id int NOT NULL REFERENCES region,
                           twin_id int NOT NULL REFERENCES city);
        ALTER TABLE region ADD FOREIGN KEY (capital_id) REFERENCES city;
    """,
)
def circular_required_reference(observation: Observation) -> Iterator[Finding]:
    """Circles of foreign keys that are NOT NULL and not deferrable, over two tables and more."""
    needs = _stuck({table.name: _needed(table) for table in tables(observation)})
    while needs:
        circle = _circle(needs)
        yield _finding(circle)
        table, key = circle[0]
        needs = _stuck({**needs, table: [other for other in needs[table] if other != key]})


def _needed(table: Table) -> list[Constraint]:
    """Those whose parent row must be there before the row is."""
    required = {column.name for column in table.columns if column.not_null}
    return [
        key
        for key in table.foreign_keys
        if key.enforced and not key.deferrable and key.parent != table.name and set(key.columns) <= required
    ]


def _stuck(needs: Needs) -> Needs:
    """Tables that can never be filled, for they need, near or far, a circle; only their keys to such tables."""
    children: defaultdict[Relation, set[Relation]] = defaultdict(set)
    waits: dict[Relation, set[Relation]] = {}
    for table, keys in needs.items():
        waits[table] = {key.parent for key in keys if key.parent in needs}
        for parent in waits[table]:
            children[parent].add(table)
    free = [table for table, parents in waits.items() if not parents]
    while free:
        filled = free.pop()
        del waits[filled]
        for child in children[filled]:
            waits[child].discard(filled)
            if not waits[child]:
                free.append(child)
    return {table: [key for key in needs[table] if key.parent in waits] for table in waits}


def _circle(needs: Needs) -> Circle:
    """One circle; it begins at the first of its tables by name."""
    path: Circle = []
    places: dict[Relation, int] = {}
    table = min(needs)
    while table not in places:
        places[table] = len(path)
        key = min(needs[table], key=lambda key: key.name)
        assert key.parent is not None
        path.append((table, key))
        table = key.parent
    circle = path[places[table] :]
    first = min(range(len(circle)), key=lambda i: circle[i][0])
    return circle[first:] + circle[:first]


def _finding(circle: Circle) -> Finding:
    table, key = circle[0]
    way = " → ".join(str(name) for name, _ in [*circle, circle[0]])
    return Finding(
        object=f"{table}.{key.name}",
        message=f"is part of a circle of required references, {way}: no row can be the first",
        severity=Severity.WARNING,
        evidence=tuple(catalog(f"{name}.{link.name}", str(link.definition)) for name, link in circle),
        remedy=(ChangeForeignKeyActions(table=table, name=key.name, checked="deferrable"),),
    )
