"""Change the type of columns online, with the foreign keys that they should have had.

The recipe: a second column of the new type, kept in step by one guarded trigger; a batched backfill; rows whose value
does not convert, or refers to nothing, put aside; keys and constraints made on the new column while the old one is
in use; then one short transaction in which both swap their names. The old column stays, in step, until it is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.change import Batches, Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Column, Policy, Snapshot, Table

from . import _proof as proof
from ._batches import literals, quarantine_all, quarantine_batches, restore_batches
from ._bodies import bodies_to_look_at
from ._conversion import (
    BLANKS,
    UUID_FORM,
    Conversion,
    cast_back,
    converted,
    convertible,
    faults,
    is_text,
    kept_in_step,
    name_not_null,
    new_name,
    old_name,
    trigger_body,
)
from ._guard import refuse_unknown
from ._locks import strongest
from ._policies import alter_policy, policy_reads, retyped_policy
from ._preconditions import dependants, fired_by_moving, missing, rows_unmovable, rows_unwalkable
from ._sync import create_function, create_trigger, drop_sync, trigger_name
from ._two_shapes import add_columns, describe, fill, keep_spelling, rename_columns, rename_columns_back
from .add_check import AddCheck
from .add_foreign_key import AddForeignKey
from .create_index import CreateIndex, IndexColumn, free_index_name
from .set_not_null import SetNotNull

__all__ = ["BLANKS", "EXAMPLE", "UUID_FORM", "Conversion", "RetypeColumns"]

PURPOSE = "retype"
NAMED_NOT_NULL = 180000  # the first server on which NOT NULL is a constraint with a name
CARRIED = {"index", "policy"}  # dependants that this change takes along


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
            if not convertible(column.type, conversion.to_type):
                yield Obstacle(about, f"no safe conversion from {column.type} to {conversion.to_type} is known")
            if column.default or column.identity or column.generated:
                yield Obstacle(about, "has a default, an identity or a generation expression")
            yield from dependants(db, self.table, conversion.column, CARRIED)
        yield from self._index_obstacles(table)

    def adds(self) -> Iterator[tuple[Relation, Column]]:
        """The columns of the new type, under the names that they have until the switch."""
        return ((self.table, Column(name=c.new, position=0, type=c.to_type)) for c in self.conversions)

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
        yield add_columns(table, self.conversions)
        yield self._keep_in_step(table)
        yield fill(table, self.conversions)
        yield from self._indexes(db, table)
        yield from self._enforce(db, table)
        yield self._switch(db, table)
        yield keep_spelling(table, self.conversions, table)
        yield self._drop_old(db, table)

    def _lock(self, mode: LockMode) -> tuple[Lock, ...]:
        return (Lock(self.table, mode),)

    def _keep_in_step(self, table: Table) -> Step:
        before = {c.column: (c.column, c.new) for c in self.conversions}
        out_of_step = [
            expression(
                "NEW.{new} IS DISTINCT FROM {converted}",
                new=c.new,
                converted=raw(converted(table, c, c.column, "NEW")),
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
        parts: list[Expression] = []
        for c in self.conversions:
            old, new = names[c.column]
            back = cast_back(table, c, new)
            parts.append(kept_in_step(old, new, forth=converted(table, c, old, "NEW"), back=back))
        return trigger_body(parts)

    def _enforce(self, db: Snapshot, table: Table) -> Iterator[Step]:
        """Put aside what cannot come along; constraints for new rows; what slipped in between; then validate."""
        announced, validated = self._constraints(db, table)
        found = [fault for c in self.conversions if c.orphans == "quarantine" for fault in faults(c)]
        if not found:
            yield from (*announced, *validated)
            return
        condition = joined([expression("({f})", f=raw(fault)) for fault, _ in found], " OR ")
        cases = [expression("WHEN {f} THEN {r}", f=raw(fault), r=Literal(reason)) for fault, reason in found]
        reason = expression("CASE {cases} END", cases=raw(joined(cases, " ")))
        yield self._put_aside(table, condition, reason, tuple(reason for _, reason in found))
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
                twin = new_name(index.name.name)
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
        elif is_text(table.column(conversion.column).type):
            # Where the column may be empty, a value that does not convert must not pass for an empty one.
            yield AddCheck(
                table=self.table, name=_check_name(conversion),
                condition=expression("{old} IS NULL OR {new} IS NOT NULL", old=conversion.column, new=conversion.new),
            )  # fmt: skip

    def _switch(self, db: Snapshot, table: Table) -> Step:
        after = {c.column: (c.old, c.column) for c in self.conversions}
        before = {c.column: (c.column, c.new) for c in self.conversions}
        policies = self.policies or table.policies
        types = {c.column: (table.column(c.column).type, c.to_type) for c in self.conversions}
        concerned = [p for p in policies if policy_reads(db, self.table, p.name, self.table, types)]
        return Step(
            title=f"switch {self.table} to the new columns", phase=Phase.SWITCH,
            do=(*rename_columns(self.table, self.conversions), *self._rename_indexes(table, back=False),
                create_function(self.table, PURPOSE, self._body(table, after)),
                *(alter_policy(self.table, retyped_policy(p, self.table, {self.table: types}, db)) for p in concerned),
                *describe(table, self.conversions)),
            undo=(*rename_columns_back(self.table, self.conversions), *self._rename_indexes(table, back=True),
                  create_function(self.table, PURPOSE, self._body(table, before)),
                  *(alter_policy(self.table, p) for p in concerned)),
            locks=self._lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(*(proof.column_type_is(self.table, c.column, c.to_type) for c in self.conversions)),
            why="one short transaction: no client ever sees half of it",
            hazard="; ".join(filter(None, (
                "the plain name has the new type now; the old shape stays readable through the compatible view",
                bodies_to_look_at(db, self.table, [c.column for c in self.conversions]),
            ))),
        )  # fmt: skip

    def _rename_indexes(self, table: Table, *, back: bool) -> Iterator[Statement]:
        """The twin takes the name over: `there` first frees it."""
        mine = {c.column for c in self.conversions}
        for index in table.indexes:
            if mine & {*index.columns, *index.include}:
                first, new, old = (
                    index.name.name,
                    new_name(index.name.name),
                    old_name(index.name.name),
                )
                pairs = [(first, new), (old, first)] if back else [(first, old), (new, first)]
                for name, to in pairs:
                    yield ddl("ALTER INDEX {name} RENAME TO {to}", name=self.table.beside(name), to=to)

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
            *(old_name(index.name.name) for index in table.indexes),
            *(_check_name(c) for c in self.conversions),
        ]

    def _name_not_null(self, table: Table) -> Iterator[Statement]:
        """NOT NULL constraints get the names that they have on a table made with these columns at once."""
        for c in self.conversions:
            if c.required or table.column(c.column).not_null:
                yield name_not_null(self.table, c.column, fit(f"{self.table.name}_{c.column}", "_not_null"))


def _check_name(conversion: Conversion) -> str:
    return fit(f"pgrefit_{conversion.column}", "_converts")


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
