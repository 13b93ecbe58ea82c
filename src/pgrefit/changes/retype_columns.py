"""Change the type of columns online, with the foreign keys that they should have had.

The recipe: a second column of the new type, kept in step by one guarded trigger; a batched backfill; rows whose value
does not convert, or refers to nothing, put aside; keys and constraints made on the new column while the old one is
in use; then one short transaction in which both swap their names. The old column stays, in step, until it is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from pgrefit.model.change import Batches, Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Column, FkAction, Policy, Snapshot, Table

from . import _proof as proof
from ._batches import (
    FORGET,
    literals,
    noted,
    noting_batches,
    quarantine_all,
    quarantine_batches,
    restore_batches,
    texts,
    update_batches,
)
from ._expressions import retyped
from ._guard import refuse_unknown
from ._locks import strongest
from ._preconditions import dependants, fired_by_moving, missing, rows_unmovable, rows_unwalkable
from ._sync import create_function, create_trigger, drop_sync, trigger_name
from ._types import WHOLE_DIGITS
from .add_check import AddCheck
from .add_foreign_key import AddForeignKey
from .create_index import CreateIndex, IndexColumn, free_index_name
from .set_not_null import SetNotNull

PURPOSE = "retype"
BLANKS = " \t\r\n"
UUID_FORM = "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"
TEXTS = ("text", "character varying", "character")
NAMED_NOT_NULL = 180000  # the first server on which NOT NULL is a constraint with a name
CARRIED = {"index", "policy"}  # dependants that this change takes along


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One column: its new type and what it refers to."""

    column: str
    to_type: str
    parent: Relation | None = None
    parent_column: str = ""
    on_delete: FkAction = "no action"
    required: bool = False
    orphans: OneOf["quarantine", "refuse"] = "quarantine"
    index: bool = True

    @property
    def new(self) -> str:
        """The name of the second column until the switch."""
        return fit(self.column, "_pgrefit_new")

    @property
    def old(self) -> str:
        """The name of the first column after the switch."""
        return fit(self.column, "_pgrefit_old")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetypeColumns(Change):
    """Convert columns of one table together: one backfill, one switch.

    `policies`: the policies of the table as they will be when the switch comes (default: as they are now).
    """

    table: Relation
    conversions: tuple[Conversion, ...]
    policies: tuple[Policy, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return ", ".join(f"convert {self.table}.{c.column} to {c.to_type}" for c in self.conversions)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What this change does not carry along, or cannot convert."""
        gone = tuple(missing(db, self.table, *(c.column for c in self.conversions)))
        if gone:
            yield from gone
            return
        table = db.table(self.table)
        quarantines = any(c.orphans == "quarantine" for c in self.conversions)
        yield from (rows_unmovable if quarantines else rows_unwalkable)(db, self.table)
        for conversion in self.conversions:
            about = f"{self.table}.{conversion.column}"
            column = table.column(conversion.column)
            if not _convertible(column.type, conversion.to_type):
                yield Obstacle(about, f"no safe conversion from {column.type} to {conversion.to_type} is known")
            if column.default or column.identity or column.generated:
                yield Obstacle(about, "has a default, an identity or a generation expression")
            yield from dependants(db, self.table, conversion.column, CARRIED)
        yield from self._index_obstacles(table)

    def _index_obstacles(self, table: Table) -> Iterator[Obstacle]:
        for index in table.indexes:
            mine = {c.column for c in self.conversions}
            touched = mine & (set(index.columns) | set(index.include))
            hidden = None in index.columns or index.predicate is not None or index.method != "btree"
            if touched and (index.constraint or hidden):
                yield Obstacle(str(index.name), "is a constraint's, partial, on an expression or not a B-tree")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand, migrate, switch, contract."""
        table = db.table(self.table)
        yield self._add_columns()
        yield self._keep_in_step(table)
        yield self._backfill(table)
        yield from self._indexes(db, table)
        yield from self._enforce(db, table)
        yield self._switch(db, table)
        yield self._keep_spelling(table)
        yield self._drop_old(db, table)

    def _lock(self, mode: LockMode) -> tuple[Lock, ...]:
        return (Lock(self.table, mode),)

    def _add_columns(self) -> Step:
        add = [expression("ADD COLUMN {c} {type}", c=c.new, type=raw(Expression(c.to_type))) for c in self.conversions]
        drop = [expression("DROP COLUMN IF EXISTS {c}", c=c.new) for c in self.conversions]
        return Step(
            title=f"add columns of the new type to {self.table}", phase=Phase.EXPAND,
            do=(ddl("ALTER TABLE {table} {actions}", table=self.table, actions=raw(joined(add))),),
            undo=(ddl("ALTER TABLE {table} {actions}", table=self.table, actions=raw(joined(drop))),),
            locks=self._lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(*(proof.column_exists(self.table, c.new) for c in self.conversions)),
            why="the new shape is built beside the old one, which stays in use",
            hazard="a prepared SELECT * over the table must be prepared again",
        )  # fmt: skip

    def _keep_in_step(self, table: Table) -> Step:
        before = {c.column: (c.column, c.new) for c in self.conversions}
        out_of_step = [
            expression(
                "NEW.{new} IS DISTINCT FROM {converted}",
                new=c.new,
                converted=raw(_converted(table, c, c.column, "NEW")),
            )
            for c in self.conversions
        ]
        return Step(
            title=f"keep old and new columns of {self.table} in step", phase=Phase.EXPAND,
            do=(create_function(self.table, PURPOSE, self._body(table, before)),
                create_trigger(self.table, PURPOSE, joined(out_of_step, " OR "))),
            undo=drop_sync(self.table, PURPOSE),
            locks=self._lock(LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, trigger_name(self.table, PURPOSE)),
            why="whatever either version of the application writes is there in both shapes",
        )  # fmt: skip

    def _body(self, table: Table, names: dict[str, tuple[str, str]]) -> Statement:
        """The trigger's body; `names` says what the old-shape and the new-shape column are called at that time."""
        parts = [self._body_part(table, c, *names[c.column]) for c in self.conversions]
        return Statement("BEGIN\n" + "\n".join(parts) + "\nRETURN NEW;\nEND")

    def _body_part(self, table: Table, conversion: Conversion, old: str, new: str) -> Expression:
        # Who wrote? An UPDATE that changed only the new column, or an INSERT that gave only that one, goes new to old.
        return expression(
            "IF (TG_OP = 'INSERT' AND NEW.{old} IS NULL) OR (TG_OP = 'UPDATE'"
            " AND NEW.{old} IS NOT DISTINCT FROM OLD.{old} AND NEW.{new} IS DISTINCT FROM OLD.{new}) THEN\n"
            "  IF NEW.{new} IS DISTINCT FROM {converted} THEN NEW.{old} := NEW.{new}::{old_type}; END IF;\n"
            "ELSE\n  NEW.{new} := {converted};\nEND IF;",
            old=old, new=new, converted=raw(_converted(table, conversion, old, "NEW")),
            old_type=raw(Expression(table.column(conversion.column).type)),
        )  # fmt: skip

    def _backfill(self, table: Table) -> Step:
        sets = [
            expression("{new} = {value}", new=c.new, value=raw(_converted(table, c, c.column, "t")))
            for c in self.conversions
        ]
        missing = joined([
            expression("t.{new} IS DISTINCT FROM {value}", new=c.new, value=raw(_converted(table, c, c.column, "t")))
            for c in self.conversions
        ], " OR ")  # fmt: skip
        return Step(
            title=f"fill the new columns of {self.table}", phase=Phase.MIGRATE,
            do=update_batches(table, joined(sets), missing), undo=Way.NOTHING_LEFT,
            locks=self._lock(LockMode.ROW_EXCLUSIVE), work=Work.BATCHES, proof=proof.no_row(self.table, missing),
        )  # fmt: skip

    def _enforce(self, db: Snapshot, table: Table) -> Iterator[Step]:
        """Put aside what cannot come along; constraints for new rows; what slipped in between; then validate."""
        announced, validated = self._constraints(db, table)
        faults = [fault for c in self.conversions if c.orphans == "quarantine" for fault in _faults(c)]
        if not faults:
            yield from (*announced, *validated)
            return
        condition = joined([expression("({f})", f=raw(fault)) for fault, _ in faults], " OR ")
        cases = [expression("WHEN {f} THEN {r}", f=raw(fault), r=Literal(reason)) for fault, reason in faults]
        reason = expression("CASE {cases} END", cases=raw(joined(cases, " ")))
        yield self._put_aside(table, condition, reason, tuple(reason for _, reason in faults))
        yield from announced
        sweep = quarantine_all(table, condition, reason)
        for number, step in enumerate(validated):
            yield self._after_sweep(step, sweep) if number == 0 else step

    def _put_aside(self, table: Table, condition: Expression, reason: Expression, reasons: tuple[str, ...]) -> Step:
        # The way back also restores what the sweep put aside later: it is undone when the constraints are gone.
        mine = expression(
            "run = pg_catalog.current_setting('pgrefit.run')::pg_catalog.uuid AND source = {source}"
            " AND reason = ANY ({reasons})", source=Literal(self.table), reasons=raw(literals(reasons)),
        )  # fmt: skip
        return Step(
            title=f"put rows of {self.table} aside that refer to nothing", phase=Phase.MIGRATE,
            do=quarantine_batches(table, condition, reason), undo=restore_batches(table, mine),
            locks=self._locks_of_faults(), work=Work.BATCHES, proof=proof.no_row(self.table, condition),
            why="rows that the new constraints refuse are kept whole in pgrefit.quarantine, with the reason",
            hazard=fired_by_moving(table),
        )  # fmt: skip

    def _after_sweep(self, step: Step, sweep: Statement) -> Step:
        assert not isinstance(step.do, Batches)
        return replace(
            step, do=(sweep, *step.do), locks=strongest((*step.locks, *self._locks_of_faults())),
            why="first puts aside what the old application wrote before the constraint was there",
        )  # fmt: skip

    def _locks_of_faults(self) -> tuple[Lock, ...]:
        parents = (Lock(parent, LockMode.ACCESS_SHARE) for parent in self._parents())
        return (Lock(self.table, LockMode.ROW_EXCLUSIVE), *parents)

    def _parents(self) -> tuple[Relation, ...]:
        return tuple(dict.fromkeys(c.parent for c in self.conversions if c.parent and c.parent != self.table))

    def _indexes(self, db: Snapshot, table: Table) -> Iterator[Step]:
        """An index for each new reference, and a twin of each index over an old column."""
        names = {c.column: c.new for c in self.conversions}
        for conversion in self.conversions:
            if conversion.index and conversion.parent:
                name = free_index_name(db, self.table, conversion.column)
                added = CreateIndex(table=self.table, keys=(IndexColumn(column=conversion.new),), name=name)
                yield from added.steps(db)
        for index in table.indexes:
            if names.keys() & {*index.columns, *index.include}:
                twin = fit(index.name.name, "_pgrefit_new")
                yield from CreateIndex.like(index, self.table, names, twin).steps(db)

    def _constraints(self, db: Snapshot, table: Table) -> tuple[list[Step], list[Step]]:
        """Steps that hold for new rows, and steps that look at the rows that are there."""
        announced: list[Step] = []
        validated: list[Step] = []
        for conversion in self.conversions:
            for change in self._constraints_of(table, conversion):
                first, *rest = change.steps(db)
                announced.append(first)
                validated.extend(rest)
        return announced, validated

    def _constraints_of(self, table: Table, conversion: Conversion) -> Iterator[Change]:
        if conversion.parent:
            yield AddForeignKey(
                table=self.table, columns=(conversion.new,), parent=conversion.parent,
                parent_columns=(conversion.parent_column,), on_delete=conversion.on_delete,
                name=fit(f"{self.table.name}_{conversion.column}", "_fkey"),
            )  # fmt: skip
        if conversion.required or table.column(conversion.column).not_null:
            yield SetNotNull(table=self.table, column=conversion.new)
        elif table.column(conversion.column).type.startswith(TEXTS):
            # Where the column may be empty, a value that does not convert must not pass for an empty one.
            yield AddCheck(
                table=self.table, name=_check_name(conversion),
                condition=expression("{old} IS NULL OR {new} IS NOT NULL", old=conversion.column, new=conversion.new),
            )  # fmt: skip

    def _switch(self, db: Snapshot, table: Table) -> Step:
        there = [rename for c in self.conversions for rename in ((c.column, c.old), (c.new, c.column))]
        back = [(new, old) for old, new in reversed(there)]
        after = {c.column: (c.old, c.column) for c in self.conversions}
        before = {c.column: (c.column, c.new) for c in self.conversions}
        policies = self.policies or table.policies
        types = {c.column: (table.column(c.column).type, c.to_type) for c in self.conversions}
        concerned = [p for p in policies if self._concerns(db, p)]
        return Step(
            title=f"switch {self.table} to the new columns", phase=Phase.SWITCH,
            do=(*self._rename(there), *self._rename_indexes(table, back=False),
                create_function(self.table, PURPOSE, self._body(table, after)),
                *(_alter_policy(self.table, _retyped_policy(p, self.table, types, db)) for p in concerned),
                *self._describe(table)),
            undo=(*self._rename(back), *self._rename_indexes(table, back=True),
                  create_function(self.table, PURPOSE, self._body(table, before)),
                  *(_alter_policy(self.table, p) for p in concerned)),
            locks=self._lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(*(proof.column_type_is(self.table, c.column, c.to_type) for c in self.conversions)),
            why="one short transaction: no client ever sees half of it",
            hazard="the plain name has the new type now; the old shape stays readable through the compatible view",
        )  # fmt: skip

    def _concerns(self, db: Snapshot, policy: Policy) -> bool:
        mine = {c.column for c in self.conversions}
        return any(
            use.kind == "policy" and use.relation == self.table and use.member == policy.name and use.column in mine
            for use in db.uses
            if use.table == self.table
        )

    def _rename(self, names: list[tuple[str, str]]) -> Iterator[Statement]:
        for old, new in names:
            yield ddl("ALTER TABLE {table} RENAME COLUMN {old} TO {new}", table=self.table, old=old, new=new)

    def _rename_indexes(self, table: Table, *, back: bool) -> Iterator[Statement]:
        """The twin takes the name over: `there` first frees it."""
        mine = {c.column for c in self.conversions}
        for index in table.indexes:
            if mine & {*index.columns, *index.include}:
                first, new, old = (
                    index.name.name,
                    fit(index.name.name, "_pgrefit_new"),
                    fit(index.name.name, "_pgrefit_old"),
                )
                pairs = [(first, new), (old, first)] if back else [(first, old), (new, first)]
                for name, to in pairs:
                    yield ddl("ALTER INDEX {name} RENAME TO {to}", name=self.table.beside(name), to=to)

    def _describe(self, table: Table) -> Iterator[Statement]:
        """Comments and column privileges move to the column that now has the name."""
        for conversion in self.conversions:
            column: Column = table.column(conversion.column)
            if column.comment:
                yield ddl("COMMENT ON COLUMN {table}.{column} IS {comment}",
                          table=self.table, column=column.name, comment=Literal(column.comment))  # fmt: skip
            for grant in column.grants:
                grantee = grant.grantee or raw(Expression("PUBLIC"))
                yield ddl("GRANT {privilege} ({column}) ON {table} TO {grantee}", column=column.name, table=self.table,
                          privilege=raw(Expression(grant.privilege)), grantee=grantee)  # fmt: skip

    def _keep_spelling(self, table: Table) -> Step:
        """The old text of every value that the new type writes otherwise; none may mean something else."""
        names = tuple(c.column for c in self.conversions)
        old = joined([expression("t.{old}::text", old=c.old) for c in self.conversions])
        respelt = joined(
            [expression("t.{c}::text IS DISTINCT FROM t.{old}::text", c=c.column, old=c.old) for c in self.conversions],
            " OR ",
        )
        apart = joined(
            [expression("t.{c} IS DISTINCT FROM {v}", c=c.column, v=raw(_converted(table, c, c.old, "t")))
             for c in self.conversions], " OR ",
        )  # fmt: skip
        unkept = expression("({r}) AND NOT {n}", r=raw(respelt), n=raw(noted(table)))
        return Step(
            title=f"keep the old spelling of values of {self.table}", phase=Phase.CONTRACT,
            do=noting_batches(table, names, expression("ARRAY[{old}]", old=raw(old)), texts(names), respelt),
            undo=(FORGET,), locks=self._lock(LockMode.ACCESS_SHARE), work=Work.BATCHES,
            proof=proof.no_row(self.table, expression("({u}) OR ({a})", u=raw(unkept), a=raw(apart))),
            why="nothing goes with the old columns that the new ones do not hold; stops where both disagree",
        )  # fmt: skip

    def _drop_old(self, db: Snapshot, table: Table) -> Step:
        drop = [expression("DROP COLUMN IF EXISTS {c}", c=c.old) for c in self.conversions]
        gone = proof.every(*(proof.negated(proof.column_exists(self.table, c.old)) for c in self.conversions))
        names = self._name_not_null(table) if db.server_version >= NAMED_NOT_NULL else ()
        return Step(
            title=f"drop the old columns of {self.table}", phase=Phase.CONTRACT,
            do=(*drop_sync(self.table, PURPOSE),
                refuse_unknown(self.table, [c.old for c in self.conversions], self._goes_along(table)),
                ddl("ALTER TABLE {table} {actions}", table=self.table, actions=raw(joined(drop))), *names),
            undo=Way.NO_RETURN, locks=self._lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT, proof=gone,
        )  # fmt: skip

    def _goes_along(self, table: Table) -> list[str]:
        """Indexes and checks of the old columns that this change knows."""
        return [
            *(fit(index.name.name, "_pgrefit_old") for index in table.indexes),
            *(_check_name(c) for c in self.conversions),
        ]

    def _name_not_null(self, table: Table) -> Iterator[Statement]:
        """NOT NULL constraints get the names that they have on a table made with these columns at once."""
        for c in self.conversions:
            if c.required or table.column(c.column).not_null:
                body = ddl(
                    "DECLARE name text; BEGIN SELECT conname INTO name FROM pg_catalog.pg_constraint AS c"
                    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]"
                    " WHERE c.conrelid = {table}::pg_catalog.regclass AND c.contype = 'n' AND a.attname = {column};"
                    " IF name <> {wanted} THEN EXECUTE pg_catalog.format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I',"
                    " {table}, name, {wanted}); END IF; END",
                    table=Literal(ddl("{t}", t=self.table)), column=Literal(c.column),
                    wanted=Literal(fit(f"{self.table.name}_{c.column}", "_not_null")),
                )  # fmt: skip
                yield ddl("DO {body}", body=Literal(body))


