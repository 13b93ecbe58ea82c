"""A read model: one relation that answers a page, as a view (always fresh) or a materialized view (refreshed)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from .create_view import CreateView
from .materialized_view import MaterializedView

Kind = OneOf["view", "materialized view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel(Change):
    """Create it after the switch. `key` is unique in it, so that a materialized view refreshes concurrently."""

    name: Relation
    select: Expression
    reads: tuple[Relation, ...]
    key: tuple[str, ...]
    kind: Kind = "view"
    readers: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create the {self.kind} {self.name}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Those of the view that it is."""
        return self._made.obstacles(db)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Those of the view that it is."""
        return self._made.steps(db)

    @property
    def _made(self) -> CreateView | MaterializedView:
        if self.kind == "view":
            return CreateView(name=self.name, select=self.select, reads=self.reads, readers=self.readers)
        return MaterializedView(
            name=self.name, select=self.select, reads=self.reads, key=self.key, readers=self.readers
        )


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, day date NOT NULL, amount numeric NOT NULL);
    INSERT INTO shop.sale (day, amount) SELECT date '2025-01-01' + n % 7, n FROM generate_series(1, 100) AS n;
    """,
    ReadModel(
        name=Relation("shop", "day total"), reads=(Relation("shop", "sale"),), key=("day",), kind="materialized view",
        select=Expression("SELECT day, sum(amount) AS amount FROM shop.sale GROUP BY day"),
    ),
    writes="INSERT INTO shop.sale (day, amount) VALUES ('2025-01-03', 5)",
)  # fmt: skip
