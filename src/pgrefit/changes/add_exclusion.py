"""Add an exclusion constraint, for which the server has no online way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._constraints import drop_constraint
from ._preconditions import constraint_taken, missing
from .create_index import names_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A part of the condition under which two rows exclude each other: a column or an expression, and an operator."""

    operator: str
    column: str = ""
    expression: Expression | None = None

    @property
    def sql(self) -> Expression:
        """As EXCLUDE takes it."""
        if self.expression is None and not self.column:
            raise ValueError("what excludes is a column or an expression")
        over = (expression("{c}", c=self.column) if self.expression is None
                else expression("({e})", e=raw(self.expression)))  # fmt: skip
        return expression("{over} WITH {operator}", over=raw(over), operator=raw(Expression(self.operator)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddExclusion(Change):
    """EXCLUDE USING method (…) WHERE (…). Its index is built while readers and writers wait."""

    table: Relation
    name: str
    elements: tuple[Excluded, ...]
    where: Expression | None = None
    method: str = "gist"
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"add exclusion {self.name} to {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table or column, a name that is taken, a partitioned table."""
        yield from missing(db, self.table, *(element.column for element in self.elements if element.column))
        yield from constraint_taken(db, self.table, self.name)
        table = db.find_table(self.table)
        if table and self.table.beside(self.name) in names_taken(db):
            yield Obstacle(str(self.table), f"the name {self.name} is taken")
        if table and table.kind == "partitioned table":
            yield Obstacle(str(self.table), "is partitioned: add it to its partitions")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        del db
        where = expression("WHERE ({e})", e=raw(self.where)) if self.where is not None else Expression("")
        yield Step(
            title=self.title, phase=self.phase,
            do=(ddl("ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING {method} ({elements}) {where}",
                    table=self.table, name=self.name, method=self.method, where=raw(where),
                    elements=raw(joined([element.sql for element in self.elements]))),),
            undo=(drop_constraint(self.table, self.name),),
            locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.BUILD,
            proof=proof.constraint_exists(self.table, self.name, valid=True),
            hazard="readers and writers wait until its index is built: the server has no online way. Rows that exclude"
            " each other stop it, and statements that write such rows fail from then on",
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.booking (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, during int4range, note text);
    INSERT INTO shop.booking (during) SELECT int4range(n * 10, n * 10 + 5) FROM generate_series(1, 50) AS n;
    """,
    AddExclusion(table=Relation("shop", "booking"), name="booking_alone",
                 elements=(Excluded(column="during", operator="&&"),)),
    writes="INSERT INTO shop.booking (note) VALUES (md5(random()::text))",
)  # fmt: skip
