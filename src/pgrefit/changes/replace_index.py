"""Put another index in the place of one, without a moment at which neither is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Index, Snapshot

from . import _proof as proof
from ._indexes import drop_concurrently, find_index, missing_index, partitioned, rebuilt, resting_keys
from ._preconditions import missing
from .create_index import CreateIndex, IndexColumn, names_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceIndex(Change):
    """Build the new index, hand over what the table knows the old one for, drop the old one.

    All but `index`, the name of the old one, describes the new one, as for CreateIndex. Without a `name` the new one
    takes the old one's name and comment.
    """

    table: Relation
    index: str
    keys: tuple[IndexColumn, ...]
    include: tuple[str, ...] = ()
    where: Expression | None = None
    unique: bool = False
    nulls_not_distinct: bool = False
    method: str = "btree"
    options: tuple[str, ...] = ()
    name: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"replace index {self.index} of {self.table}"

    @property
    def _old(self) -> Relation:
        return self.table.beside(self.index)

    @property
    def _takes_name(self) -> bool:
        return self.name in {"", self.index}

    @property
    def _build(self) -> CreateIndex:
        name = fit(self.index, "_pgrefit") if self._takes_name else self.name
        return CreateIndex(
            table=self.table, keys=self.keys, include=self.include, where=self.where, unique=self.unique,
            nulls_not_distinct=self.nulls_not_distinct, method=self.method, options=self.options, name=name,
            phase=Phase.SWITCH,
        )  # fmt: skip

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What the new index cannot be built over, and what needs the old one for what the new one cannot do."""
        columns = (*(key.column for key in self.keys if key.column is not None), *self.include)
        yield from missing(db, self.table, *columns)
        yield from missing_index(db, self.table, self.index)
        if partitioned(db, self.table):
            yield Obstacle(str(self.table), "is partitioned: indexes are built concurrently on its partitions")
        if self._build.index in names_taken(db):
            yield Obstacle(str(self._build.index), "the name is taken")
        old = find_index(db, self.table, self.index)
        if old is not None:
            yield from self._holding(old)
            yield from resting_keys(db, self.table, old)
            if old.replica_identity:
                yield from self._no_identity(db)

    def _holding(self, old: Index) -> Iterator[Obstacle]:
        same = replace(CreateIndex.like(old, self.table, name=self._build.name), phase=Phase.SWITCH) == self._build
        reasons = {
            f"backs constraint {old.constraint}": old.constraint is not None,
            "belongs to a partitioned index": old.partition_of is not None,
            "is what it would be replaced by: build it again with reindex": same,
            "is what the table was clustered by, and by the new one it cannot be": old.clustered
            and (self.method not in {"btree", "gist"} or self.where is not None),
        }
        yield from (Obstacle(str(old.name), reason) for reason, holds in reasons.items() if holds)

    def _no_identity(self, db: Snapshot) -> Iterator[Obstacle]:
        required = {column.name for column in db.table(self.table).columns if column.not_null}
        plain = all(key.column in required for key in self.keys)
        if not (self.unique and plain and self.where is None and self.method == "btree"):
            yield Obstacle(str(self._old), "is the replica identity: the new one must be unique over required columns")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Build, hand over where there is something, drop, and rename where no other name is given."""
        old = find_index(db, self.table, self.index)
        if old is None:
            return
        (build,) = self._build.steps(db)
        yield replace(build, proof=self._there(old, proof.index_valid(self._build.index, self.table)))
        if old.clustered or old.replica_identity:
            yield self._hand_over(old)
        yield Step(
            title=f"drop index {self.index} of {self.table}, which {self._build.name} replaces", phase=Phase.SWITCH,
            do=(drop_concurrently(self._old),), undo=tuple(rebuilt(old)),
            locks=(Lock(self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.INSTANT,
            proof=self._there(old, proof.negated(proof.relation_exists(self._old))), in_transaction=False,
            hazard="duplicates are no longer refused" if old.unique and not self.unique else "",
        )  # fmt: skip
        if self._takes_name:
            yield self._rename(old)

    def _there(self, old: Index, so_far: Statement) -> Statement:
        """A proof that also holds once the new index has taken the name."""
        return proof.some(so_far, proof.index_differs(self._old, old.definition)) if self._takes_name else so_far

    def _hand_over(self, old: Index) -> Step:
        mode = LockMode.ACCESS_EXCLUSIVE if old.replica_identity else LockMode.SHARE_UPDATE_EXCLUSIVE
        return Step(
            title=f"let {self._build.name} stand for index {self.index} of {self.table}", phase=Phase.SWITCH,
            do=tuple(self._marks(old, self._build.name)), undo=tuple(self._marks(old, self.index)),
            locks=(Lock(self.table, mode),), work=Work.INSTANT,
            proof=proof.some(self._marked(old, self._build.index), proof.every(
                proof.index_differs(self._old, old.definition), self._marked(old, self._old))),
            why="the table is clustered by it, or replication knows rows by it",
        )  # fmt: skip

    def _marks(self, old: Index, index: str) -> Iterator[Statement]:
        if old.clustered:
            yield ddl("ALTER TABLE {table} CLUSTER ON {index}", table=self.table, index=index)
        if old.replica_identity:
            yield ddl("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index}", table=self.table, index=index)

    def _marked(self, old: Index, index: Relation) -> Statement:
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {oid} AND indisclustered = {clustered}"
            " AND indisreplident = {identity})",
            oid=raw(proof.oid_of(index)), clustered=old.clustered, identity=old.replica_identity,
        )  # fmt: skip

    def _rename(self, old: Index) -> Step:
        new = self._build.index
        do = [ddl("ALTER INDEX {new} RENAME TO {name}", new=new, name=self.index)]
        undo = [ddl("ALTER INDEX {old} RENAME TO {name}", old=self._old, name=new.name)]
        if old.comment:
            do.append(ddl("COMMENT ON INDEX {old} IS {comment}", old=self._old, comment=Literal(old.comment)))
            undo.append(ddl("COMMENT ON INDEX {new} IS NULL", new=new))
        return Step(
            title=f"rename index {new.name} of {self.table} to {self.index}", phase=Phase.SWITCH,
            do=tuple(do), undo=tuple(undo), locks=(), work=Work.INSTANT,
            proof=proof.index_differs(self._old, old.definition),
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL, paid boolean);
    CREATE INDEX orders_buyer ON shop.orders (buyer, lower(buyer));
    ALTER INDEX shop.orders_buyer ALTER COLUMN 2 SET STATISTICS 500;
    ALTER TABLE shop.orders CLUSTER ON orders_buyer;
    COMMENT ON INDEX shop.orders_buyer IS 'orders of a buyer';
    INSERT INTO shop.orders (buyer, paid) SELECT 'buyer ' || n % 7, n % 3 = 0 FROM generate_series(1, 100) AS n;
    """,
    ReplaceIndex(
        table=Relation("shop", "orders"), index="orders_buyer",
        keys=(IndexColumn(column="buyer"), IndexColumn(column="id", descending=True)), include=("paid",),
    ),
    writes="INSERT INTO shop.orders (buyer, paid) VALUES (md5(random()::text), random() < 0.5)",
)  # fmt: skip
