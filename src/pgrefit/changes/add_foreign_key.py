"""Add a foreign key while both tables keep taking reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import FkAction, Snapshot, Table

from . import _proof as proof
from ._locks import family, on_family, strongest
from ._orphans import Care, Match, Orphans
from ._preconditions import constraint_taken, missing
from ._types import comparable

PARTITIONED_NOT_VALID = 180000  # the first server that adds NOT VALID foreign keys to partitioned tables


@dataclass(frozen=True, slots=True, kw_only=True)
class AddForeignKey(Change):
    """FOREIGN KEY … NOT VALID, then VALIDATE. The columns may be ones that an earlier change adds.

    `orphans`: what becomes of rows that refer to nothing. By default the validation stops at them; else they are put
    aside, their reference is emptied, or they are deleted: put aside too, with the note that nobody wants them back.
    """

    table: Relation
    columns: tuple[str, ...]
    parent: Relation
    parent_columns: tuple[str, ...]
    name: str = ""
    on_delete: FkAction = "no action"
    on_update: FkAction = "no action"
    phase: Phase = Phase.MIGRATE
    orphans: Care = "refuse"
    match: Match = "simple"
    deferrable: bool = False
    deferred: bool = False

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"make {self.table} ({', '.join(self.columns)}) refer to {self.parent}"

    @property
    def constraint(self) -> str:
        """The name of the constraint; by default the one that the server would choose."""
        return self.name or fit(f"{self.table.name}_{'_'.join(self.columns)}", "_fkey")

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Tables or columns that are not there, types that differ, a parent without the key, a name that is taken."""
        gone = (*missing(db, self.table, *self.columns), *missing(db, self.parent, *self.parent_columns))
        if gone:
            yield from gone
            return
        yield from constraint_taken(db, self.table, self.constraint)
        yield from self._mismatches(db.table(self.table), db.table(self.parent))
        if db.table(self.table).kind == "partitioned table" and db.server_version < PARTITIONED_NOT_VALID:
            yield Obstacle(str(self.table), "is partitioned: this server cannot add a foreign key NOT VALID")
        yield from self._orphans.obstacles(db)

    def _mismatches(self, table: Table, parent: Table) -> Iterator[Obstacle]:
        for column, key in zip(self.columns, self.parent_columns, strict=True):
            types = table.column(column).type, parent.column(key).type
            if not comparable(*types):
                yield Obstacle(f"{self.table}.{column}", f"is {types[0]}, but {self.parent}.{key} is {types[1]}")
        if not _has_key(parent, set(self.parent_columns)):
            yield Obstacle(str(self.parent), f"has no unique key on ({', '.join(self.parent_columns)})")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Two steps: for new rows at once, then for the rows that are there. Before them, what becomes of orphans."""
        if self.orphans == "refuse":
            yield from (self._announce(db), self._validate(db))
            return
        yield self._orphans.put_aside(db, self.phase)
        yield self._announce(db)
        yield self._orphans.swept(db, self._validate(db))

    @property
    def _orphans(self) -> Orphans:
        return Orphans(table=self.table, columns=self.columns, parent=self.parent, parent_columns=self.parent_columns,
                       match=self.match, care=self.orphans)  # fmt: skip

    def _announce(self, db: Snapshot) -> Step:
        return Step(
            title=f"add foreign key {self.constraint} to {self.table} for new rows", phase=self.phase,
            do=(ddl("ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns})"
                    " REFERENCES {parent} ({parent_columns}) {rest} NOT VALID",
                    table=self.table, name=self.constraint, columns=self.columns, parent=self.parent,
                    parent_columns=self.parent_columns, rest=raw(self._rest)),),
            undo=(ddl("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}", table=self.table, name=self.constraint),),
            locks=strongest((*on_family(db, self.table, LockMode.SHARE_ROW_EXCLUSIVE),
                             *on_family(db, self.parent, LockMode.SHARE_ROW_EXCLUSIVE))),
            work=Work.INSTANT, proof=proof.constraint_exists(self.table, self.constraint),
            hazard=f"rows that refer to nothing are refused from here on; a DELETE on {self.parent} {self._deletes}",
        )  # fmt: skip

    def _validate(self, db: Snapshot) -> Step:
        parts = (Lock(part, LockMode.ACCESS_SHARE) for part in family(db, self.parent)[1:])
        return Step(
            title=f"validate foreign key {self.constraint} of {self.table}", phase=self.phase,
            do=(ddl("ALTER TABLE {table} VALIDATE CONSTRAINT {name}", table=self.table, name=self.constraint),),
            undo=Way.NOTHING_LEFT,
            locks=strongest((*on_family(db, self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),
                             Lock(self.parent, LockMode.ROW_SHARE), *parts)),
            work=Work.SCAN, proof=proof.constraint_exists(self.table, self.constraint, valid=True),
            why="reads both tables, and blocks neither reads nor writes",
        )  # fmt: skip

    @property
    def _deletes(self) -> str:
        """What deleting a parent means from now on."""
        match self.on_delete:
            case "cascade":
                return "deletes the rows that refer to it"
            case "set null" | "set default":
                return "empties the reference"
            case _:
                return "is refused while rows refer to it"

    @property
    def _rest(self) -> Expression:
        match = "MATCH FULL " if self.match == "full" else ""
        when = " DEFERRABLE" if self.deferrable or self.deferred else ""
        when += " INITIALLY DEFERRED" if self.deferred else ""
        return Expression(f"{match}ON UPDATE {self.on_update.upper()} ON DELETE {self.on_delete.upper()}{when}")


def _has_key(parent: Table, columns: set[str]) -> bool:
    deferrable = {c.name for c in parent.constraints if c.deferrable}
    return any(
        index.unique and index.valid and index.predicate is None and index.constraint not in deferrable
        and set(index.columns) == columns
        for index in parent.indexes
    )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.buyer (id int PRIMARY KEY);
    INSERT INTO shop.buyer SELECT generate_series(1, 20);
    CREATE TABLE shop.purchase (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer_id int);
    INSERT INTO shop.purchase (buyer_id) SELECT 1 + n % 20 FROM generate_series(1, 50) AS n;
    """,
    AddForeignKey(table=Relation("shop", "purchase"), columns=("buyer_id",), parent=Relation("shop", "buyer"),
                  parent_columns=("id",), on_delete="cascade"),
    writes="INSERT INTO shop.purchase (buyer_id) VALUES (1 + floor(random() * 20)::int)",
)  # fmt: skip
