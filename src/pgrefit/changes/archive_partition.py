"""Put a partition away: out of its table, and into another schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._archive import archive_steps, unfit_archive
from ._detach import unfit_partition


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePartition(Change):
    """Detach and SET SCHEMA; the way back leads through both. The schema `to` must be there."""

    table: Relation
    partition: Relation
    to: str

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"archive {self.partition} in {self.to}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What is in the way of detaching it; no such schema; names taken there."""
        yield from unfit_partition(db, self.table, self.partition)
        yield from unfit_archive(db, self.partition, self.to)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Detach it, move it."""
        yield from archive_steps(db, db.table(self.partition), self.to)


EXAMPLE = Example(
    """
    CREATE SCHEMA "the archive";
    CREATE TABLE shop.visit (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL, PRIMARY KEY (id, at))
        PARTITION BY RANGE (at);
    CREATE TABLE shop.visit_2024 PARTITION OF shop.visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE shop.visit_2025 PARTITION OF shop.visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    INSERT INTO shop.visit (at) SELECT date '2024-06-01' + n * 5 FROM generate_series(1, 50) AS n;
    """,
    ArchivePartition(table=Relation("shop", "visit"), partition=Relation("shop", "visit_2024"), to="the archive"),
    writes="INSERT INTO shop.visit (at) VALUES (date '2025-01-01' + floor(random() * 300)::int)",
)