def _check_name(conversion: Conversion) -> str:
    return fit(f"pgrefit_{conversion.column}", "_converts")


def _converted(table: Table, conversion: Conversion, column: str, row: str) -> Expression:
    """The old value, in the column of that name, in the new type; NULL where it does not convert."""
    source = table.column(conversion.column).type
    value = expression("{row}.{column}", row=raw(Expression(row)), column=column)
    if not source.startswith(TEXTS):
        return expression("{value}::{type}", value=raw(value), type=raw(Expression(conversion.to_type)))
    digits = WHOLE_DIGITS.get(conversion.to_type, 0)
    form = UUID_FORM if conversion.to_type == "uuid" else f"^[+-]?[0-9]{{1,{digits}}}$"
    bare = expression("pg_catalog.btrim({value}, {blanks})", value=raw(value), blanks=Literal(BLANKS))
    return expression(
        "(CASE WHEN {bare} ~ {form} THEN {bare}::{type} END)",
        bare=raw(bare), form=Literal(form), type=raw(Expression(conversion.to_type)),
    )  # fmt: skip


def _convertible(source: str, target: str) -> bool:
    if source.startswith(TEXTS):
        return target == "uuid" or target in WHOLE_DIGITS
    return (source, target) in {("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint")}


def _faults(conversion: Conversion) -> Iterator[tuple[Expression, str]]:
    """Conditions over alias t under which a row cannot come along, each with its reason."""
    c = conversion
    unfit = expression("t.{old} IS NOT NULL AND t.{new} IS NULL", old=c.column, new=c.new)
    yield unfit, f"{c.column} is not a {c.to_type}"
    if c.required:
        yield expression("t.{old} IS NULL", old=c.column), f"{c.column} is missing"
    if c.parent:
        yield (
            expression("t.{new} IS NOT NULL AND NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = t.{new})",
                       new=c.new, parent=c.parent, key=c.parent_column),
            f"{c.column} refers to no row of {c.parent}",
        )  # fmt: skip


