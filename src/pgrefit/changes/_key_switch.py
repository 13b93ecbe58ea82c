"""The switch of a key graph: one transaction over all its tables; the way back; and what only the new type can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._conversion import name_not_null
from ._key_blocks import at_once, where
from ._key_bound import carried_marks, carried_policies, carried_publications, carried_triggers, concerned_policies
from ._key_carried import Carried, Moves, in_order
from ._key_graph import KeyGraph, Member
from ._key_sync import drop_triggers, make_function, make_triggers
from ._key_twin_parts import Printer
from ._key_twins import carried_reference, carried_twins
from ._key_unfit import move_aside, refuse_on_the_way_back, unfit_on_the_way_back
from ._key_values import carried_values
from ._key_views import carried_views, rewritten_views
from ._locks import strongest
from ._trees import relations
from ._two_shapes import rename_columns, rename_columns_back

NAMED_NOT_NULL = 180000  # the first server on which NOT NULL is a constraint with a name
PATIENCE_MS = 200  # for all locks of the switch together: so long clients wait at most before it gives way

Unfit = OneOf["refuse", "quarantine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The steps of the switch phase."""

    graph: KeyGraph
    db: Snapshot
    unfit: Unfit

    def steps(self) -> Iterator[Step]:
        """The switch; then, where the new type holds more than the old one, the permission to write that."""
        yield self._switch()
        for member in self.graph.changing:
            if member.widened:
                yield self._let_more_in(member)

    def _switch(self) -> Step:
        carried = tuple(self._carried())
        forth = in_order((c.forth for c in carried), self._renames(back=False))
        back = in_order((c.back for c in carried), self._renames(back=True))
        again = (statement for c in reversed(carried) for statement in c.again)
        first = self.graph.changing[0]
        switched = proof.column_exists(first.name, first.conversions[0].old)
        return Step(
            title=f"switch {', '.join(str(m.name) for m in self.graph.changing)} to the new columns",
            phase=Phase.SWITCH, do=(*self._lock(), *forth), undo=(where(switched, (*self._lock(), *back)), *again),
            locks=self._locks(), work=Work.INSTANT, undo_in_transaction=False,
            proof=proof.every(*(proof.column_type_is(m.name, c.column, c.to_type)
                                for m in self.graph.changing for c in m.conversions)),
            why="one short transaction over all tables: no client ever sees half of it",
            hazard=self._hazard(),
        )  # fmt: skip

    def _carried(self) -> Iterator[Carried]:
        """What depends on others before what it depends on."""
        graph, db = self.graph, self.db
        yield from carried_views(graph, db)
        for member in graph.changing:
            yield from carried_triggers(member, graph, db)
            yield from carried_publications(member, graph, db)
        yield from carried_policies(graph, db)
        yield from map(carried_reference, graph.references)
        for member in graph.changing:
            yield from carried_marks(member)
            yield from carried_values(member, db)
            yield from carried_twins(Printer(graph=graph, db=db, member=member))
        yield from (_carried_sync(graph, member) for member in graph.changing)

    def _renames(self, *, back: bool) -> Iterator[Statement]:
        for member in self.graph.changing:
            yield from (rename_columns_back if back else rename_columns)(member.name, member.conversions)

    def _lock(self) -> tuple[Statement, Statement]:
        """All locks first, each with its share of our patience.

        Parents before those that refer to them, as applications write them: whoever is within a transaction can end it.
        """
        order = [m.name for m in self.graph.members]
        strong = {lock.on for lock in self._locks() if lock.mode is LockMode.ACCESS_EXCLUSIVE}
        tables = [*order, *sorted(strong - set(order))]
        names = joined([expression("{t}", t=table) for table in tables])
        share = f"{max(PATIENCE_MS // len(tables), 20)}ms"
        return (
            ddl("SELECT pg_catalog.set_config('lock_timeout', {ms}, true)", ms=Literal(share)),
            ddl("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE", tables=raw(names)),
        )

    def _locks(self) -> tuple[Lock, ...]:
        members = [Lock(m.name, LockMode.ACCESS_EXCLUSIVE) for m in self.graph.members]
        policies = list(concerned_policies(self.graph, self.db))
        guarded = [Lock(table.name, LockMode.ACCESS_EXCLUSIVE) for table, _ in policies]
        parts = [part for _, policy in policies for part in (policy.using, policy.check) if part is not None]
        read = [relation for part in parts for relation in relations(part)]
        read += [relation for view in rewritten_views(self.graph, self.db) for relation in view.reads]
        reads = [Lock(relation, LockMode.ACCESS_SHARE) for relation in read if self.db.find_table(relation)]
        return strongest((*members, *guarded, *reads))

    def _hazard(self) -> str:
        says = [
            "the plain names have the new type now: the application must be ready for it",
            "a prepared statement that returns one of the columns must be prepared again",
            "the columns stand last from now on: INSERT without a list of columns still writes the old ones",
        ]
        functions = self._functions()
        if functions:
            says.append(f"read these functions, whose text names a table of the graph: {', '.join(functions)}")
        tables = {m.name for m in self.graph.changing}
        published = [p.name for p in self.db.publications if p.all_tables or tables & set(p.tables)]
        if published:
            says.append(f"subscribers of {', '.join(published)} need the columns too")
        return "; ".join(says)

    def _functions(self) -> list[str]:
        """Functions whose text names a table of the graph: what they mean by it we cannot know."""
        names = {m.name.name for m in self.graph.changing}
        return [
            str(f.name) for f in self.db.functions
            if f.definition and not f.extension and any(name in f.definition for name in names)
        ]  # fmt: skip

    def _let_more_in(self, member: Member) -> Step:
        empty = [expression("ALTER COLUMN {c} DROP NOT NULL", c=c.old) for c in member.widened if member.requires(c)]
        drop = expression("DROP CONSTRAINT IF EXISTS {c}", c=both_or_neither(member))
        return Step(
            title=f"let values into {member.name} that the old type cannot hold", phase=Phase.SWITCH,
            do=(ddl("ALTER TABLE {t} {actions}", t=member.name, actions=raw(joined([drop, *empty]))),),
            undo=tuple(self._keep_more_out(member)), undo_in_transaction=False,
            locks=member.lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.negated(proof.constraint_exists(member.name, both_or_neither(member))),
            why="from here on the old column is empty where its type cannot hold the value",
            hazard="on the way back such rows " + ("stop it" if self.unfit == "refuse" else "are put aside"),
        )  # fmt: skip

    def _keep_more_out(self, member: Member) -> Iterator[Statement]:
        """No more of them from here on; those that are there refused or put aside; then the old column is required."""
        check = both_or_neither(member)
        absent = proof.negated(proof.constraint_exists(member.name, check))
        if self.unfit == "refuse":
            yield from refuse_on_the_way_back(member)
        yield where(absent, (add_both_or_neither(member, switched=True),))
        if self.unfit == "refuse":
            yield from refuse_on_the_way_back(member)
        else:
            yield at_once(move_aside(self.graph, self.db, member, unfit_on_the_way_back(member), back=True))
        yield ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {c}", t=member.name, c=check)
        required = [expression("ALTER COLUMN {c} SET NOT NULL", c=c.old) for c in member.widened if member.requires(c)]
        if required:
            yield ddl("ALTER TABLE {t} {actions}", t=member.name, actions=raw(joined(required)))
            yield from not_null_names(member, self.db, {c.column: c.old for c in member.widened})


