"""How an index goes, where it can go while the table is in use."""

from __future__ import annotations

from pgrefit.changes.drop_index import DropIndex
from pgrefit.model.finding import Evidence
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Snapshot, Table
from pgrefit.rules._ask import statistic


def drop_of(db: Snapshot, table: Table, index: Index) -> tuple[DropIndex, ...]:
    """The change that drops it; none where something stands in the way."""
    change = DropIndex(index=index, table=table.name)
    return () if any(change.obstacles(db)) else (change,)


def why_not(db: Snapshot, table: Table, index: Index) -> str:
    """What stands in the way of dropping it, as advice; '' where nothing does."""
    obstacles = list(DropIndex(index=index, table=table.name).obstacles(db))
    return f"it cannot simply be dropped: {'; '.join(o.says for o in obstacles)}" if obstacles else ""


def weight(observation: Observation, index: Index) -> tuple[Evidence, ...]:
    """Its bytes and scans as the server counts them."""
    measured = observation.statistics.index(index.name)
    return (statistic("bytes", measured.bytes), statistic("scans", measured.scans)) if measured else ()
