"""Move columns of a table into a new one beside it, one row to one row, keyed by the same key.

Until the contract phase applications write the old table alone: the old version as ever, the new one through a view
with the new table's name and shape. Triggers keep the new table true meanwhile; at the end it takes the view's place in
the transaction that drops the columns. A new row of the old table has one in the new table at once, or, where columns
that have no default are required, as soon as these are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Column, Constraint, Index, Snapshot, Table

from . import _proof as proof
from ._guard import purpose, refuse_unknown
from ._locks import strongest
from ._one_to_one import Pairing, copy_to_side, copying, equal, fill_side, stop_copying
from ._preconditions import missing, rows_unwalkable
from ._side_table import carried_indexes, unfit_for_side
from ._side_views import drop_side_view, privileges, side_view
from .create_index import CreateIndex, names_taken
from .drop_not_null import DropNotNull

TABLE_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTable(Change):
    """Columns of `table` go to the table `into`, which is made."""

    table: Relation
    columns: tuple[str, ...]
    into: Relation

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"move {', '.join(self.columns)} of {self.table} to the new table {self.into}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Names that are taken, and whatever hangs on the table or the columns that is not carried along."""
        gone = tuple(missing(db, self.table, *self.columns))
        if gone:
            yield from gone
            return
        table = db.table(self.table)
        yield from rows_unwalkable(db, self.table)
        yield from unfit_for_side(db, table, self.columns)
        for name in (self.into, self._made):
            if name in names_taken(db):
                yield Obstacle(str(name), "the name is taken")
        if self.into.schema not in {schema.name for schema in db.schemas}:
            yield Obstacle(self.into.schema, "there is no such schema")
        if set(self.columns) & set(table.row_key) or not self.columns:
            yield Obstacle(str(self.table), "columns move, but not those of its key")
        yield from self._hanging_on(db, table)

    def _hanging_on(self, db: Snapshot, table: Table) -> Iterator[Obstacle]:
        carried = {c.name for c in self._checks(table)} | {i.name.name for i in self._indexes(db, table)}
        required = {c.name for c in table.constraints if c.kind == "not null"}
        for column in self.columns:
            for use in db.uses_of(self.table, column):
                mine = use.kind in {"index", "constraint"} and use.member in carried | required
                if not mine:
                    yield Obstacle(f"{self.table}.{column}", f"{use.name} depends on it")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: table, triggers. Migrate: rows, indexes. Switch: the view. Contract: the table takes its place."""
        table = db.table(self.table)
        pairing = self._pairing(table)
        indexes = self._indexes(db, table)
        yield self._create(table)
        yield self._copy(pairing)
        yield self._fill(pairing, table)
        for index in indexes:
            yield from CreateIndex.like(index, self._made, name=_new_name(index)).steps(db)
        for column in pairing.required:
            yield from DropNotNull(table=self.table, column=column).steps(db)
        yield self._show(pairing, table)
        yield self._take_over(table, indexes)
        yield self._check_references()

    @property
    def _made(self) -> Relation:
        """What the new table is called until it takes the view's place."""
        return self.into.beside(fit(self.into.name, "_pgrefit_new"))

    @property
    def _purpose(self) -> str:
        return purpose("split", self.table, str(self.into))

    @property
    def _reference(self) -> str:
        return fit(self.into.name, "_pgrefit_fkey")

    def _pairing(self, table: Table) -> Pairing:
        moved = [table.column(name) for name in self.columns]
        required = tuple(c.name for c in moved if c.not_null and c.default is None)
        return Pairing(
            main=self.table, key=tuple((name, name) for name in table.row_key), required=required,
            columns=tuple((name, name) for name in self.columns),
        )  # fmt: skip

    def _checks(self, table: Table) -> list[Constraint]:
        inside = {*self.columns, *table.row_key}
        return [c for c in table.checks if set(c.columns) <= inside and set(c.columns) & set(self.columns)]

    def _indexes(self, db: Snapshot, table: Table) -> list[Index]:
        return carried_indexes(db, table, self.columns)

    def _create(self, table: Table) -> Step:
        parts = [
            *(_definition(table.column(name), key=True) for name in table.row_key),
            *(_definition(table.column(name), key=False) for name in self.columns),
            expression("CONSTRAINT {n} PRIMARY KEY ({c})", n=_key_name(self._made), c=table.row_key),
            *(expression("CONSTRAINT {n} {d}", n=c.name, d=raw(c.definition)) for c in self._checks(table)),
        ]
        names = {name: name for name in (*table.row_key, *self.columns)}
        return Step(
            title=f"create {self._made} for columns of {self.table}", phase=Phase.EXPAND,
            do=(ddl("CREATE TABLE {made} ({parts})", made=self._made, parts=raw(joined(parts))),
                *self._describe(table), *privileges(self._made, table, names, TABLE_PRIVILEGES)),
            undo=(ddl("DROP TABLE IF EXISTS {made}", made=self._made),), locks=(), work=Work.INSTANT,
            proof=proof.relation_exists(self._made),
            hazard="publications that name tables do not have this one: add it where its rows are to be published",
        )  # fmt: skip

    def _describe(self, table: Table) -> Iterator[Statement]:
        if table.owner:
            yield ddl("ALTER TABLE {made} OWNER TO {owner}", made=self._made, owner=table.owner)
        for column in (table.column(name) for name in self.columns):
            alter = expression("ALTER TABLE {made} ALTER COLUMN {c}", made=self._made, c=column.name)
            if column.storage:
                yield ddl("{alter} SET STORAGE {s}", alter=raw(alter), s=raw(Expression(column.storage)))
            if column.compression:
                yield ddl("{alter} SET COMPRESSION {s}", alter=raw(alter), s=raw(Expression(column.compression)))
            if column.statistics_target is not None:
                yield ddl("{alter} SET STATISTICS {n}", alter=raw(alter), n=column.statistics_target)
            if column.comment:
                yield ddl("COMMENT ON COLUMN {made}.{c} IS {text}", made=self._made, c=column.name,
                          text=Literal(column.comment))  # fmt: skip

    def _copy(self, pairing: Pairing) -> Step:
        return Step(
            title=f"copy what is written to {self.table} to {self._made}", phase=Phase.EXPAND,
            do=copy_to_side(pairing, self._made, self._purpose), undo=stop_copying(self.table, self._purpose),
            locks=(Lock(self.table, LockMode.SHARE_ROW_EXCLUSIVE),), work=Work.INSTANT,
            proof=copying(self.table, self._purpose),
        )  # fmt: skip

    def _fill(self, pairing: Pairing, table: Table) -> Step:
        return Step(
            title=f"copy existing rows of {self.table} to {self._made}", phase=Phase.MIGRATE,
            do=fill_side(pairing, self._made, table), undo=Way.NOTHING_LEFT,
            locks=(Lock(self.table, LockMode.ROW_SHARE), Lock(self._made, LockMode.ROW_EXCLUSIVE)), work=Work.BATCHES,
            proof=equal(pairing, self._made),
        )  # fmt: skip

    def _show(self, pairing: Pairing, table: Table) -> Step:
        columns = [table.column(name) for name in self.columns]
        names = {name: name for name in (*table.row_key, *self.columns)}
        missing_ = f"; until its row in {self.into} is there, a row of {self.table} lacks {', '.join(pairing.required)}"
        return Step(
            title=f"show {self.into} to the new version of the application", phase=Phase.SWITCH,
            do=(*side_view(self.into, pairing, table, columns, self._purpose), *privileges(self.into, table, names)),
            undo=drop_side_view(self.into, self._purpose),
            locks=(Lock(self.table, LockMode.ACCESS_SHARE),), work=Work.INSTANT, proof=proof.relation_exists(self.into),
            why="a view over the old table: what either version writes, the other sees at once",
            hazard="INSERT … ON CONFLICT does not work on it before the contract phase"
            + (missing_ if pairing.required else ""),
        )  # fmt: skip

    def _take_over(self, table: Table, indexes: list[Index]) -> Step:
        drops = raw(joined([expression("DROP COLUMN {c}", c=name) for name in self.columns]))
        known = {*(c.name for c in table.constraints), *(index.name.name for index in indexes)}
        return Step(
            title=f"let {self.into} take over, and drop its columns from {self.table}", phase=Phase.CONTRACT,
            do=(*stop_copying(self.table, self._purpose), *drop_side_view(self.into, self._purpose),
                refuse_unknown(self.table, self.columns, known),
                ddl("ALTER TABLE {table} {drops}", table=self.table, drops=drops),
                ddl("ALTER TABLE {made} RENAME TO {name}", made=self._made, name=self.into.name),
                *self._rename_parts(indexes),
                ddl("ALTER TABLE {into} ADD CONSTRAINT {name} FOREIGN KEY ({key}) REFERENCES {table} ({key})"
                    " ON UPDATE CASCADE ON DELETE CASCADE NOT VALID", into=self.into, name=self._reference,
                    key=table.row_key, table=self.table)),
            undo=Way.NO_RETURN,
            locks=strongest(Lock(on, LockMode.ACCESS_EXCLUSIVE) for on in (self.table, self._made)),
            work=Work.INSTANT,
            proof=proof.every(proof.negated(proof.relation_exists(self._made)),
                              *(proof.negated(proof.column_exists(self.table, name)) for name in self.columns)),
            hazard="the old version of the application must not run any more;"
            f" the new one inserts rows into {self.into} itself",
        )  # fmt: skip

    def _rename_parts(self, indexes: list[Index]) -> Iterator[Statement]:
        yield ddl("ALTER TABLE {into} RENAME CONSTRAINT {old} TO {new}", into=self.into, old=_key_name(self._made),
                  new=_key_name(self.into))  # fmt: skip
        for index in indexes:
            yield ddl("ALTER INDEX {old} RENAME TO {new}", old=self.into.beside(_new_name(index)), new=index.name.name)
            if index.comment:
                yield ddl("COMMENT ON INDEX {index} IS {text}", index=self.into.beside(index.name.name),
                          text=Literal(index.comment))  # fmt: skip

    def _check_references(self) -> Step:
        return Step(
            title=f"check that every row of {self.into} has its row in {self.table}", phase=Phase.CONTRACT,
            do=(ddl("ALTER TABLE {into} VALIDATE CONSTRAINT {name}", into=self.into, name=self._reference),),
            undo=Way.NOTHING_LEFT,
            locks=(Lock(self.into, LockMode.SHARE_UPDATE_EXCLUSIVE), Lock(self.table, LockMode.ROW_SHARE)),
            work=Work.SCAN, proof=proof.constraint_exists(self.into, self._reference, valid=True),
        )  # fmt: skip


