"""Merge a table that holds at most one row to each row of another into that other table.

Until the switch applications write the table at the side, and triggers keep the new columns of the main table true;
from then on they write the main table alone: the new version as such, the old one through a view in the place of the
table at the side. That one stays, kept true by triggers, for the way back. A main row has a row at the side where the
columns that are required there have a value; in the main table they are empty for rows without a partner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Column, Constraint, Index, Snapshot, Table

from . import _proof as proof
from ._guard import purpose
from ._locks import on_family, strongest
from ._marks import comment_on, mark
from ._one_to_one import Pairing, copy_to_main, copy_to_side, copying, equal, fill_main, stop_copying
from ._preconditions import column_taken, fired_by_updating, missing
from ._side_table import carried_indexes, partnership, unfit_for_side
from ._side_views import drop_side_view, privileges, side_view
from .create_index import CreateIndex, names_taken

WRITES = {"INSERT", "UPDATE", "DELETE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTable(Change):
    """The columns of `partner` become columns of `table`.

    The partner refers to the table by a foreign key over columns that are unique and required. `prefix` is put before
    the names that its columns get.
    """

    table: Relation
    partner: Relation
    prefix: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"merge {self.partner} into {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such reference, names that are taken, and whatever hangs on the partner that a view cannot carry."""
        gone = (*missing(db, self.table), *missing(db, self.partner))
        if gone:
            yield from gone
            return
        main, side = db.table(self.table), db.table(self.partner)
        reference = partnership(main, side)
        if reference is None:
            yield Obstacle(str(self.partner), f"has no valid foreign key to the key of {self.table} over its own key:"
                           " add_foreign_key puts rows without a partner aside")  # fmt: skip
            return
        pairing = self._pairing(side, reference)
        yield from unfit_for_side(db, main, ())
        yield from unfit_for_side(db, side, [s for _, s in pairing.all])
        for name, _ in pairing.columns:
            yield from column_taken(db, self.table, name)
        if self._kept in names_taken(db):
            yield Obstacle(str(self._kept), "the name is taken")
        if not pairing.required:
            yield Obstacle(str(self.partner), "requires none of its columns: an empty row could not be told from none")
        yield from self._hanging_on(db, side, reference)
        yield from _rights(main, side)

    def _hanging_on(self, db: Snapshot, side: Table, reference: Constraint) -> Iterator[Obstacle]:
        carried = {index.name.name for index in self._indexes(db, side)}
        for constraint in side.constraints:
            if constraint.kind not in {"primary key", "not null"} and constraint != reference:
                yield Obstacle(str(self.partner), f"its constraint {constraint.name} is not carried along")
        for index in side.indexes:
            own = {c for c in index.columns if c} <= set(side.row_key) and index.unique
            if not own and not index.constraint and index.name.name not in carried:
                yield Obstacle(str(self.partner), f"its index {index.name.name} is not carried along")
        yield from (Obstacle(str(self.partner), f"its trigger {t.name} is not carried along") for t in side.triggers)
        yield from (Obstacle(str(self.partner), f"{k.name} of {t.name} refers to it")
                    for t, k in db.references_to(self.partner))  # fmt: skip
        for column in side.columns:
            for use in db.uses_of(self.partner, column.name):
                if use.kind not in {"index", "constraint"}:
                    yield Obstacle(f"{self.partner}.{column.name}", f"{use.name} depends on it")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: columns, triggers. Migrate: rows, indexes. Switch: the view. Contract: the partner goes."""
        main, side = db.table(self.table), db.table(self.partner)
        reference = partnership(main, side)
        assert reference is not None, "obstacles() says so"
        pairing = self._pairing(side, reference)
        yield self._add_columns(db, pairing, side)
        yield self._copy(pairing)
        yield self._fill(pairing, main, side)
        indexes = self._indexes(db, side)
        for index in indexes:
            yield from CreateIndex.like(index, self.table, {s: m for m, s in pairing.all}, _new_name(index)).steps(db)
        text = f"gone while {self.partner} is a view"
        yield mark(self.partner, reference.name, text, was=reference.comment, phase=Phase.SWITCH)
        yield self._switch(pairing, main, side, reference, text)
        yield self._drop(indexes)

    @property
    def _kept(self) -> Relation:
        """What the partner is called after the switch."""
        return self.partner.beside(fit(self.partner.name, "_pgrefit_old"))

    @property
    def _purpose(self) -> str:
        return purpose("merge", self.table, str(self.partner))

    @property
    def _view_purpose(self) -> str:
        return purpose("merged", self.table, str(self.partner))

    def _pairing(self, side: Table, reference: Constraint) -> Pairing:
        others = [c for c in side.columns if c.name not in reference.columns]
        return Pairing(
            main=self.table, key=tuple(zip(reference.parent_columns, reference.columns, strict=True)),
            columns=tuple((fit(self.prefix + c.name), c.name) for c in others),
            required=tuple(fit(self.prefix + c.name) for c in others if c.not_null),
        )  # fmt: skip

    def _indexes(self, db: Snapshot, side: Table) -> list[Index]:
        return carried_indexes(db, side, [c.name for c in side.columns if c.name not in side.row_key])

    def _add_columns(self, db: Snapshot, pairing: Pairing, side: Table) -> Step:
        adds = joined([_addition(name, side.column(old)) for name, old in pairing.columns])
        drops = joined([expression("DROP COLUMN IF EXISTS {c}", c=name) for name, _ in pairing.columns])
        comments = (
            ddl("COMMENT ON COLUMN {table}.{c} IS {text}", table=self.table, c=name, text=Literal(column.comment))
            for name, column in ((name, side.column(old)) for name, old in pairing.columns) if column.comment
        )  # fmt: skip
        return Step(
            title=f"add the columns of {self.partner} to {self.table}", phase=Phase.EXPAND,
            do=(ddl("ALTER TABLE {table} {adds}", table=self.table, adds=raw(adds)), *comments),
            undo=(ddl("ALTER TABLE {table} {drops}", table=self.table, drops=raw(drops)),),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(*(proof.column_exists(self.table, name) for name, _ in pairing.columns)),
            hazard="prepared SELECT * over the table must be prepared again",
        )  # fmt: skip

    def _copy(self, pairing: Pairing) -> Step:
        return Step(
            title=f"copy what is written to {self.partner} to {self.table}", phase=Phase.EXPAND,
            do=copy_to_main(pairing, self.partner, self._purpose), undo=stop_copying(self.partner, self._purpose),
            locks=(Lock(self.partner, LockMode.SHARE_ROW_EXCLUSIVE),), work=Work.INSTANT,
            proof=copying(self.partner, self._purpose),
            hazard=f"until the switch, of two transactions that both write the same row of {self.table} and of"
            f" {self.partner}, in different orders, the server may end one as a deadlock",
        )  # fmt: skip

    def _fill(self, pairing: Pairing, main: Table, side: Table) -> Step:
        return Step(
            title=f"copy existing rows of {self.partner} to {self.table}", phase=Phase.MIGRATE,
            do=fill_main(pairing, side), undo=Way.NOTHING_LEFT,
            locks=(Lock(self.partner, LockMode.ROW_SHARE), Lock(self.table, LockMode.ROW_EXCLUSIVE)),
            work=Work.BATCHES, proof=equal(pairing, self.partner),
            hazard=fired_by_updating(main, [name for name, _ in pairing.columns]),
        )  # fmt: skip

    def _switch(self, pairing: Pairing, main: Table, side: Table, reference: Constraint, text: str) -> Step:
        rename = "ALTER TABLE {old} RENAME TO {new}"
        shown = (ddl("COMMENT ON VIEW {v} IS {text}", v=self.partner, text=Literal(side.comment)),)
        return Step(
            title=f"let {self.table} take over from {self.partner}", phase=Phase.SWITCH,
            do=(*stop_copying(self.partner, self._purpose),
                ddl("ALTER TABLE {side} DROP CONSTRAINT {name}", side=self.partner, name=reference.name),
                ddl(rename, old=self.partner, new=self._kept.name),
                *side_view(self.partner, pairing, main, side.columns, self._view_purpose),
                *(shown if side.comment else ()),
                *privileges(self.partner, side, {s: s for _, s in pairing.all}),
                *copy_to_side(pairing, self._kept, self._purpose)),
            undo=(*stop_copying(self.table, self._purpose), *drop_side_view(self.partner, self._view_purpose),
                  ddl(rename, old=self._kept, new=self.partner.name),
                  ddl("ALTER TABLE {side} ADD CONSTRAINT {name} {definition} NOT VALID", side=self.partner,
                      name=reference.name, definition=raw(reference.definition)),
                  comment_on(self.partner, reference.name, text),
                  *copy_to_main(pairing, self.partner, self._purpose)),
            locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE), Lock(self.partner, LockMode.ACCESS_EXCLUSIVE)),
            work=Work.INSTANT, proof=proof.relation_exists(self._kept),
            why="one table is written from here on: what either version writes, the other sees at once",
            hazard=f"{self.partner} is a view now: no INSERT … ON CONFLICT, and its key cannot be changed"
            f" through it; a row of {self.table} goes without regard to its partner",
        )  # fmt: skip

    def _drop(self, indexes: list[Index]) -> Step:
        renames = (ddl("ALTER INDEX {old} RENAME TO {new}", old=self.table.beside(_new_name(index)),
                       new=index.name.name) for index in indexes)  # fmt: skip
        return Step(
            title=f"drop {self.partner}", phase=Phase.CONTRACT,
            do=(*stop_copying(self.table, self._purpose), *drop_side_view(self.partner, self._view_purpose),
                ddl("DROP TABLE {kept}", kept=self._kept), *renames),
            undo=Way.NO_RETURN, locks=strongest(Lock(on, LockMode.ACCESS_EXCLUSIVE) for on in (self.table, self._kept)),
            work=Work.INSTANT, proof=proof.negated(proof.relation_exists(self._kept)),
            hazard="the old version of the application must not run any more",
        )  # fmt: skip


def _addition(name: str, column: Column) -> Expression:
    collation = Expression(f" COLLATE {column.collation}" if column.collation else "")
    return expression("ADD COLUMN {c} {type}{collation}", c=name, type=raw(Expression(column.type)),
                      collation=raw(collation))  # fmt: skip


def _new_name(index: Index) -> str:
    return fit(index.name.name, "_pgrefit_new")


def _rights(main: Table, side: Table) -> Iterator[Obstacle]:
    """Whoever may read one may read the other, and whoever writes the partner may update the main table."""
    if main.owner != side.owner:
        yield Obstacle(str(side.name), f"belongs to {side.owner}, and {main.name} to {main.owner}")
    if any(column.grants for column in (*main.columns, *side.columns)):
        yield Obstacle(str(side.name), f"privileges on single columns of it or of {main.name} are not carried along")
    readers = [{g.grantee for g in table.grants if g.privilege == "SELECT"} for table in (main, side)]
    for name in sorted(readers[0] ^ readers[1]):
        yield Obstacle(str(side.name), f"{name or 'PUBLIC'} may read only one of it and {main.name}")
    updaters = {g.grantee for g in main.grants if g.privilege == "UPDATE"}
    for name in sorted({g.grantee for g in side.grants if g.privilege in WRITES} - updaters):
        yield Obstacle(str(side.name), f"{name or 'PUBLIC'} may write it, but not update {main.name}")


EXAMPLE = Example(
    """
    CREATE TABLE shop.person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
    CREATE TABLE shop.passport (
        person_id int PRIMARY KEY REFERENCES shop.person, number text NOT NULL, country text DEFAULT 'de', note json);
    CREATE INDEX passport_number ON shop.passport (lower(number));
    COMMENT ON TABLE shop.passport IS 'at most one';
    COMMENT ON COLUMN shop.passport.number IS 'as printed';
    INSERT INTO shop.person (name) SELECT 'person ' || n FROM generate_series(1, 60) AS n;
    INSERT INTO shop.passport (person_id, number, note)
        SELECT n, 'N' || n, json_build_object('n', n) FROM generate_series(2, 60, 2) AS n;
    """,
    MergeTable(table=Relation("shop", "person"), partner=Relation("shop", "passport"), prefix="passport_"),
    writes="INSERT INTO shop.person (name) VALUES (md5(random()::text))",
)
