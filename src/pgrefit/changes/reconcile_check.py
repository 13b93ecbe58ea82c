"""Bring a column whose check and values have drifted to one set of values.

The check first allows old and new values. Then old values are translated, what cannot be translated is put aside, and
at the end a check of the same name allows the new values alone. Triggers translate what the old version of the
application writes; they go in the contract phase.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Batches, Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Constraint, Snapshot, Table

from . import _proof as proof
from ._guard import create_guard, drop_sync, purpose, trigger_name
from ._locks import on_family
from ._preconditions import missing, rows_unmovable
from ._translation import Translation
from ._trees import as_written, string_constants
from .quarantine_rows import QuarantineRows

CHECK_VIOLATION = "23514"
NO_CHECK = Expression("true")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileCheck(Change):
    """Replace the check `name` of a column by one over `values`; `mapping` translates (old, new) values."""

    table: Relation
    column: str
    name: str
    values: tuple[str, ...]
    mapping: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"bring {self.table}.{self.column} to the values {', '.join(self.values)}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such check, or not one of this column alone; a mapping that does not lead from old values to new ones."""
        yield from missing(db, self.table, self.column)
        yield from rows_unmovable(db, self.table)
        table = db.find_table(self.table)
        about = f"{self.table}.{self.column}"
        for says in self._unfit_check(table) if table else ():
            yield Obstacle(about, says)
        for old, new in self.mapping:
            if old in self.values or new not in self.values:
                yield Obstacle(about, f"{old!r} to {new!r} does not lead from an old value to a new one")
        if len({old for old, _ in self.mapping}) < len(self.mapping):
            yield Obstacle(about, "a value is to be translated to two values")

    def _unfit_check(self, table: Table) -> Iterator[str]:
        check = _find_check(table, self.name)
        if check is None:
            yield f"has no check {self.name}"
        elif check.columns != (self.column,):
            yield f"check {self.name} is not about this column alone"
        elif check.inherited or not check.enforced:
            yield f"check {self.name} is inherited or not enforced"

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: allow both. Migrate: translate, put the rest aside, allow the new values alone."""
        table = db.table(self.table)
        check = _find_check(table, self.name)
        old = check.expression or NO_CHECK if check else NO_CHECK
        translation = Translation(table=table, column=self.column, pairs=self.mapping)
        either = expression("({old}) OR {new}", old=raw(old), new=raw(self._inside))
        if check and check.validated:
            yield from self._widen(db, either, translation.turned_round(frozenset(string_constants(old))))
        yield self._drop_old(db, check)
        if self.mapping:
            yield from translation.steps(db)
        yield self._refuse_others(db)
        yield from QuarantineRows(
            table=self.table, condition=expression("NOT ({inside})", inside=raw(self._inside_of("t"))),
            reason=f"{self.column} has a value that is no longer one",
        ).steps(db)  # fmt: skip
        yield from self._narrow(db, check, either)
        yield self._drop_triggers(db, translation)

    @property
    def _wide(self) -> str:
        return fit(self.name, "_both")

    @property
    def _only(self) -> str:
        return fit(self.name, "_only")

    @property
    def _guard(self) -> str:
        return purpose("values", self.table, self.column)

    @property
    def _inside(self) -> Expression:
        return expression("{c} IN ({values})", c=self.column, values=raw(self._literals))

    def _inside_of(self, row: str) -> Expression:
        return expression(
            "{row}.{c} IN ({values})", row=raw(Expression(row)), c=self.column, values=raw(self._literals)
        )

    @property
    def _literals(self) -> Expression:
        return joined([expression("{v}", v=Literal(value)) for value in self.values])

    def _widen(self, db: Snapshot, either: Expression, turned_round: Batches | Way) -> Iterator[Step]:
        """Three steps, whose undos prepare the rows for the old check and then validate it."""
        about, there = f"{self.table}.{self.column}", proof.constraint_exists(self.table, self._wide)
        yield self._catalog_step(
            db, f"allow old and new values in {about}", do=(self._add(self._wide, either),),
            undo=(self._drop(self._wide),), proven=there, phase=Phase.EXPAND,
        )  # fmt: skip
        yield Step(
            title=f"say what check {self._wide} of {self.table} is for", phase=Phase.EXPAND,
            do=(self._comment(self._wide, f"old and new values, until {self.name} allows the new ones alone"),),
            undo=(self._validate(self.name),),
            locks=(Lock(self.table, LockMode.ACCESS_SHARE),), work=Work.INSTANT,
            proof=proof.constraint_described(self.table, self._wide),
            why="the way back validates the old check here, without a lock that blocks anybody",
        )  # fmt: skip
        yield Step(
            title=f"check old and new values of {about}", phase=Phase.EXPAND,
            do=(self._validate(self._wide),), undo=turned_round,
            locks=on_family(db, self.table, LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.SCAN,
            proof=proof.constraint_exists(self.table, self._wide, valid=True),
            why="the way back gives rows, that were written with new values, old values again",
        )  # fmt: skip

    def _drop_old(self, db: Snapshot, check: Constraint | None) -> Step:
        return self._catalog_step(
            db, f"drop the old check {self.name} of {self.table}", do=(self._drop(self.name),),
            undo=tuple(self._old_again(check)), phase=Phase.EXPAND,
            proven=proof.negated(proof.constraint_exists(self.table, self.name)),
            hazard="new values that the application writes, and that no old value leads to, bar the way back",
        )  # fmt: skip

    def _refuse_others(self, db: Snapshot) -> Step:
        return Step(
            title=f"refuse other values in {self.table}.{self.column}", phase=Phase.MIGRATE,
            do=self._create_guard(), undo=drop_sync(self.table, self._guard),
            locks=on_family(db, self.table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, trigger_name(self.table, self._guard)),
            why="no such row comes in while those that are there are put aside",
            hazard="statements that write other values fail from here on",
        )  # fmt: skip

    def _narrow(self, db: Snapshot, check: Constraint | None, either: Expression) -> Iterator[Step]:
        about = f"{self.table}.{self.column}"
        final = proof.every(
            proof.constraint_exists(self.table, self.name, valid=True),
            proof.negated(proof.constraint_exists(self.table, self._wide)),
        )
        wide_again = (self._add(self._wide, either),) if check and check.validated else ()
        yield self._catalog_step(
            db, f"allow new values alone in {about}", do=(self._add(self._only, self._inside),),
            undo=(self._drop(self._only),), proven=proof.some(proof.constraint_exists(self.table, self._only), final),
        )  # fmt: skip
        yield Step(
            title=f"check the new values of {about}", phase=Phase.MIGRATE,
            do=(self._validate(self._only),), undo=Way.NOTHING_LEFT,
            locks=on_family(db, self.table, LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.SCAN,
            proof=proof.some(proof.constraint_exists(self.table, self._only, valid=True), final),
        )  # fmt: skip
        yield self._catalog_step(
            db, f"give the new check of {about} its name", proven=final,
            do=(self._drop(self._wide), self._rename(self._only, self.name), *self._same_comment(check)),
            undo=(self._rename(self.name, self._only), *wide_again),
        )  # fmt: skip

    def _drop_triggers(self, db: Snapshot, translation: Translation) -> Step:
        purposes = (*((translation.trigger,) if self.mapping else ()), self._guard)
        gone = (proof.negated(proof.trigger_exists(self.table, trigger_name(self.table, name))) for name in purposes)
        return self._catalog_step(
            db, f"stop translating values of {self.table}.{self.column}", phase=Phase.CONTRACT,
            do=tuple(statement for name in purposes for statement in drop_sync(self.table, name)),
            undo=(*(translation.create_trigger() if self.mapping else ()), *self._create_guard()),
            proven=proof.every(*gone),
        )  # fmt: skip

    def _catalog_step(
        self, db: Snapshot, title: str, *, do: tuple[Statement, ...], undo: tuple[Statement, ...], proven: Statement,
        phase: Phase = Phase.MIGRATE, hazard: str = "",
    ) -> Step:  # fmt: skip
        return Step(
            title=title, phase=phase, do=do, undo=undo, work=Work.INSTANT, proof=proven, hazard=hazard,
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE),
        )  # fmt: skip

    def _create_guard(self) -> tuple[Statement, ...]:
        bad = expression("NOT ({inside})", inside=raw(self._inside_of("NEW")))
        return create_guard(self.table, self._guard, self.column, bad, CHECK_VIOLATION)

    def _add(self, name: str, condition: Expression) -> Statement:
        return ddl("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID",
                   table=self.table, name=name, condition=raw(condition))  # fmt: skip

    def _drop(self, name: str) -> Statement:
        return ddl("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}", table=self.table, name=name)

    def _validate(self, name: str) -> Statement:
        return ddl("ALTER TABLE {table} VALIDATE CONSTRAINT {name}", table=self.table, name=name)

    def _rename(self, old: str, new: str) -> Statement:
        return ddl("ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}", table=self.table, old=old, new=new)

    def _old_again(self, check: Constraint | None) -> Iterator[Statement]:
        if check and check.expression is not None:
            yield self._add(self.name, as_written(check.expression, self.column))
            yield from self._same_comment(check)

    def _same_comment(self, check: Constraint | None) -> Iterator[Statement]:
        if check and check.comment:
            yield self._comment(self.name, check.comment)

    def _comment(self, name: str, text: str) -> Statement:
        return ddl("COMMENT ON CONSTRAINT {name} ON {table} IS {text}",
                   name=name, table=self.table, text=Literal(text))  # fmt: skip


def _find_check(table: Table, name: str) -> Constraint | None:
    return next((check for check in table.checks if check.name == name), None)


EXAMPLE = Example(
    """
    CREATE TABLE shop.video (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text,
        status varchar(9) CONSTRAINT video_status CHECK (status IN ('draft', 'hidden', 'live', 'online', 'broken')));
    COMMENT ON CONSTRAINT video_status ON shop.video IS 'where it stands';
    INSERT INTO shop.video (status)
    SELECT (ARRAY['draft', 'hidden', 'live', 'online', 'broken', NULL])[1 + n % 6] FROM generate_series(1, 100) AS n;
    """,
    ReconcileCheck(
        table=Relation("shop", "video"), column="status", name="video_status", values=("draft", "published"),
        mapping=(("live", "published"), ("online", "published"), ("hidden", "draft")),
    ),
    writes="INSERT INTO shop.video (title, status) VALUES (md5(random()::text),"
    " (ARRAY['draft', 'hidden', 'live', 'online'])[1 + floor(random() * 4)::int])",
)  # fmt: skip
