"""Keep the partitions of late, and put the older ones away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from ._archive import archive_steps, unfit_archive
from ._attach import unfit_parent
from ._bounds import at_most, observed, partition_key
from ._detach import detach_steps, unfit_partition


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainPartitions(Change):
    """Detach every range that ends at or below `before`, a date, a time or a number; to `archive`, where given."""

    table: Relation
    before: str
    archive: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"put partitions of {self.table} away that end before {self.before}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A table that is not partitioned by the ranges of one column; what is in the way of detaching any."""
        unfit = tuple(unfit_parent(db, self.table))
        yield from unfit
        if unfit:
            return
        if (key := partition_key(db.table(self.table))) is None or key[0] != "range" or len(key[1]) != 1:
            yield Obstacle(str(self.table), "is not partitioned by ranges of one column")
            return
        try:
            old = self._old(db)
        except ValueError:
            yield Obstacle(str(self.table), f"its ranges cannot be compared with {self.before}")
            return
        for part in old:
            yield from unfit_partition(db, self.table, part.name)
            if self.archive:
                yield from unfit_archive(db, part.name, self.archive)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The steps of each, phase by phase."""
        one_by_one = [
            tuple(archive_steps(db, part, self.archive) if self.archive else detach_steps(db, part))
            for part in self._old(db)
        ]
        for phase in Phase:
            yield from (step for steps in one_by_one for step in steps if step.phase is phase)

    def _old(self, db: Snapshot) -> tuple[Table, ...]:
        """ValueError where a bound is no date, time or number."""
        parts = (part for part in db.tables if part.partition_of == self.table)
        return tuple(part for part in parts if (high := observed(part).high) and at_most(high[0], self.before))


EXAMPLE = Example(
    """
    CREATE SCHEMA archive;
    CREATE TABLE shop.visit (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL, PRIMARY KEY (id, at))
        PARTITION BY RANGE (at);
    CREATE TABLE shop.visit_2023 PARTITION OF shop.visit FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    CREATE TABLE shop.visit_2024 PARTITION OF shop.visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE shop.visit_2025 PARTITION OF shop.visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    INSERT INTO shop.visit (at) SELECT date '2023-06-01' + n * 10 FROM generate_series(1, 60) AS n;
    """,
    RetainPartitions(table=Relation("shop", "visit"), before="2025-01-01", archive="archive"),
    writes="INSERT INTO shop.visit (at) VALUES (date '2025-01-01' + floor(random() * 300)::int)",
)
