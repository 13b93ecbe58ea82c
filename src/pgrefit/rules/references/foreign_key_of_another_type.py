"""A foreign key between columns of different types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes._types import WIDER
from pgrefit.changes.retype_key import RetypeKey
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._ask import catalog, named, tables
from pgrefit.rules.references._types import Difference, base_type, difference


@dataclass(frozen=True, slots=True)
class Pair:
    """A column of a foreign key, and the one that it refers to."""

    table: Table
    column: str
    type: str
    parent: Relation
    parent_column: str
    parent_type: str
    difference: Difference


@rule(
    code="REF012",
    title="Foreign key of another type than its key",
    why=(
        "A smaller type cannot refer to all parents: the day comes on which a row with a large key gets no children."
        " Between types that differ in kind each comparison is a cast, and joins on the two find no index to their"
        " liking."
    ),
    example="""
        CREATE TABLE device (id bigint PRIMARY KEY);
        CREATE TABLE reading (id bigint PRIMARY KEY, device_id int REFERENCES device);
    """,
    clean="""
        CREATE DOMAIN device_key AS bigint CHECK (VALUE > 0);
        CREATE TABLE device (id device_key PRIMARY KEY, code varchar(20) UNIQUE, name text UNIQUE);
        CREATE TABLE reading (id bigint PRIMARY KEY, device_id bigint REFERENCES device,
                              code varchar(40) REFERENCES device (code), other text REFERENCES device (code),
                              name varchar(80) REFERENCES device (name));
    """,
)
def foreign_key_of_another_type(observation: Observation) -> Iterator[Finding]:
    """Columns of foreign keys that are smaller than what they refer to, or of another kind; larger ones by the key."""
    larger: defaultdict[tuple[Relation, str], list[Pair]] = defaultdict(list)
    for table in tables(observation):
        for pair in {pair.column: pair for pair in _pairs(observation.snapshot, table)}.values():
            if pair.difference == "wider":
                larger[pair.parent, pair.parent_column].append(pair)
            else:
                yield _unfit(observation, pair)
    yield from map(_larger, larger.values())


def _pairs(db: Snapshot, table: Table) -> Iterator[Pair]:
    for key in table.foreign_keys:
        parent = db.find_table(key.parent) if key.parent and not key.inherited else None
        for mine, theirs in zip(key.columns, key.parent_columns, strict=True) if parent else ():
            assert parent is not None
            one, other = table.column(mine).type, parent.column(theirs).type
            differs = difference(base_type(db, one), base_type(db, other)) if one != other else ""
            if differs:
                yield Pair(table, mine, one, parent.name, theirs, other, differs)


def _unfit(observation: Observation, pair: Pair) -> Finding:
    key = pair.parent.column(pair.parent_column)
    smaller = pair.difference == "narrower"
    retype = RetypeKey(table=pair.parent, columns=(pair.parent_column,), to_type=pair.parent_type)
    whole = (pair.type, pair.parent_type) in WIDER and not any(retype.obstacles(observation.snapshot))
    return Finding(
        object=named(pair.table, pair.column),
        message=f"is {pair.type}, but refers to {key}, which is {pair.parent_type}"
        + (" and can hold more" if smaller else ""),
        severity=Severity.WARNING,
        evidence=(catalog("type", pair.type), catalog("type of the key", pair.parent_type)),
        remedy=(retype,) if whole else (),
        advice="" if whole else f"convert it to {pair.parent_type}",
    )


def _larger(pairs: list[Pair]) -> Finding:
    """Nothing fails: the key is what comes to its end, and is to be converted one day."""
    first, *others = pairs
    child, key = named(first.table, first.column), first.parent.column(first.parent_column)
    says = f"is {first.type}, but refers to {key}, which is {first.parent_type}"
    return Finding(
        object=key if others else child,
        message=f"is {first.parent_type}, but {len(pairs)} columns that refer to it are larger" if others else says,
        severity=Severity.INFO,
        evidence=(
            catalog("type of the key", first.parent_type),
            *(catalog(named(pair.table, pair.column), pair.type) for pair in pairs),
        ),
        advice="convert the key to the larger type before it comes near its end",
    )
