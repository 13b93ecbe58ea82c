"""Convert a table into a partitioned one while it is in use.

A partitioned table is made beside it, with its partitions; triggers bring every write over, into any of them; what is
there is copied in batches; then both swap their names in one short transaction, and the old table follows the new one
until it is dropped. Rows are never moved through a default partition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from ._partitioning import DEFAULT_SUFFIX, Layout, Method, Partition, ranges
from ._preconditions import missing
from ._shadow import Shadow
from ._shadow_obstacles import foreign_key_names, layout_obstacles, shadow_obstacles, unfit_table
from ._shadow_steps import steps_of_contract, steps_until_switch, switch_step
from ._shadow_switch import switch, switch_back


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionTable(Change):
    """PARTITION BY `method` over the columns `by`.

    The partitions: those of `partitions`; of a range over one column also `every` (day, week, month, quarter, year, or
    a whole number) from `start` to `end`; of a hash also `modulus` equal ones; and, but for a hash, a `default` one.
    `extend` names the unique indexes to which the columns are added: they must be in each, and what was unique alone
    no longer is.
    """

    table: Relation
    by: tuple[str, ...]
    method: Method = "range"
    partitions: tuple[Partition, ...] = ()
    every: str = ""
    start: str = ""
    end: str = ""
    modulus: int = 0
    default: bool = True
    extend: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"partition {self.table} by {self.method} of {', '.join(self.by)}"

    def claims(self) -> tuple[Relation, ...]:
        """The table."""
        return (self.table,)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No table of its own with a key; keys without the columns; what depends on it and cannot follow."""
        unfit = (*unfit_table(db, self.table), *missing(db, self.table, *self.by))
        yield from dict.fromkeys(unfit)
        if unfit:
            return
        try:
            shadow = self._shadow(db)
        except ValueError as error:
            yield Obstacle(str(self.table), f"cannot be cut so: {error}")
            return
        yield from self._partitions_unfit(shadow)
        yield from layout_obstacles(shadow)
        yield from shadow_obstacles(shadow)
        yield from foreign_key_names(shadow)

    def _partitions_unfit(self, shadow: Shadow) -> Iterator[Obstacle]:
        assert shadow.layout is not None
        partitions = shadow.layout.partitions
        if not partitions:
            yield Obstacle(str(self.table), "would get no partition")
        names = [partition.name for partition in partitions]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            yield Obstacle(str(self.table.beside(name)), "is named as a partition twice")
        known = {index.name.name for index in shadow.table.indexes if index.unique}
        for name in self.extend:
            if name not in known:
                yield Obstacle(str(self.table), f"has no unique index {name} to extend")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A partitioned table beside, in step and filled; the switch; the old one goes."""
        shadow = self._shadow(db)
        yield from steps_until_switch(shadow)
        yield switch_step(
            shadow, title=f"put the partitioned table in the place of {self.table}", do=switch(shadow),
            undo=switch_back(shadow), hazard=self._hazard(shadow),
        )  # fmt: skip
        yield from steps_of_contract(shadow)

    def _hazard(self, shadow: Shadow) -> str:
        said = ["TRUNCATE of a single partition, or detaching one, does not reach the old table"]
        if any(index.unique and shadow.added(index.columns) for index in shadow.table.indexes):
            said.append(f"INSERT … ON CONFLICT must name {', '.join(self.by)} too")
        return "; ".join(said)

    def _shadow(self, db: Snapshot) -> Shadow:
        layout = Layout(method=self.method, by=self.by, partitions=tuple(self._all(db)))
        return Shadow(db=db, table=db.table(self.table), final=self.table, layout=layout, extended=self.extend)

    def _all(self, db: Snapshot) -> Iterator[Partition]:
        """Every partition. ValueError where `every`, `start` and `end` do not fit the column."""
        yield from self.partitions
        if self.every:
            type_ = db.table(self.table).column(self.by[0]).type
            yield from ranges(self.table.name, type_, self.start, self.end, self.every)
        for remainder in range(self.modulus):
            yield Partition(name=fit(self.table.name, f"_{remainder}"), modulus=self.modulus, remainder=remainder)
        if self.default and self.method != "hash" and not any(p.is_default for p in self.partitions):
            yield Partition(name=fit(self.table.name, DEFAULT_SUFFIX))


EXAMPLE = Example(
    """
    CREATE TABLE shop.place (id int PRIMARY KEY);
    INSERT INTO shop.place SELECT generate_series(1, 5);
    CREATE TABLE shop.visit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, place_id int NOT NULL REFERENCES shop.place,
        at date NOT NULL, note text DEFAULT 'none' CHECK (note <> ''));
    CREATE INDEX visit_place ON shop.visit (place_id, at DESC);
    CREATE VIEW shop.lately AS SELECT id, at FROM shop.visit WHERE at > '2025-01-01';
    COMMENT ON COLUMN shop.visit.at IS 'the day';
    INSERT INTO shop.visit (place_id, at) SELECT 1 + n % 5, date '2024-12-01' + n FROM generate_series(1, 100) AS n;
    """,
    PartitionTable(
        table=Relation("shop", "visit"), by=("at",), every="month", start="2025-01-01", end="2025-03-01",
        extend=("visit_pkey",),
    ),
    writes="INSERT INTO shop.visit (place_id, at) VALUES (1 + floor(random() * 5)::int,"
    " date '2024-12-01' + floor(random() * 100)::int)",
)  # fmt: skip
