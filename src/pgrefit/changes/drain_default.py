"""Bring rows out of a default partition into partitions of their own while all of them are in use.

Moved row by row they would be gone for a moment, or come in anew behind our back; and to make their partition the
server reads the whole default partition under ACCESS EXCLUSIVE. Here that is written anew, already cut up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._attach import unfit_parent
from ._bounds import at_most, default_of, partition_key
from ._drain import Drain
from ._locks import strongest
from ._partitioning import Partition, ranges
from ._preconditions import rows_unwalkable
from ._shadow_obstacles import shadow_obstacles
from ._shadow_steps import steps_of_contract, steps_until_switch, switch_step


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainDefault(Change):
    """Into the ranges `partitions`, and those of `every` from `start` to `end` (see PartitionTable)."""

    table: Relation
    partitions: tuple[Partition, ...] = ()
    every: str = ""
    start: str = ""
    end: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"drain the default partition of {self.table}"

    def claims(self) -> tuple[Relation, ...]:
        """The table."""
        return (self.table,)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No ranges of one column, no default partition; ranges that overlap; what depends on the default partition."""
        unfit = (*unfit_parent(db, self.table), *self._unfit(db))
        yield from unfit
        if unfit:
            return
        try:
            drain = self._drain(db)
            overlaps = tuple(self._overlaps(drain))
        except ValueError as error:
            yield Obstacle(str(self.table), f"cannot be cut so: {error}")
            return
        yield from overlaps
        yield from rows_unwalkable(db, drain.default.name)
        yield from shadow_obstacles(drain.shadow)
        for table, key in db.references_to(self.table):
            yield Obstacle(str(self.table), f"{key.name} of {table.name} refers to it")

    def _unfit(self, db: Snapshot) -> Iterator[Obstacle]:
        table = db.find_table(self.table)
        key = partition_key(table) if table else None
        if table is None or key is None:
            return
        if key[0] != "range" or len(key[1]) > 1:
            yield Obstacle(str(self.table), "is not partitioned by ranges of one column")
        default = default_of(db, self.table)
        if default is None:
            yield Obstacle(str(self.table), "has no default partition")
        elif default.kind != "table":
            yield Obstacle(str(default.name), f"is a {default.kind}")

    def _overlaps(self, drain: Drain) -> Iterator[Obstacle]:
        """ValueError where bounds cannot be compared."""
        if not drain.parts:
            yield Obstacle(str(self.table), "would get no partition")
        for number, part in enumerate(drain.parts):
            for other in (*drain.siblings, *drain.parts[:number]):
                apart = (part.high and other.low and at_most(part.high[0], other.low[0])) or (
                    other.high and part.low and at_most(other.high[0], part.low[0])
                )
                if not apart:
                    yield Obstacle(str(self.table.beside(part.name)), f"overlaps with {other.name}")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A default partition beside, cut up, in step and filled; the switch; the old one goes, the parts move up."""
        drain = self._drain(db)
        shadow = drain.shadow
        yield from drain.says_elsewhere()
        first, *rest = steps_until_switch(shadow)
        assert isinstance(first.do, tuple)
        yield replace(first, do=(*first.do, *drain.checks()))
        yield from rest
        step = switch_step(
            shadow, title=f"cut {drain.default.name} up", do=drain.switch(), undo=drain.switch_back(),
            hazard="TRUNCATE of a single partition does not reach the old default partition",
        )  # fmt: skip
        above = (Lock(table, LockMode.ACCESS_EXCLUSIVE) for table in (self.table, *shadow.parents))
        yield replace(step, locks=strongest((*step.locks, *above)))
        compare, drop = steps_of_contract(shadow)
        yield replace(compare, locks=strongest((*compare.locks, Lock(self.table, LockMode.ACCESS_SHARE))))
        yield drop
        yield drain.move_up()

    def _drain(self, db: Snapshot) -> Drain:
        """ValueError where `every`, `start` and `end` do not fit the column."""
        root, default = db.table(self.table), default_of(db, self.table)
        key = partition_key(root)
        assert key is not None
        assert default is not None
        type_ = root.column(key[1][0]).type
        made = ranges(self.table.name, type_, self.start, self.end, self.every) if self.every else ()
        return Drain(db=db, root=root, default=default, column=key[1][0], parts=(*self.partitions, *made))


EXAMPLE = Example(
    """
    CREATE TABLE shop.place (id int PRIMARY KEY);
    INSERT INTO shop.place VALUES (1), (2);
    CREATE TABLE shop.visit (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL, note text CHECK (note <> ''),
                             place_id int REFERENCES shop.place, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE INDEX ON shop.visit (place_id);
    CREATE TABLE shop.visit_2024 PARTITION OF shop.visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE shop.visit_rest PARTITION OF shop.visit DEFAULT;
    COMMENT ON TABLE shop.visit_rest IS 'what has no place of its own';
    INSERT INTO shop.visit (at, place_id) SELECT date '2024-12-15' + n, 1 FROM generate_series(1, 100) AS n;
    """,
    DrainDefault(table=Relation("shop", "visit"), every="month", start="2025-01-01", end="2025-03-01"),
    writes="INSERT INTO shop.visit (at, place_id) VALUES (date '2024-12-15' + floor(random() * 100)::int, 1)",
)
