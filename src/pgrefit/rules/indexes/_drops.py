"""How an index goes, where it can go while the table is in use."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.drop_index import DropIndex
from pgrefit.model.finding import Evidence
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Snapshot, Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import users_tables


def indexed(db: Snapshot) -> Iterator[Table]:
    """The user's tables, and materialized views as if they were tables."""
    yield from users_tables(db)
    for view in db.views:
        if view.indexes and is_users(db, view):
            yield Table(name=view.name, owner=view.owner, columns=view.columns, indexes=view.indexes)


def drop_of(db: Snapshot, table: Table, index: Index) -> tuple[DropIndex, ...]:
    """The change that drops it; none where something stands in the way."""
    change = DropIndex(index=index, table=table.name)
    return () if any(change.obstacles(db)) else (change,)


def why_not(db: Snapshot, table: Table, index: Index) -> str:
    """What stands in the way of dropping it, as advice; '' where nothing does."""
    if db.find_table(table.name) is None:
        return f"DROP INDEX CONCURRENTLY {index.name}"
    obstacles = list(DropIndex(index=index, table=table.name).obstacles(db))
    return f"it cannot simply be dropped: {'; '.join(o.says for o in obstacles)}" if obstacles else ""


def weight(observation: Observation, index: Index) -> tuple[Evidence, ...]:
    """Its bytes and scans as the server counts them."""
    measured = observation.statistics.index(index.name)
    return (statistic("bytes", measured.bytes), statistic("scans", measured.scans)) if measured else ()
