"""Indexes of one table that have the same keys, and which of them can go."""

from __future__ import annotations

from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Index, IndexKey, Snapshot, Table
from pgrefit.rules._indexes import prefix_of
from pgrefit.rules.indexes._drops import indexed
from pgrefit.rules.indexes._terms import terms

Doubles = list[tuple[Index, Index]]


def doubles(db: Snapshot, table: Table) -> Doubles:
    """Indexes that can go, each with the one that does the same and stays."""
    return _all(db).get(table.name, [])


@remembered
def _all(db: Snapshot) -> dict[Relation, Doubles]:
    return {table.name: _of(db, table) for table in indexed(db) if len(table.indexes) > 1}


def _of(db: Snapshot, table: Table) -> Doubles:
    kept: list[Index] = []
    found: Doubles = []
    rested_on = _rested_on(db, table)
    for index in sorted(table.indexes, key=lambda each: _worth(each, rested_on), reverse=True):
        twin = next((other for other in kept if _same(table, index, other)), None)
        if twin is None:
            kept.append(index)
        elif index.partition_of is None:
            found.append((index, twin))
    return found


def _rested_on(db: Snapshot, table: Table) -> set[Relation]:
    """Indexes that foreign keys refer to."""
    return {key.index for _, key in db.references_to(table.name) if key.index}


def _worth(index: Index, rested_on: set[Relation]) -> tuple[bool, bool, bool, bool, bool, bool, int, str]:
    """Greater is kept; the part of a partitioned index goes with the whole alone."""
    held = index.constraint is not None or index.replica_identity
    of_whole = index.partition_of is not None
    needed = (index.primary, index.name in rested_on, held, index.unique, of_whole, index.clustered)
    return (*needed, len(index.include), index.name.name)


def _same(table: Table, index: Index, other: Index) -> bool:
    if len(index.keys) != len(other.keys) or index.method != other.method or not (index.valid and other.valid):
        return False
    same_keys = prefix_of(index, other) or mirrored(index, other)
    reach = set(index.include) <= {*other.columns, *other.include}
    return same_keys and reach and _same_rows(index, other) and _guards_as_well(table, index, other)


def _same_rows(index: Index, other: Index) -> bool:
    """Whether both are over the same rows, in whatever order and form their conditions are written."""
    if index.predicate == other.predicate or index.predicate is None or other.predicate is None:
        return index.predicate == other.predicate
    return index.columns == other.columns and terms(index.predicate) == terms(other.predicate)


def mirrored(index: Index, other: Index) -> bool:
    """Whether one is the other walked backwards, as a B-tree can be: each key in the other direction."""
    keys = zip(index.keys, other.keys, strict=False)
    return index.method == other.method == "btree" and all(_turned(mine, theirs) for mine, theirs in keys)


def _turned(one: IndexKey, other: IndexKey) -> bool:
    alike = one.expression == other.expression and one.opclass == other.opclass and one.collation == other.collation
    return alike and one.descending != other.descending and one.nulls_first != other.nulls_first


def _guards_as_well(table: Table, index: Index, other: Index) -> bool:
    """Whether the other refuses whatever the index refuses, and no later."""
    mine, theirs = _constraint(table, index), _constraint(table, other)
    if mine is not None and mine.kind == "exclusion":
        return theirs is not None and mine.definition == theirs.definition
    at_once = theirs is None or not theirs.deferrable or (mine is not None and mine.deferrable)
    return not index.unique or (other.unique and at_once and _counts_nulls_as_well(table, index, other))


def _counts_nulls_as_well(table: Table, index: Index, other: Index) -> bool:
    """Whether it takes NULL for a value as the index does; where no column may be NULL, that is the same."""
    required = {column.name for column in table.columns if column.not_null}
    return index.nulls_not_distinct == other.nulls_not_distinct or required.issuperset(index.columns)


def _constraint(table: Table, index: Index) -> Constraint | None:
    return next((c for c in table.constraints if c.name == index.constraint), None)
