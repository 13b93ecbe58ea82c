"""Which tables a statement locks beside the one that it names."""

from __future__ import annotations

from collections.abc import Iterable

from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot


def family(db: Snapshot, table: Relation) -> tuple[Relation, ...]:
    """The table, its partitions and the tables that inherit from it, all the way down."""
    children = (t.name for t in db.tables if t.partition_of == table or table in t.inherits)
    return (table, *(member for child in children for member in family(db, child)))


def on_family(db: Snapshot, table: Relation, mode: LockMode) -> tuple[Lock, ...]:
    """What ALTER TABLE and CREATE TRIGGER lock: they go down to partitions and heirs."""
    return strongest(Lock(member, mode) for member in family(db, table))


def of_deletes(db: Snapshot, table: Relation) -> tuple[Lock, ...]:
    """What deleting rows locks: the table, and those that refer to it, for the server looks for such rows there."""
    children = (Lock(child.name, LockMode.ROW_SHARE) for child, _ in db.references_to(table))
    return strongest((Lock(table, LockMode.ROW_EXCLUSIVE), *children))


def of_updates(db: Snapshot, table: Relation, columns: tuple[str, ...]) -> tuple[Lock, ...]:
    """What updating these columns locks: the table, and those that the columns refer to."""
    found = db.find_table(table)
    keys = [key for key in (found.foreign_keys if found else ()) if set(key.columns) & set(columns)]
    parents = (Lock(key.parent, LockMode.ROW_SHARE) for key in keys if key.parent)
    return strongest((Lock(table, LockMode.ROW_EXCLUSIVE), *parents))


def strongest(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """One lock for each table, in the order of their first mention."""
    modes: dict[Relation, LockMode] = {}
    for lock in locks:
        held = modes.get(lock.on, lock.mode)
        modes[lock.on] = max(held, lock.mode, key=lambda mode: mode.strength)
    return tuple(Lock(on, mode) for on, mode in modes.items())
