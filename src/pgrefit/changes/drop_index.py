"""Drop an index that does not earn its keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Index, IndexKey, Snapshot

from . import _proof as proof
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
            "is an index of a partitioned table": _partitioned(db, self.table),
        }
        yield from (Obstacle(str(self.index.name), reason) for reason, holds in reasons.items() if holds)
        for child, key in db.references_to(self.table):
            if key.index == self.index.name:
                yield Obstacle(str(self.index.name), f"foreign key {key.name} of {child.name} rests on it")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        del db
        drop = ddl("DROP INDEX CONCURRENTLY IF EXISTS {index}", index=self.index.name)
        yield Step(
            title=self.title, phase=self.phase,
            # A build that was interrupted on the way back leaves an invalid index.
            do=(drop,), undo=(drop, *self._build_again()),
            locks=(Lock(self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.negated(proof.relation_exists(self.index.name)), in_transaction=False,
            hazard="duplicates are no longer refused" if self.index.unique else "",
        )  # fmt: skip

    def _build_again(self) -> Iterator[Statement]:
        yield _concurrently(self.index.definition)
        if self.index.comment:
            yield ddl("COMMENT ON INDEX {index} IS {comment}",
                      index=self.index.name, comment=Literal(self.index.comment))  # fmt: skip


def _partitioned(db: Snapshot, table: Relation) -> bool:
    found = db.find_table(table)
    return found is not None and found.kind == "partitioned table"


def _concurrently(definition: Expression) -> Statement:
    """The server prints CREATE [UNIQUE] INDEX first; the rest stays as it printed it."""
    for head in ("CREATE INDEX ", "CREATE UNIQUE INDEX "):
        if definition.startswith(head):
            return Statement(f"{head}CONCURRENTLY {definition.removeprefix(head)}")
    raise ValueError(f"not the definition of an index: {definition}")


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
