"""Two lists of the values of one thing that have come apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from pgrefit.changes._types import named_type
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Constraint, Snapshot, Table
from pgrefit.model.sql_tree import value_list
from pgrefit.rules._ask import catalog, known, named
from pgrefit.rules._columns import domain_of, own_columns
from pgrefit.rules._names import stems

FEWEST = 3  # values that both have
MOST_LISTS = 30  # of one name that are compared with each other
OF_THE_SHORTER = 0.7  # share of its values that both have
OF_ALL = 0.5
NEARLY = 0.85  # of all values that both have: one was forgotten
ALIKE = 0.75  # of the letters of two values


@dataclass(frozen=True, slots=True)
class Listed:
    """A column whose values are listed: in its type, its domain or a check."""

    table: Table
    column: Column
    how: str
    values: tuple[str, ...]

    @property
    def folded(self) -> frozenset[str]:
        """The values, but for the case."""
        return frozenset(value.casefold().strip() for value in self.values)


@rule(
    code="CON004",
    title="Lists of values that differ",
    why="A value that one table takes the other refuses, or knows by another word: rows cannot be compared or moved,"
    " and whoever counts by it misses some.",
    example="""
        CREATE TYPE stage AS ENUM ('new', 'in_work', 'approved', 'canceled');
        CREATE TABLE request (id int PRIMARY KEY, status stage NOT NULL);
        CREATE TABLE sample (id int PRIMARY KEY, status text NOT NULL
                             CHECK (status IN ('new', 'in_work', 'approved', 'cancelled', 'lost')));
    """,
    clean="""
        CREATE TYPE stage AS ENUM ('new', 'in_work', 'approved', 'canceled');
        CREATE TABLE request (id int PRIMARY KEY, status stage NOT NULL);
        CREATE TABLE request_log (id int PRIMARY KEY, status stage NOT NULL);
        CREATE TABLE payment (id int PRIMARY KEY, status text NOT NULL CHECK (status IN ('new', 'paid', 'refused')));
        CREATE TABLE bill (id int PRIMARY KEY, status text CHECK (status IN ('new', 'paid', 'sent', 'reminded')));
    """,
)
def differing_value_lists(observation: Observation) -> Iterator[Finding]:
    """Columns of one name and schema, with lists of which most values are in both.

    Where they are of one kind, two checks for instance, a value of each must be spelled alike, or nearly all be shared.
    """
    for alike in _named_alike(observation.snapshot).values():
        for one, other in combinations(alike, 2) if len(alike) <= MOST_LISTS else ():
            if _is_one_list(one, other):
                yield _finding(*sorted((one, other), key=lambda each: (each.how == "enum", str(each.table.name))))


@remembered
def _named_alike(db: Snapshot) -> dict[tuple[str, ...], list[Listed]]:
    """By schema and name, a column of each list; names with one list left out."""
    found: defaultdict[tuple[str, ...], dict[tuple[str, frozenset[str]], Listed]] = defaultdict(dict)
    enums = {t.name: t.values for t in db.types if t.kind == "enum" and not t.extension}
    for table, columns in own_columns(Observation(snapshot=db)):
        listing = _listing(table)
        for column in columns if listing or enums else ():
            listed = _listed(db, table, column, enums, listing)
            if listed and len(listed.values) >= FEWEST:
                found[table.name.schema, *stems(column.name)].setdefault((listed.how, listed.folded), listed)
    return {name: list(lists.values()) for name, lists in found.items() if len(lists) > 1}


def _listing(table: Table) -> dict[str, Constraint]:
    """Checks that may list values, by their only column."""
    checks = (c for c in table.checks if len(c.columns) == 1 and c.expression and "ARRAY[" in c.expression)
    return {check.columns[0]: check for check in checks}


def _listed(
    db: Snapshot, table: Table, column: Column, enums: dict[Relation, tuple[str, ...]], listing: dict[str, Constraint]
) -> Listed | None:
    enum = named_type(column.type) if "." in column.type else None
    if enum in enums:
        return Listed(table, column, "enum", enums[enum])
    check, domain = listing.get(column.name), domain_of(db, column.type)
    own = next((c for c in domain.checks if c.expression and "ARRAY[" in c.expression), None) if domain else None
    expression = check.expression if check else own.expression if own else None
    found = value_list(expression) if expression else None
    if found is None or all(value.isdecimal() for value in found[1]):
        return None
    return Listed(table, column, "check" if check else "domain", found[1])


def _is_one_list(one: Listed, other: Listed) -> bool:
    mine, theirs = one.folded, other.folded
    shared = len(mine & theirs)
    if shared < FEWEST or shared < OF_THE_SHORTER * min(len(mine), len(theirs)) or shared < OF_ALL * len(mine | theirs):
        return False
    if mine == theirs:
        return one.how != other.how or {*one.values} != {*other.values}
    ways = one.how != other.how and shared > FEWEST and mine - theirs and theirs - mine
    nearly = shared >= NEARLY * len(mine | theirs)
    return bool(ways) or nearly or any(_alike(a, b) for a in mine - theirs for b in theirs - mine)


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def _finding(one: Listed, other: Listed) -> Finding:
    only = tuple(value for value in one.values if value not in other.values)
    there = tuple(value for value in other.values if value not in one.values)
    where = f"{named(other.table, other.column.name)} ({other.how})"
    says = f"takes other values than {where}" if only or there else f"lists the values of {where} once more"
    return Finding(
        object=named(one.table, one.column.name),
        message=f"{says}: {_but(only, there)}" if only or there else f"{says}, in a {one.how}",
        severity=Severity.INFO,
        evidence=known((
            catalog(f"in a {one.how}", one.values), catalog(f"there, in a {other.how}", other.values),
            catalog("only here", only), catalog("only there", there),
        )),
        advice="where both mean the same, keep the list once: in a type or domain, or in a table that both refer to",
    )  # fmt: skip


def _but(only: tuple[str, ...], there: tuple[str, ...]) -> str:
    return "; ".join(
        [*([f"{', '.join(only)} here alone"] if only else []), *([f"{', '.join(there)} there alone"] if there else [])]
    )