def _key_name(table: Relation) -> str:
    return fit(table.name, "_pkey")


def _new_name(index: Index) -> str:
    return fit(index.name.name, "_pgrefit_new")


def _definition(column: Column, *, key: bool) -> Expression:
    parts = [expression("{c} {type}", c=column.name, type=raw(Expression(column.type)))]
    if column.collation:
        parts.append(Expression(f"COLLATE {column.collation}"))
    if not key and column.default is not None:
        parts.append(expression("DEFAULT {value}", value=raw(column.default)))
    if column.not_null:
        parts.append(Expression("NOT NULL"))
    return joined(parts, " ")


EXAMPLE = Example(
    """
    CREATE TABLE shop.article (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, price numeric,
        body text NOT NULL, picture text DEFAULT 'none', data json, CONSTRAINT named CHECK (body <> ''));
    CREATE INDEX article_picture ON shop.article (picture) WHERE picture <> 'none';
    INSERT INTO shop.article (name, price, body, data)
        SELECT 'article ' || n, n, repeat('text ', n), json_build_object('n', n) FROM generate_series(1, 60) AS n;
    """,
    SplitTable(
        table=Relation("shop", "article"), columns=("body", "picture", "data"), into=Relation("shop", "article_text")
    ),
    writes="INSERT INTO shop.article (name, price, body) VALUES ('new', 5, 'new text')",
)  # fmt: skip
