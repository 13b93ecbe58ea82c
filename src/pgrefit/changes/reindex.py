"""Build indexes again in place, which rids them of bloat and of corruption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import MAX_BYTES, Relation
from pgrefit.model.snapshot import Index, Snapshot, Table

from . import _proof as proof
from ._indexes import drop_concurrently, find_index, partitioned
from ._notes import FORGET, note, noted
from ._preconditions import missing

WRECK = re.compile(r"_cc(new|old)\d*\Z")
FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindex(Change):
    """REINDEX INDEX CONCURRENTLY of the named indexes of a table, or of all of them; invalid ones become valid."""

    table: Relation
    indexes: tuple[str, ...] = ()
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"build {', '.join(self.indexes) or 'all indexes'} of {self.table} again"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Indexes that are not there, or that the server cannot build again while the table is written."""
        yield from missing(db, self.table)
        table = db.find_table(self.table)
        if table is None:
            return
        for name in self.indexes:
            if find_index(db, self.table, name) is None:
                yield Obstacle(str(self.table), f"has no index {name}")
        if partitioned(db, self.table):
            yield Obstacle(str(self.table), "is partitioned: name its partitions one by one")
        exclusions = {c.name for c in table.constraints if c.kind == "exclusion"}
        for index in self._chosen(table):
            if index.constraint in exclusions:
                yield Obstacle(str(index.name), "backs an exclusion constraint: the server cannot rebuild it online")
            yield from self._in_place_of_wrecks(table, index)

    def _in_place_of_wrecks(self, table: Table, index: Index) -> Iterator[Obstacle]:
        """The undo drops what an interrupted rebuild leaves, by name."""
        names = {wreck.name for wreck in _possible_wrecks(index)}
        for other in table.indexes:
            if other.valid and other.name.name in names:
                yield Obstacle(str(other.name), f"has the name of what an interrupted rebuild of {index.name} leaves")

    def _chosen(self, table: Table) -> Iterator[Index]:
        for index in table.indexes:
            if index.name.name in self.indexes or (not self.indexes and not _is_wreck(index, table)):
                yield index

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step to clean up where an earlier rebuild was interrupted, then one for each index."""
        table = db.find_table(self.table)
        if table is None:
            return
        wrecks = tuple(index.name for index in table.indexes if _is_wreck(index, table))
        if wrecks:
            yield self._clean(wrecks)
        for index in self._chosen(table):
            yield self._rebuild(index)

    def _clean(self, wrecks: tuple[Relation, ...]) -> Step:
        return Step(
            title=f"drop what interrupted rebuilds left on {self.table}", phase=self.phase,
            do=tuple(map(drop_concurrently, wrecks)), undo=Way.NOTHING_LEFT, locks=self._locks, work=Work.INSTANT,
            proof=proof.every(*(proof.negated(proof.relation_exists(wreck)) for wreck in wrecks)),
            in_transaction=False, why="they are invalid: they answer nothing, and yet each write maintains them",
        )  # fmt: skip

    def _rebuild(self, index: Index) -> Step:
        clean = tuple(map(drop_concurrently, _possible_wrecks(index)))
        return Step(
            title=f"build index {index.name.name} of {self.table} again", phase=self.phase,
            do=(note(str(index.name), FILE, _file(index.name)),
                ddl("REINDEX INDEX CONCURRENTLY {index}", index=index.name)),
            undo=(*clean, FORGET), locks=self._locks, work=Work.BUILD, proof=self._proof(index), in_transaction=False,
            hazard="needs room for a second copy of the index while it is built",
        )  # fmt: skip

    def _proof(self, index: Index) -> Statement:
        """The index is valid and in another file than the step noted before it began."""
        renewed = ddl("SELECT coalesce({now} <> {then}, false)", now=raw(_file(index.name)), then=raw(noted(FILE)))
        left = (proof.negated(proof.relation_exists(wreck)) for wreck in _possible_wrecks(index))
        return proof.every(renewed, proof.index_valid(index.name, self.table), *left)

    @property
    def _locks(self) -> tuple[Lock, ...]:
        return (Lock(self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),)


def _file(index: Relation) -> Expression:
    return expression("pg_catalog.pg_relation_filenode({oid})::text", oid=raw(proof.oid_of(index)))


def _possible_wrecks(index: Index) -> tuple[Relation, ...]:
    """What a rebuild calls the copy that it builds, and the original once it has been replaced."""
    return tuple(index.name.beside(_cut(index.name.name, suffix) + suffix) for suffix in ("_ccnew", "_ccold"))


def _cut(name: str, suffix: str) -> str:
    return name.encode()[: MAX_BYTES - len(suffix)].decode(errors="ignore")


def _is_wreck(index: Index, table: Table) -> bool:
    """Whether it is invalid and named as the left-over of a rebuild of another index of the table."""
    found = WRECK.search(index.name.name)
    if index.valid or found is None:
        return False
    stem = index.name.name[: found.start()]
    return any(_cut(other.name.name, found[0]) == stem for other in table.indexes)


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL);
    CREATE INDEX orders_buyer ON shop.orders (lower(buyer));
    ALTER INDEX shop.orders_buyer ALTER COLUMN 1 SET STATISTICS 500;
    COMMENT ON INDEX shop.orders_buyer IS 'orders of a buyer';
    INSERT INTO shop.orders (buyer) SELECT 'buyer ' || n % 7 FROM generate_series(1, 100) AS n;
    """,
    Reindex(table=Relation("shop", "orders")),
    writes="INSERT INTO shop.orders (buyer) VALUES (md5(random()::text))",
)
