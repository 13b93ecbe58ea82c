"""Have the planner know the data of a table as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._analyze import analyze_step
from ._preconditions import missing


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzeTable(Change):
    """ANALYZE of a table, or of some columns of it. It reads a sample, and blocks neither reads nor writes."""

    table: Relation
    columns: tuple[str, ...] = ()
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"analyze {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A table or column that is not there."""
        return missing(db, self.table, *self.columns)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        why = "the planner goes by statistics, and what it has is old or missing"
        yield analyze_step(db, self.table, self.columns, self.phase, why)


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL);
    INSERT INTO shop.orders (buyer) SELECT 'buyer ' || n % 7 FROM generate_series(1, 100) AS n;
    ANALYZE shop.orders;
    """,
    AnalyzeTable(table=Relation("shop", "orders"), columns=("buyer",)),
    writes="INSERT INTO shop.orders (buyer) VALUES (md5(random()::text))",
)
