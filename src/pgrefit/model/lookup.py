"""What snapshots and statistics are asked for by name, ready for databases of many tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from .names import Relation

if TYPE_CHECKING:
    from .snapshot import ColumnUse, Constraint, Snapshot, Table
    from .statistics import IndexStatistics, Statistics, TableStatistics

REMEMBERED = 4  # objects; each may be large

Thing = TypeVar("Thing")
Result = TypeVar("Result")
References = tuple[tuple["Table", "Constraint"], ...]


class _Same(Generic[Thing]):
    """Stands for one object, whatever it equals: its value would take long to hash."""

    def __init__(self, value: Thing) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and cast("_Same[object]", other).value is self.value


def remembered(function: Callable[[Thing], Result]) -> Callable[[Thing], Result]:
    """The function, which computes its result but once for each of the objects that were last asked about."""

    @lru_cache(maxsize=REMEMBERED)
    def result(same: _Same[Thing]) -> Result:
        return function(same.value)

    last: tuple[Thing, Result] | None = None

    def recalled(thing: Thing) -> Result:
        """Rules ask for the same object a million times."""
        nonlocal last
        found = last
        if found is None or found[0] is not thing:
            found = last = thing, result(_Same(thing))
        return found[1]

    return recalled


@remembered
def tables(db: Snapshot) -> dict[Relation, Table]:
    """Tables by name."""
    return {table.name: table for table in db.tables}


@remembered
def own_tables(db: Snapshot) -> tuple[Table, ...]:
    """Tables that belong to the user, not to an extension, and were read whole."""
    return tuple(table for table in db.tables if not table.extension and not table.unread)


@remembered
def references(db: Snapshot) -> dict[Relation, References]:
    """Foreign keys, each with its table, by the table that they point at."""
    found: defaultdict[Relation, list[tuple[Table, Constraint]]] = defaultdict(list)
    for table in db.tables:
        for key in table.foreign_keys:
            if key.parent:
                found[key.parent].append((table, key))
    return {parent: tuple(keys) for parent, keys in found.items()}


@remembered
def uses(db: Snapshot) -> dict[tuple[Relation, str], tuple[ColumnUse, ...]]:
    """What depends on each column."""
    found: defaultdict[tuple[Relation, str], list[ColumnUse]] = defaultdict(list)
    for use in db.uses:
        found[use.table, use.column].append(use)
    return {column: tuple(listed) for column, listed in found.items()}


@remembered
def table_statistics(statistics: Statistics) -> dict[Relation, TableStatistics]:
    """Statistics by table."""
    return {table.table: table for table in statistics.tables}


@remembered
def index_statistics(statistics: Statistics) -> dict[Relation, IndexStatistics]:
    """Statistics by index."""
    return {index.index: index for index in statistics.indexes}


@remembered
def last_values(statistics: Statistics) -> dict[Relation, int | None]:
    """Where each sequence stands."""
    return {sequence.sequence: sequence.last_value for sequence in statistics.sequences}
