"""Let a column be empty, with a way back that reads no table under an exclusive lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Statement, ddl
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Constraint, Snapshot, Table

from . import _proof as proof
from ._locks import family, on_family
from ._marks import comment_on, mark, validate
from ._preconditions import inherited, missing


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNotNull(Change):
    """DROP NOT NULL. A check takes its place first, so that the way back has a validated one to trust."""

    table: Relation
    column: str
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"let {self.table}.{self.column} be empty"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What rests on the column having a value."""
        gone = tuple(missing(db, self.table, self.column))
        yield from gone
        if gone or not db.table(self.table).column(self.column).not_null:
            return
        yield from inherited(db, self.table, self.column)
        yield from (Obstacle(f"{self.table}.{self.column}", says) for says in self._needed(db))

    def _needed(self, db: Snapshot) -> Iterator[str]:
        table = db.table(self.table)
        if self.column in table.primary_key:
            yield "is part of the primary key"
        if table.column(self.column).identity:
            yield "is an identity"
        if any(index.replica_identity and self.column in index.columns for index in table.indexes):
            yield "is part of the replica identity"
        if any(member.inherits and not member.partition_of for member in map(db.table, self._heirs(db))):
            yield "tables inherit from this one, and may require it on their own"
        if len({self._name(member) for member in map(db.table, family(db, self.table))}) > 1:
            yield "partitions name their NOT NULL otherwise"

    def _heirs(self, db: Snapshot) -> tuple[Relation, ...]:
        return family(db, self.table)[1:]

    def _name(self, table: Table) -> str:
        named = self._constraint(table)
        return named.name if named else ""

    def _constraint(self, table: Table) -> Constraint | None:
        """The NOT NULL of the column, where the server gives it a name (PostgreSQL 18)."""
        return next((c for c in table.constraints if c.kind == "not null" and c.columns == (self.column,)), None)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A check in the place of NOT NULL, then none. Nothing where the column may be empty already."""
        table = db.table(self.table)
        if not table.column(self.column).not_null:
            return
        yield self._replace(db, table)
        text = f"stands in for NOT NULL of {self.column}"
        yield mark(self.table, self._check, text, was="", phase=self.phase)
        yield Step(
            title=f"accept rows without {self.table}.{self.column}", phase=self.phase,
            do=(self._remove_check,), undo=(self._add_check, comment_on(self.table, self._check, text)),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(self._optional, proof.negated(proof.constraint_exists(self.table, self._check))),
            hazard="rows that are written without a value bar the way back until they have one",
        )  # fmt: skip

    def _replace(self, db: Snapshot, table: Table) -> Step:
        drop = ddl("ALTER TABLE {table} ALTER COLUMN {c} DROP NOT NULL", table=self.table, c=self.column)
        return Step(
            title=f"replace NOT NULL of {self.table}.{self.column} by a check", phase=self.phase,
            do=(self._add_check, drop),
            # Valid already, but for whoever goes back right after this step: then it is read before the strong lock.
            undo=(validate(self.table, self._check), *self._require(table), self._remove_check),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT, proof=self._optional,
        )  # fmt: skip

    def _require(self, table: Table) -> Iterator[Statement]:
        named = self._constraint(table)
        if named is None:
            yield ddl("ALTER TABLE {table} ALTER COLUMN {c} SET NOT NULL", table=self.table, c=self.column)
            return
        yield ddl("ALTER TABLE {table} ADD CONSTRAINT {name} NOT NULL {c}",
                  table=self.table, name=named.name, c=self.column)  # fmt: skip
        if named.comment:
            yield comment_on(self.table, named.name, named.comment)

    @property
    def _check(self) -> str:
        return fit(f"pgrefit_{self.column}", "_was_required")

    @property
    def _add_check(self) -> Statement:
        return ddl("ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({c} IS NOT NULL) NOT VALID",
                   table=self.table, check=self._check, c=self.column)  # fmt: skip

    @property
    def _remove_check(self) -> Statement:
        return ddl("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {check}", table=self.table, check=self._check)

    @property
    def _optional(self) -> Statement:
        return proof.every(
            proof.column_exists(self.table, self.column), proof.negated(proof.column_not_null(self.table, self.column))
        )


EXAMPLE = Example(
    """
    CREATE TABLE shop.guest (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, phone text NOT NULL);
    INSERT INTO shop.guest (name, phone) SELECT 'guest ' || n, n::text FROM generate_series(1, 50) AS n;
    """,
    DropNotNull(table=Relation("shop", "guest"), column="phone"),
    writes="INSERT INTO shop.guest (name, phone) VALUES (md5(random()::text), '1')",
)
