"""Drop an index that does not earn its keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Index, IndexKey, Snapshot

from . import _proof as proof
from ._indexes import drop_concurrently, partitioned, rebuilt, resting_keys
from ._preconditions import missing


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex(Change):
    """DROP INDEX CONCURRENTLY; the way back builds it again from the server's own definition."""

    index: Index
    table: Relation
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"drop index {self.index.name.name} of {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What needs the index for more than speed."""
        yield from missing(db, self.table)
        reasons = {
            f"backs constraint {self.index.constraint}": self.index.constraint is not None,
            "is the replica identity of its table": self.index.replica_identity,
            "is what its table was clustered by": self.index.clustered,
            "belongs to a partitioned index": self.index.partition_of is not None,
            "is an index of a partitioned table": partitioned(db, self.table),
        }
        yield from (Obstacle(str(self.index.name), reason) for reason, holds in reasons.items() if holds)
        yield from resting_keys(db, self.table, self.index)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        del db
        yield Step(
            title=self.title, phase=self.phase,
            do=(drop_concurrently(self.index.name),), undo=tuple(rebuilt(self.index)),
            locks=(Lock(self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.negated(proof.relation_exists(self.index.name)), in_transaction=False,
            hazard="duplicates are no longer refused" if self.index.unique else "",
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL);
    CREATE INDEX orders_buyer ON shop.orders USING btree (buyer);
    COMMENT ON INDEX shop.orders_buyer IS 'nobody looks orders up by buyer';
    INSERT INTO shop.orders (buyer) SELECT 'buyer ' || n % 7 FROM generate_series(1, 100) AS n;
    """,
    DropIndex(
        table=Relation("shop", "orders"),
        index=Index(
            name=Relation("shop", "orders_buyer"), method="btree",
            keys=(IndexKey(column="buyer", expression=Expression("buyer"), opclass="pg_catalog.text_ops"),),
            definition=Expression("CREATE INDEX orders_buyer ON shop.orders USING btree (buyer)"),
            comment="nobody looks orders up by buyer",
        ),
    ),
    writes="INSERT INTO shop.orders (buyer) VALUES (md5(random()::text))",
)  # fmt: skip
