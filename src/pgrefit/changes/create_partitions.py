"""Make partitions, ahead of the rows that they are for, while the table is in use.

CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the partitioned table, and reads the default partition under it.
A table made beside and attached by way of checks needs neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._attach import Place, attach, check_outside, unfit_parent, unfit_place
from ._bounds import partition_key
from ._locks import strongest
from ._partition_parts import like
from ._partitioning import Partition, ranges
from ._shadow_obstacles import names_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartitions(Change):
    """Those of `partitions`, and of a range over one column also `every` from `start` to `end` (see PartitionTable)."""

    table: Relation
    partitions: tuple[Partition, ...] = ()
    every: str = ""
    start: str = ""
    end: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        ahead = f" for every {self.every} from {self.start} to {self.end}" if self.every else ""
        return f"make partitions of {self.table}{ahead}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A table that is not partitioned by columns; names taken; tables that refer to it."""
        unfit = tuple(unfit_parent(db, self.table))
        yield from unfit
        if unfit:
            return
        try:
            places = tuple(self._places(db))
        except ValueError as error:
            yield Obstacle(str(self.table), f"cannot be cut so: {error}")
            return
        for place in places:
            yield from unfit_place(place)
            yield from names_taken(db, place.child)
        for table, key in db.references_to(self.table):
            yield Obstacle(str(self.table), f"{key.name} of {table.name} refers to it")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Tables beside; checks on the default partition, validated; then the catalog alone."""
        places = tuple(self._places(db))
        checks = [tuple(check_outside(place)) for place in places]
        yield self._create(db.table(self.table), places)
        for phase in (Phase.EXPAND, Phase.MIGRATE):
            yield from (step for steps in checks for step in steps if step.phase is phase)
        for place in places:
            yield attach(place, checked=True)

    def _create(self, parent: Table, places: tuple[Place, ...]) -> Step:
        parents = (Lock(k.parent, LockMode.SHARE_ROW_EXCLUSIVE) for k in parent.foreign_keys if k.parent)
        names = ", ".join(place.partition.name for place in places)
        drop = tuple(ddl("DROP TABLE IF EXISTS {c}", c=place.child) for place in places)
        return Step(
            title=f"make {names} beside {self.table}", phase=Phase.EXPAND,
            do=tuple(statement for place in places for statement in self._beside(parent, place)), undo=drop,
            locks=strongest((Lock(self.table, LockMode.ACCESS_SHARE), *parents)), work=Work.INSTANT,
            proof=proof.every(*(proof.relation_exists(place.child) for place in places)),
        )  # fmt: skip

    def _beside(self, parent: Table, place: Place) -> Iterator[Statement]:
        yield from like(parent, place.child)
        yield ddl("ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({rows})",
                  t=place.child, n=place.inside, rows=raw(place.rows))  # fmt: skip

    def _places(self, db: Snapshot) -> Iterator[Place]:
        """ValueError where `every`, `start` and `end` do not fit the column."""
        parent, key = db.table(self.table), partition_key(db.table(self.table))
        assert key is not None
        made = (
            ranges(self.table.name, parent.column(key[1][0]).type, self.start, self.end, self.every)
            if self.every
            else ()
        )
        for partition in (*self.partitions, *made):
            yield Place(db=db, parent=parent, partition=partition, schema=self.table.schema)


EXAMPLE = Example(
    """
    CREATE TABLE shop.place (id int PRIMARY KEY);
    INSERT INTO shop.place VALUES (1), (2);
    CREATE TABLE shop.visit (id int GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, note text CHECK (note <> ''),
                             place_id int REFERENCES shop.place, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE INDEX ON shop.visit (place_id);
    CREATE TABLE shop.visit_2024_12 PARTITION OF shop.visit
        FOR VALUES FROM ('2024-12-01 00:00+00') TO ('2025-01-01 00:00+00');
    CREATE TABLE shop.visit_rest PARTITION OF shop.visit DEFAULT;
    INSERT INTO shop.visit (at, place_id)
        SELECT timestamptz '2024-12-15 00:00+00' - n * interval '1 day', 1 FROM generate_series(1, 50) AS n;
    """,
    CreatePartitions(table=Relation("shop", "visit"), every="month", start="2025-01-01", end="2025-03-01"),
    writes="INSERT INTO shop.visit (at, place_id)"
    " VALUES (timestamptz '2024-12-20 00:00+00' - random() * interval '90 days', 1)",
)  # fmt: skip
