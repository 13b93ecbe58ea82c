"""Keep one of several indexes that do the same work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Index, Snapshot

from ._indexes import find_index, missing_index
from ._preconditions import missing
from .drop_index import DropIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeIndexes(Change):
    """Drop the indexes for which `keep` can stand in: those that are named, or all that are found.

    One can stand in for another that has the same keys, or only the first of them, the same method and condition, and
    refuses no duplicates that `keep` lets pass. An index that backs a constraint is never dropped.
    """

    table: Relation
    keep: str
    drop: tuple[str, ...] = ()
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"let index {self.keep} of {self.table} stand in for {', '.join(self.drop) or 'those it covers'}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Indexes that are not there, that `keep` cannot stand in for, or that serve for more than speed."""
        yield from missing(db, self.table)
        for name in (self.keep, *self.drop):
            yield from missing_index(db, self.table, name)
        keep = find_index(db, self.table, self.keep)
        if keep is None:
            return
        if self.keep in self.drop:
            yield Obstacle(str(keep.name), "is to be kept and to be dropped")
        for change in self._drops(db):
            if not stands_in(keep, change.index):
                yield Obstacle(str(change.index.name), f"does what {self.keep} cannot")
            yield from change.obstacles(db)
        if not self.drop and not list(self._drops(db)):
            yield Obstacle(str(keep.name), "stands in for no other index of the table")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step for each index that goes."""
        for change in self._drops(db):
            yield from change.steps(db)

    def _drops(self, db: Snapshot) -> Iterator[DropIndex]:
        table, keep = db.find_table(self.table), find_index(db, self.table, self.keep)
        for index in table.indexes if table and keep else ():
            found = not self.drop and keep and stands_in(keep, index) and _only_for_speed(index)
            if index.name.name in self.drop or found:
                yield DropIndex(index=index, table=self.table, phase=self.phase)


def stands_in(keep: Index, other: Index) -> bool:
    """Whether whatever the other index is used for can be done with `keep`."""
    if keep.name == other.name or not keep.valid:
        return False
    count = len(other.keys)
    same_keys = keep.keys[:count] == other.keys and (keep.method == "btree" or len(keep.keys) == count)
    unique = not other.unique or (
        keep.unique and len(keep.keys) == count and keep.nulls_not_distinct == other.nulls_not_distinct
    )
    there = {*keep.include, *keep.columns}
    alike = keep.method == other.method and keep.predicate == other.predicate
    return same_keys and unique and alike and set(other.include) <= there


def _only_for_speed(index: Index) -> bool:
    return index.constraint is None and not (index.replica_identity or index.clustered)


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL, paid boolean);
    CREATE INDEX orders_buyer_paid ON shop.orders (buyer, paid);
    CREATE INDEX orders_buyer ON shop.orders (buyer);
    CREATE INDEX orders_buyer_again ON shop.orders (buyer) INCLUDE (paid);
    COMMENT ON INDEX shop.orders_buyer_again IS 'somebody thought it was missing';
    INSERT INTO shop.orders (buyer, paid) SELECT 'buyer ' || n % 7, n % 3 = 0 FROM generate_series(1, 100) AS n;
    """,
    MergeIndexes(table=Relation("shop", "orders"), keep="orders_buyer_paid"),
    writes="INSERT INTO shop.orders (buyer, paid) VALUES (md5(random()::text), random() < 0.5)",
)
