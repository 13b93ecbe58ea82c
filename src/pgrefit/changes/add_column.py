"""Add a column to a table in use.

What the server takes for constant it notes in the catalog, and no row is touched. A default that is worked out for each
row (gen_random_uuid()) would have the table written anew: there the column comes empty, the default holds for new rows,
and those that are there are filled in batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Snapshot
from pgrefit.model.sql_tree import columns_of, is_readable

from . import _proof as proof
from ._batches import update_batches
from ._defaults import is_volatile
from ._locks import on_family
from ._preconditions import column_taken, fired_by_updating, missing, rows_unwalkable
from ._types import named_type
from .set_not_null import SetNotNull

VIRTUAL = 180000  # the first server with virtual generated columns
SERIALS = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn(Change):
    """ADD COLUMN. With `generated`, `value` is what it is computed from; else it is the default.

    `type` and `collation` are as SQL spells them. A stored generated column is refused unless `rewrite`: the server
    writes the whole table under ACCESS EXCLUSIVE for it.
    """

    table: Relation
    column: str
    type: str
    value: Expression | None = None
    required: bool = False
    generated: OneOf["", "stored", "virtual"] = ""
    collation: str = ""
    comment: str = ""
    rewrite: bool = False

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"add {self.table}.{self.column}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A name that is taken, a value that would have the table written anew or that rows would lack."""
        gone = tuple(missing(db, self.table))
        if gone:
            yield from gone
            return
        yield from column_taken(db, self.table, self.column)
        about = f"{self.table}.{self.column}"
        if parent := db.table(self.table).partition_of:
            yield Obstacle(about, f"{self.table} is a partition: add it to {parent}")
        yield from (Obstacle(about, says) for says in (*self._unfit_type(db), *self._unfit_value(db)))
        if self._is_filled(db):
            yield from rows_unwalkable(db, self.table)

    def adds(self) -> Iterator[tuple[Relation, Column]]:
        """The column."""
        yield self.table, Column(name=self.column, position=0, type=self.type)

    def _unfit_type(self, db: Snapshot) -> Iterator[str]:
        if self.type.lower() in SERIALS:
            yield f"{self.type} would have the table written anew: add an integer column, fill it, make it an identity"
            return
        name = named_type(self.type)
        if name is None:
            yield f"{self.type} is not the name of a type"
        elif name in _domains_with_constraints(db):
            yield f"{self.type} is a domain with constraints, for which the server writes the table anew"

    def _unfit_value(self, db: Snapshot) -> Iterator[str]:
        if self.value is not None and not is_readable(self.value):
            yield f"this is not an expression: {self.value}"
        elif self.generated:
            yield from self._unfit_generated(db, self.value)
        elif self.required and self.value is None:
            yield "is required, and the rows that are there would have no value: give a default, or fill and require it"

    def _unfit_generated(self, db: Snapshot, value: Expression | None) -> Iterator[str]:
        columns = {column.name: column for column in db.table(self.table).columns}
        for name in columns_of(value, self.table.name) if value is not None else ():
            if name not in columns:
                yield f"is computed from {name}, which is no column"
            elif columns[name].generated:
                yield f"is computed from {name}, which is generated itself"
        if value is None:
            yield "is generated, but not said from what"
        if self.generated == "virtual" and db.server_version < VIRTUAL:
            yield "virtual columns need PostgreSQL 18: use a view, or a stored column"
        if self.generated == "virtual" and self.required:
            yield "is virtual: require the columns that it is computed from instead"
        if self.generated == "stored" and not self.rewrite:
            yield (
                "the server writes the whole table anew under ACCESS EXCLUSIVE to store it: make it virtual, compute it"
                " in a view, or say `rewrite` where the table is small"
            )

    def _is_filled(self, db: Snapshot) -> bool:
        """Whether the rows that are there are filled in batches."""
        return self.value is not None and not self.generated and is_readable(self.value) and is_volatile(self.value, db)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: the column. Migrate, where rows are filled one by one: their values, NOT NULL."""
        if not self._is_filled(db) or self.value is None:
            yield self._add(db, self._whole)
            return
        yield self._add(db, joined([
            expression("ADD COLUMN {definition}", definition=raw(self._head)),
            expression("ALTER COLUMN {c} SET DEFAULT {value}", c=self.column, value=raw(self.value)),
        ]))  # fmt: skip
        yield self._fill(db, self.value)
        if self.required:
            yield from SetNotNull(table=self.table, column=self.column).steps(db)

    @property
    def _head(self) -> Expression:
        collation = Expression(f" COLLATE {self.collation}" if self.collation else "")
        return expression("{c} {type}{collation}", c=self.column, type=raw(Expression(self.type)),
                          collation=raw(collation))  # fmt: skip

    @property
    def _whole(self) -> Expression:
        parts = [expression("ADD COLUMN {head}", head=raw(self._head))]
        if self.value is not None and self.generated:
            kind = raw(Expression(self.generated.upper()))
            parts.append(expression("GENERATED ALWAYS AS ({value}) {kind}", value=raw(self.value), kind=kind))
        elif self.value is not None:
            parts.append(expression("DEFAULT {value}", value=raw(self.value)))
        if self.required:
            parts.append(Expression("NOT NULL"))
        return joined(parts, " ")

    def _add(self, db: Snapshot, actions: Expression) -> Step:
        rewritten = self.generated == "stored"
        hazard = "a prepared SELECT * over the table must be prepared again"
        if rewritten:
            hazard += "; readers and writers wait until the whole table is written anew"
        return Step(
            title=f"add {self.column} to {self.table}", phase=Phase.EXPAND,
            do=(ddl("ALTER TABLE {table} {actions}", table=self.table, actions=raw(actions)), *self._describe()),
            undo=(ddl("ALTER TABLE {table} DROP COLUMN IF EXISTS {c}", table=self.table, c=self.column),),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE),
            work=Work.REWRITE if rewritten else Work.INSTANT,
            proof=proof.column_exists(self.table, self.column), hazard=hazard,
        )  # fmt: skip

    def _describe(self) -> tuple[Statement, ...]:
        if not self.comment:
            return ()
        return (ddl("COMMENT ON COLUMN {table}.{c} IS {text}", table=self.table, c=self.column,
                    text=Literal(self.comment)),)  # fmt: skip

    def _fill(self, db: Snapshot, value: Expression) -> Step:
        table = db.table(self.table)
        empty = expression("t.{c} IS NULL", c=self.column)
        return Step(
            title=f"fill {self.table}.{self.column} in for the rows that are there", phase=Phase.MIGRATE,
            do=update_batches(table, expression("{c} = {value}", c=self.column, value=raw(value)), empty),
            undo=Way.NOTHING_LEFT,
            locks=on_family(db, self.table, LockMode.ROW_EXCLUSIVE), work=Work.BATCHES,
            proof=proof.no_row(self.table, empty), hazard=fired_by_updating(table, (self.column,)),
        )  # fmt: skip


def _domains_with_constraints(db: Snapshot) -> set[Relation]:
    """Domains that refuse values, themselves or by the domain that they are of."""
    domains = {user_type.name: user_type for user_type in db.types if user_type.kind == "domain"}
    strict = {name for name, domain in domains.items() if domain.not_null or domain.checks}
    while more := {n for n, d in domains.items() if n not in strict and named_type(d.base) in strict}:
        strict |= more
    return strict


EXAMPLE = Example(
    """
    CREATE TABLE shop.buyer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text);
    INSERT INTO shop.buyer (email) SELECT 'buyer' || n || '@example.org' FROM generate_series(1, 50) AS n;
    CREATE FUNCTION shop.home() RETURNS text VOLATILE LANGUAGE sql AS $$ SELECT 'eu' $$;
    """,
    AddColumn(table=Relation("shop", "buyer"), column="region", type="text", value=Expression("shop.home()"),
              required=True, comment="where the buyer's data is kept"),
    writes="INSERT INTO shop.buyer (email) VALUES (md5(random()::text))",
)  # fmt: skip
