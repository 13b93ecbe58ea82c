"""Make a column required without reading the table under an exclusive lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Statement, ddl
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._locks import on_family
from ._preconditions import missing


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNotNull(Change):
    """SET NOT NULL by way of a validated check. The column may be one that an earlier change adds."""

    table: Relation
    column: str
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"require {self.table}.{self.column}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A table or column that is not there."""
        return missing(db, self.table, self.column)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """None where the column is required already."""
        table = db.find_table(self.table)
        if table and any(c.name == self.column and c.not_null for c in table.columns):
            return
        yield self._refuse_nulls(db)
        yield self._validate(db)
        yield self._require(db)
        yield self._drop_check(db)

    @property
    def _check(self) -> str:
        return fit(f"pgrefit_{self.column}", "_required")

    def _refuse_nulls(self, db: Snapshot) -> Step:
        return Step(
            title=f"refuse new rows without {self.table}.{self.column}", phase=self.phase,
            do=(self._add_check,), undo=(self._remove_check,),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.some(proof.constraint_exists(self.table, self._check), self._required),
            hazard=f"statements that leave {self.column} empty fail from here on",
        )  # fmt: skip

    def _validate(self, db: Snapshot) -> Step:
        return Step(
            title=f"check that every row has {self.table}.{self.column}", phase=self.phase,
            do=(self._validate_check,), undo=Way.NOTHING_LEFT,
            locks=on_family(db, self.table, LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.SCAN,
            proof=proof.some(proof.constraint_exists(self.table, self._check, valid=True), self._required),
            why="the only long step, and it blocks neither reads nor writes",
        )  # fmt: skip

    def _require(self, db: Snapshot) -> Step:
        return Step(
            title=f"set {self.table}.{self.column} NOT NULL", phase=self.phase,
            do=(ddl("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL", table=self.table, column=self.column),),
            # Whoever goes back only that far finds the check valid; its scan comes before the strong lock.
            undo=(self._validate_check, ddl("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL",
                                            table=self.table, column=self.column)),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=self._required, why="the server trusts the validated check and does not read the table again",
        )  # fmt: skip

    def _drop_check(self, db: Snapshot) -> Step:
        gone = proof.negated(proof.constraint_exists(self.table, self._check))
        return Step(
            title=f"drop the check that NOT NULL of {self.table}.{self.column} replaces", phase=self.phase,
            do=(self._remove_check,), undo=(self._add_check,),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(gone, self._required),
        )  # fmt: skip

    @property
    def _add_check(self) -> Statement:
        return ddl("ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID",
                   table=self.table, check=self._check, column=self.column)  # fmt: skip

    @property
    def _validate_check(self) -> Statement:
        return ddl("ALTER TABLE {table} VALIDATE CONSTRAINT {check}", table=self.table, check=self._check)

    @property
    def _remove_check(self) -> Statement:
        return ddl("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check}", table=self.table, check=self._check)

    @property
    def _required(self) -> Statement:
        return proof.column_not_null(self.table, self.column)


EXAMPLE = Example(
    """
    CREATE TABLE shop.buyer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text);
    INSERT INTO shop.buyer (email) SELECT 'buyer' || n || '@example.org' FROM generate_series(1, 50) AS n;
    """,
    SetNotNull(table=Relation("shop", "buyer"), column="email"),
    writes="INSERT INTO shop.buyer (email) VALUES (md5(random()::text))",
)
