"""Take a partition out of its table while that is in use; it stays as a table of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._detach import detach_steps, unfit_partition


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachPartition(Change):
    """DETACH PARTITION, behind a validated check. `partition` may be in another schema than its table."""

    table: Relation
    partition: Relation

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"detach {self.partition} from {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such partition, a default partition beside it, tables that refer to it."""
        return unfit_partition(db, self.table, self.partition)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A validated check that lets the way back attach it again at once; then the catalog alone."""
        yield from detach_steps(db, db.table(self.partition))


EXAMPLE = Example(
    """
    CREATE TABLE shop.place (id int PRIMARY KEY);
    INSERT INTO shop.place VALUES (1), (2);
    CREATE TABLE shop.visit (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL,
                             place_id int REFERENCES shop.place, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE shop.visit_2024 PARTITION OF shop.visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE shop.visit_2025 PARTITION OF shop.visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    INSERT INTO shop.visit (at, place_id) SELECT date '2024-06-01' + n * 5, 1 FROM generate_series(1, 50) AS n;
    """,
    DetachPartition(table=Relation("shop", "visit"), partition=Relation("shop", "visit_2024")),
    writes="INSERT INTO shop.visit (at, place_id) VALUES (date '2025-01-01' + floor(random() * 300)::int, 1)",
)
