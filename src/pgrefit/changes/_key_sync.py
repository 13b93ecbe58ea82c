"""The triggers that keep both shapes of a key and of its references in step.

Their guards only compare old values with new ones, and convert nothing: an update that leaves the columns alone pays
for no more than that.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Phase, Step, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import LockMode

from . import _proof as proof
from ._conversion import Conversion, back_or_nothing, converted, kept_in_step, trigger_body
from ._key_graph import KeyGraph, Member
from ._sync import create_function, drop_function, drop_trigger, function, trigger_name

PURPOSE = "rekey"
KINDS = {"rekey_insert": "INSERT", "rekey_update": "UPDATE"}


def make_function(graph: KeyGraph, member: Member, *, switched: bool) -> tuple[Statement, ...]:
    """The function behind both triggers, for the names that the columns have before or after the switch.

    It runs with the rights of its owner, for it may look up rows that the writer may not see.
    """
    parts: list[Expression] = []
    for c in member.conversions:
        old, new = _names(c, switched=switched)
        forth, back = converted(member.table, c, old, "NEW"), back_or_nothing(member.table, c, new)
        back = _as_the_parent_spells_it(graph, member, c, back) if switched else back
        parts.append(kept_in_step(old, new, forth=forth, back=back))
    return (
        create_function(member.name, PURPOSE, trigger_body(parts), definer=True),
        ddl("REVOKE ALL ON FUNCTION {f}() FROM PUBLIC", f=function(member.name, PURPOSE)),
    )


def _as_the_parent_spells_it(graph: KeyGraph, member: Member, conversion: Conversion, value: Expression) -> Expression:
    """A text that refers to another is equal to it, whatever spelling that has.

    Only where the old columns of the parent go after those of the child.
    """
    before = graph.members[: graph.members.index(member) + 1]
    for reference in graph.references if conversion in member.from_text else ():
        pairs = dict(zip(reference.key.columns, reference.key.parent_columns, strict=True))
        far = {c.column: c for c in reference.parent.from_text}.get(pairs.get(conversion.column, ""))
        if reference.child is member and reference.parent in before and far:
            same = [expression("p.{far} = NEW.{own}", far=theirs, own=own) for own, theirs in pairs.items()]
            return expression(
                "coalesce((SELECT p.{old} FROM {parent} AS p WHERE {same} LIMIT 1), {value})", old=far.old,
                parent=reference.parent.name, same=raw(joined(same, " AND ")), value=raw(value),
            )  # fmt: skip
    return value


def make_triggers(member: Member, *, switched: bool) -> Iterator[Statement]:
    """One for new rows, one for updates that touch a column of either shape."""
    guards = {"rekey_insert": _given(member, switched=switched), "rekey_update": _changed(member, switched=switched)}
    for purpose, event in KINDS.items():
        yield ddl(
            "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {function}()",
            name=trigger_name(member.name, purpose), event=raw(Expression(event)), table=member.name,
            when=raw(guards[purpose]), function=function(member.name, PURPOSE),
        )  # fmt: skip


def drop_triggers(member: Member) -> Iterator[Statement]:
    """Both triggers."""
    return (drop_trigger(member.name, purpose) for purpose in KINDS)


def drop_all(member: Member) -> Iterator[Statement]:
    """Triggers and function."""
    yield from drop_triggers(member)
    yield drop_function(member.name, PURPOSE)


def keep_in_step(member: Member) -> Step:
    """The triggers, from when on whatever is written is there in both shapes."""
    return Step(
        title=f"keep old and new columns of {member.name} in step", phase=Phase.EXPAND,
        do=tuple(make_triggers(member, switched=False)), undo=tuple(drop_triggers(member)),
        locks=member.lock(LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
        proof=proof.every(*(proof.trigger_exists(member.name, trigger_name(member.name, p)) for p in KINDS)),
        why="whatever either version of the application writes is there in both shapes",
    )  # fmt: skip


def _names(conversion: Conversion, *, switched: bool) -> tuple[str, str]:
    return (conversion.old, conversion.column) if switched else (conversion.column, conversion.new)


def _given(member: Member, *, switched: bool) -> Expression:
    parts = [
        expression("NEW.{old} IS NOT NULL OR NEW.{new} IS NOT NULL", old=old, new=new)
        for old, new in (_names(c, switched=switched) for c in member.conversions)
    ]
    return joined(parts, " OR ")


def _changed(member: Member, *, switched: bool) -> Expression:
    # Before the switch only our own batches write a new column that is empty: they are not to pay for the function.
    parts: list[Expression] = []
    for c in member.conversions:
        old, new = _names(c, switched=switched)
        by_hand = Expression("") if switched else expression("OLD.{new} IS NOT NULL AND ", new=new)
        parts.append(expression(
            "NEW.{old} IS DISTINCT FROM OLD.{old} OR ({by_hand}NEW.{new} IS DISTINCT FROM OLD.{new})",
            old=old, new=new, by_hand=raw(by_hand),
        ))  # fmt: skip
    return joined(parts, " OR ")
