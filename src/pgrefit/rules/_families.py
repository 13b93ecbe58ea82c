"""Tables as wholes: what is measured of a partitioned table is measured on its partitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.statistics import Statistics, TableStatistics
from pgrefit.rules._access import is_users, platform_schemas
from pgrefit.rules._ask import tables

CHUNKS = "_timescaledb_"  # schemas of an extension's own partitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A table and what is measured of it: its own statistics, or those of its partitions that hold rows."""

    table: Table
    members: tuple[TableStatistics, ...]

    @property
    def rows(self) -> int:
        """Rows as the server estimates them."""
        return sum(max(each.rows, 0) for each in self.members)

    @property
    def heap_bytes(self) -> int:
        """Bytes of the rows, without TOAST and indexes."""
        return sum(each.heap_bytes for each in self.members)

    @property
    def total_bytes(self) -> int:
        """Heap, TOAST and indexes."""
        return sum(each.total_bytes for each in self.members)

    @property
    def index_bytes(self) -> int:
        """Bytes of all indexes."""
        return sum(each.index_bytes for each in self.members)

    @property
    def inserted(self) -> int:
        """Rows inserted since the counters began."""
        return sum(each.inserted for each in self.members)

    @property
    def updated(self) -> int:
        """Rows updated since the counters began."""
        return sum(each.updated for each in self.members)

    @property
    def hot_updated(self) -> int:
        """Of these, without a new entry in any index."""
        return sum(each.hot_updated for each in self.members)

    @property
    def deleted(self) -> int:
        """Rows deleted since the counters began."""
        return sum(each.deleted for each in self.members)


@remembered
def partitions(db: Snapshot) -> dict[Relation, tuple[Table, ...]]:
    """The partitions right below each partitioned table."""
    below: defaultdict[Relation, list[Table]] = defaultdict(list)
    for table in db.tables:
        if table.partition_of:
            below[table.partition_of].append(table)
    return {whole: tuple(parts) for whole, parts in below.items()}


@remembered
def users_tables(db: Snapshot) -> tuple[Table, ...]:
    """The user's tables, partitions among them: not those of extensions and of the platform that hosts the database."""
    platform = platform_schemas(db)
    return tuple(t for t in db.own_tables() if t.name.schema not in platform and not t.name.schema.startswith(CHUNKS))


def tables_by_schema(observation: Observation) -> dict[str, list[Table]]:
    """The user's tables by their schema; of a partitioned table only the whole."""
    found: defaultdict[str, list[Table]] = defaultdict(list)
    for table in tables(observation):
        if is_users(observation.snapshot, table):
            found[table.name.schema].append(table)
    return found


def leaves(db: Snapshot, table: Table) -> Iterator[Table]:
    """The table itself, or the partitions below it that hold rows."""
    if table.kind != "partitioned table":
        yield table
    for part in partitions(db).get(table.name, ()):
        yield from leaves(db, part)


@remembered
def families(observation: Observation) -> tuple[Family, ...]:
    """The user's tables, each with what is measured of it; foreign tables left out."""
    return tuple(_families(observation.snapshot, observation.statistics))


def _families(db: Snapshot, statistics: Statistics) -> Iterator[Family]:
    for table in users_tables(db):
        if table.partition_of is None and table.kind != "foreign table":
            members = tuple(statistics.table(leaf.name) for leaf in leaves(db, table) if leaf.kind == "table")
            yield Family(table=table, members=members)