def _retyped_policy(policy: Policy, table: Relation, types: dict[str, tuple[str, str]], db: Snapshot) -> Policy:
    def over(part: Expression | None) -> Expression | None:
        return None if part is None else retyped(part, table, types, db)

    return Policy(
        name=policy.name, command=policy.command, permissive=policy.permissive, roles=policy.roles,
        using=over(policy.using), check=over(policy.check), comment=policy.comment,
    )  # fmt: skip


def _alter_policy(table: Relation, policy: Policy) -> Statement:
    parts: list[Expression] = []
    if policy.using is not None:
        parts.append(expression("USING ({e})", e=raw(policy.using)))
    if policy.check is not None:
        parts.append(expression("WITH CHECK ({e})", e=raw(policy.check)))
    return ddl("ALTER POLICY {name} ON {table} {parts}", name=policy.name, table=table, parts=raw(joined(parts, " ")))


EXAMPLE = Example(
    """
    CREATE TABLE shop.video (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text);
    CREATE TABLE shop.attempt (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, video_id text NOT NULL, note text);
    CREATE INDEX attempt_video ON shop.attempt (video_id, note);
    INSERT INTO shop.video SELECT md5(n::text)::uuid, 'video ' || n FROM generate_series(1, 20) AS n;
    INSERT INTO shop.attempt (video_id) SELECT upper(md5((n % 20 + 1)::text)) FROM generate_series(1, 100) AS n;
    INSERT INTO shop.attempt (video_id) VALUES ('intro'), (gen_random_uuid()::text);
    """,
    RetypeColumns(
        table=Relation("shop", "attempt"),
        conversions=(
            Conversion(column="video_id", to_type="uuid", parent=Relation("shop", "video"), parent_column="id",
                       on_delete="cascade"),
        ),
    ),
    writes="INSERT INTO shop.attempt (video_id) SELECT id FROM shop.video ORDER BY random() LIMIT 1",
)  # fmt: skip
