"""How far the counters of an index can be trusted: how long they have counted, and who else reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pgrefit.model.finding import Evidence
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import statistic
from pgrefit.rules._indexes import needed_by_constraint, prefix_of, serves_lookup

LONG = timedelta(days=30)  # what is due once a month was due


@dataclass(frozen=True, slots=True)
class Window:
    """The time that the server's counters cover, and the replicas, each of which counts for itself."""

    length: timedelta | None
    replicas: tuple[str, ...]
    on_replica: bool

    @property
    def long(self) -> bool:
        """Whether what was never read in it is hardly ever read."""
        return self.length is not None and self.length >= LONG

    @property
    def sees_all(self) -> bool:
        """Whether no other server is known that may read what this one does not."""
        return not self.replicas and not self.on_replica

    @property
    def advice(self) -> str:
        """What to look at before an index goes; '' where there is nothing."""
        if self.on_replica:
            return "this is a replica: ask the primary and the other replicas too, each counts for itself"
        if self.replicas:
            return f"each server counts for itself: ask the replicas too ({', '.join(self.replicas)})"
        if not self.long:
            return "let the server count for a month of work, or give the audit the workload: so far, this says little"
        return "look at replicas that this server does not know of: each server counts for itself"


def window(observation: Observation) -> Window:
    """What the counters cover."""
    since, until = observation.statistics.reset_at, observation.statistics.taken_at
    length = until - since if since is not None and until is not None else None
    replicas = tuple(dict.fromkeys(replica.name for replica in observation.server.replicas))
    return Window(length=length, replicas=replicas, on_replica=observation.server.in_recovery)


def scans_of_all(observation: Observation) -> dict[Relation, int]:
    """Scans of each index; of a partitioned index, of all its parts."""
    own = {i.index: i.scans for i in observation.statistics.indexes}
    above = {i.name: i.partition_of for t in observation.snapshot.tables for i in t.indexes if i.partition_of}
    scans = dict(own)
    for part in above:
        whole = above.get(part)
        while whole is not None:
            scans[whole] = scans.get(whole, 0) + own.get(part, 0)
            whole = above.get(whole)
    return scans


def needed(table: Table, index: Index, scans: dict[Relation, int]) -> bool:
    """Whether it is there for more than to be scanned, or not the index to be judged.

    It is needed where it can take the place of one that is scanned, and that may go as redundant.
    """
    if needed_by_constraint(index) or index.clustered or index.partition_of is not None or not index.valid:
        return True
    return serves_key_alone(table, index) or any(
        scans.get(other.name, 0) > 0 and other.method == index.method and other.predicate == index.predicate
        and prefix_of(other, index)
        for other in table.indexes if other is not index
    )  # fmt: skip


def serves_key_alone(table: Table, index: Index) -> bool:
    """Whether a foreign key is looked up by it, and by none that is there for good."""
    lasting = [other for other in table.indexes if other is not index and needed_by_constraint(other)]
    return any(
        serves_lookup(index, key.columns, table)
        and not any(serves_lookup(other, key.columns, table) for other in lasting)
        for key in table.foreign_keys
    )


def counted(observation: Observation) -> Iterator[Evidence]:
    """Since when the server counts, and the replicas that it knows of."""
    since, known = observation.statistics.reset_at, window(observation)
    yield statistic("counted since", since.isoformat(timespec="minutes") if since else "unknown")
    if known.replicas:
        yield statistic("replicas that count for themselves", known.replicas)
