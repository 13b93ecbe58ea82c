"""Tables and views alike."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table, View


def relations(db: Snapshot) -> Iterator[Table | View]:
    """All tables, then all views."""
    yield from db.tables
    yield from db.views


def find_relation(db: Snapshot, name: Relation) -> Table | View | None:
    """The table or view of that name, or None."""
    return next((relation for relation in relations(db) if relation.name == name), None)