def not_null_names(member: Member, db: Snapshot, columns: Mapping[str, str]) -> Iterator[Statement]:
    """Constraints of required columns get the names that they had; `columns` says what each is called now."""
    if db.server_version < NAMED_NOT_NULL:
        return
    names = {c.columns: c.name for c in member.table.constraints if c.kind == "not null"}
    for c in member.conversions:
        if member.requires(c) and c.column in columns:
            usual = fit(f"{member.name.name}_{c.column}", "_not_null")
            yield name_not_null(member.name, columns[c.column], names.get((c.column,), usual))


def both_or_neither(member: Member) -> str:
    """The name of the check that a row has its values in both shapes."""
    return fit(f"pgrefit_{member.name.name}", "_both")


def add_both_or_neither(member: Member, *, switched: bool) -> Statement:
    """The check, for new rows."""
    parts: list[Expression] = []
    for c in member.conversions:
        old, new = (c.old, c.column) if switched else (c.column, c.new)
        required = expression("{old} IS NOT NULL AND {new} IS NOT NULL", old=old, new=new)
        either = expression("({old} IS NULL) = ({new} IS NULL)", old=old, new=new)
        parts.append(required if member.requires(c) else either)
    return ddl(
        "ALTER TABLE {t} ADD CONSTRAINT {c} CHECK ({parts}) NOT VALID", t=member.name, c=both_or_neither(member),
        parts=raw(joined(parts, " AND ")),
    )  # fmt: skip


def _carried_sync(graph: KeyGraph, member: Member) -> Carried:
    def moves(*, switched: bool) -> Moves:
        after = (*make_function(graph, member, switched=switched), *drop_triggers(member))
        return Moves(after=(*after, *make_triggers(member, switched=switched)))

    return Carried(forth=moves(switched=True), back=moves(switched=False))
