"""Make a table a partition of another while both are in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._attach import Place, attach, check_inside, check_outside, unfit_parent, unfit_place
from ._partition_parts import lacking
from ._partitioning import Partition
from ._preconditions import missing


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachPartition(Change):
    """ATTACH PARTITION by way of validated checks. `partition` names the table; it is in `schema`, '' the same."""

    table: Relation
    partition: Partition
    schema: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"attach {self._child} to {self.table}"

    @property
    def _child(self) -> Relation:
        return Relation(self.schema or self.table.schema, self.partition.name)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Tables that are not there or of another kind; parts that the table lacks; rows that refer to it."""
        unfit = (*unfit_parent(db, self.table), *missing(db, self._child))
        yield from unfit
        if unfit:
            return
        parent, child = db.table(self.table), db.table(self._child)
        yield from unfit_place(self._place(db))
        if child.kind == "foreign table" or child.partition_of or child.inherits:
            yield Obstacle(str(child.name), "is a foreign table, a partition, or inherits from a table")
        for table, key in db.references_to(self.table):
            yield Obstacle(str(self.table), f"{key.name} of {table.name} refers to it")
        yield from lacking(parent, child)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Checks on the table and on the default partition, validated; then the catalog alone."""
        place = self._place(db)
        inside, outside = tuple(check_inside(place)), tuple(check_outside(place))
        for pair in zip(inside, outside, strict=True) if outside else zip(inside, strict=True):
            yield from pair
        yield attach(place, checked=True)

    def _place(self, db: Snapshot) -> Place:
        return Place(db=db, parent=db.table(self.table), partition=self.partition, schema=self._child.schema)


EXAMPLE = Example(
    """
    CREATE TABLE shop.place (id int PRIMARY KEY);
    INSERT INTO shop.place VALUES (1), (2);
    CREATE TABLE shop.visit (id int GENERATED ALWAYS AS IDENTITY, at date NOT NULL,
                             place_id int REFERENCES shop.place, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE INDEX ON shop.visit (place_id);
    CREATE TABLE shop.visit_2025 PARTITION OF shop.visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE shop.visit_rest PARTITION OF shop.visit DEFAULT;
    CREATE TABLE shop.visit_2024 (id int NOT NULL, at date NOT NULL, place_id int REFERENCES shop.place,
                                  PRIMARY KEY (id, at));
    CREATE INDEX ON shop.visit_2024 (place_id);
    INSERT INTO shop.visit (at, place_id) SELECT date '2025-06-01' + n * 10, 1 FROM generate_series(1, 50) AS n;
    INSERT INTO shop.visit_2024 SELECT n, date '2024-06-01' + n, 2 FROM generate_series(1, 50) AS n;
    """,
    AttachPartition(table=Relation("shop", "visit"),
                    partition=Partition(name="visit_2024", low=("2024-01-01",), high=("2025-01-01",))),
    writes="INSERT INTO shop.visit (at, place_id) VALUES (date '2025-01-01' + floor(random() * 500)::int, 1)",
)  # fmt: skip
