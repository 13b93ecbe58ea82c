"""Rows that cannot come along: values that do not convert, and on the way back those that the old type cannot hold.

They are refused before anything is done, with how many there are and some of them, or put aside whole. What refers to
such a row by the same value is put aside too, before it. Nothing else goes along: where a row would stay that refers
to one that goes, the step stops, whatever the foreign key would do to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Snapshot

from . import _proof as proof
from ._batches import quarantine_all, restore_batches
from ._conversion import converted, faults
from ._guard import create_guard, drop_sync, purpose, trigger_name
from ._key_blocks import refuse_where_any
from ._key_graph import KeyGraph, Member
from ._key_sync import PURPOSE, make_function
from ._locks import of_deletes, strongest
from ._preconditions import fired_by_moving
from ._sync import drop_function, function

MEND = "mend these values and run again; or leave it to unfit = quarantine to put the rows aside"
LIKE = "give these rows different keys and run again"
TIED = "decide what becomes of the rows that refer to them, and run again"
CASCADES = {"cascade", "set null", "set default"}


def look_and_begin(graph: KeyGraph, db: Snapshot, *, refuse: bool) -> Step:
    """Look at all values before anything is changed, and make the functions that will convert them."""
    looked = [m for m in graph.changing if m.from_text]
    tables = {m.name for m in looked} | {t for m in looked if not refuse for t in _children(db, m)}
    checks = [check for m in looked for check in _checks(graph, db, m, refuse=refuse)]
    return Step(
        title=f"see that keys convert, and make ready to keep {len(graph.changing)} tables in step",
        phase=Phase.EXPAND,
        do=(*checks, *(s for m in graph.changing for s in make_function(graph, m, switched=False))),
        undo=tuple(drop_function(m.name, PURPOSE) for m in graph.changing),
        locks=tuple(Lock(t, LockMode.ACCESS_SHARE) for t in sorted(tables)),
        work=Work.SCAN if looked else Work.INSTANT,
        proof=proof.every(*(proof.function_exists(function(m.name, PURPOSE)) for m in graph.changing)),
        why="a value that does not convert is found before anything was done",
    )  # fmt: skip


def _checks(graph: KeyGraph, db: Snapshot, member: Member, *, refuse: bool) -> Iterator[Statement]:
    if refuse:
        yield from refuse_unfit(member)
    else:
        yield from (_refuse_tied(graph, member, child, key, filled=False) for child, key in db_children(db, member))
    for index in member.table.indexes:
        columns = tuple(c for c in index.columns if c is not None)
        from_text = {c.column for c in member.from_text}
        if index.unique and len(columns) == len(index.columns) and from_text & set(columns) and index.predicate is None:
            yield _refuse_alike(member, columns)


def refuse_unfit(member: Member, *, filled: bool = False) -> Iterator[Statement]:
    """Stop where a value does not convert; when the new columns are filled they tell."""
    for c in member.from_text:
        value = expression("t.{c}", c=c.new) if filled else converted(member.table, c, c.column, "t")
        rows = ddl(
            "SELECT t.{c}::text AS value FROM {table} AS t WHERE t.{c} IS NOT NULL AND {converted} IS NULL",
            c=c.column, table=member.name, converted=raw(value),
        )  # fmt: skip
        yield refuse_where_any(rows, f"rows of {member.name} have a {c.column} that is not a {c.to_type}", MEND)


def _refuse_alike(member: Member, columns: tuple[str, ...]) -> Statement:
    """Stop where unique values are the same once converted, such as two spellings of one uuid."""
    by_name = {c.column: c for c in member.conversions}
    values = [
        converted(member.table, by_name[name], name, "t") if name in by_name else expression("t.{c}", c=name)
        for name in columns
    ]
    given = joined([expression("{v} IS NOT NULL", v=raw(value)) for value in values], " AND ")
    shown = joined([expression("({v})::text", v=raw(value)) for value in values])
    rows = ddl(
        "SELECT pg_catalog.concat_ws(', ', {shown}) AS value FROM {table} AS t WHERE {given} GROUP BY {values}"
        " HAVING pg_catalog.count(*) > 1",
        shown=raw(shown), table=member.name, given=raw(given), values=raw(joined(values)),
    )  # fmt: skip
    return refuse_where_any(rows, f"keys of {member.name} ({', '.join(columns)}) would be equal once converted", LIKE)


def put_unfit_aside(graph: KeyGraph, db: Snapshot) -> Iterator[Step]:
    """Refuse new values that do not convert, then put those that are there aside, children before parents."""
    for member in graph.changing:
        if member.from_text:
            yield _guard(member)
    for member in reversed(graph.changing):
        if member.from_text:
            yield _put_aside(graph, db, member)


def guards(member: Member) -> dict[str, str]:
    """The purpose of each guard, by column."""
    return {c.column: purpose("unfit", member.name, c.column) for c in member.from_text}


def _guard(member: Member) -> Step:
    do: list[Statement] = []
    for c in member.from_text:
        bad = expression("NEW.{old} IS NOT NULL AND NEW.{new} IS NULL", old=c.column, new=c.new)
        do.extend(create_guard(member.name, guards(member)[c.column], c.column, bad, "22P02"))
    names = guards(member).values()
    return Step(
        title=f"refuse values that do not convert in {member.name}", phase=Phase.MIGRATE,
        do=tuple(do), undo=tuple(s for name in names for s in drop_sync(member.name, name)),
        locks=member.lock(LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
        proof=proof.every(*(proof.trigger_exists(member.name, trigger_name(member.name, n)) for n in names)),
        hazard="statements that write such a value fail from here on",
    )  # fmt: skip


def _put_aside(graph: KeyGraph, db: Snapshot, member: Member) -> Step:
    found = [(condition, reason) for c in member.from_text for condition, reason in faults(c)]
    unfit = joined([expression("({c})", c=raw(condition)) for condition, _ in found], " OR ")
    return Step(
        title=f"put rows of {member.name} aside that do not convert", phase=Phase.MIGRATE,
        do=tuple(move_aside(graph, db, member, found)), undo=restore_batches(member.table),
        locks=locks_of_moving(db, member), work=Work.SCAN, proof=proof.no_row(member.name, unfit),
        why="the rows are kept whole in pgrefit.quarantine and can be restored", hazard=fired_by_moving(member.table),
    )  # fmt: skip


def move_aside(
    graph: KeyGraph, db: Snapshot, member: Member, found: list[tuple[Expression, str]], *, back: bool = False
) -> Iterator[Statement]:
    """Hold the rows, so that nothing new refers to them; stop where something does that stays; then move them.

    `found` are conditions over alias t, each with a reason.
    """
    condition = joined([expression("({c})", c=raw(c)) for c, _ in found], " OR ")
    cases = [expression("WHEN {c} THEN {r}", c=raw(c), r=Literal(reason)) for c, reason in found]
    yield ddl(
        "SELECT pg_catalog.count(*) FROM (SELECT FROM {table} AS t WHERE {condition} FOR UPDATE) AS held",
        table=member.name, condition=raw(condition),
    )  # fmt: skip
    for child, key in db_children(db, member):
        yield _refuse_tied(graph, member, child, key, filled=True, back=back)
    reason = expression("CASE {cases} END", cases=raw(joined(cases, " ")))
    yield quarantine_all(member.after if back else member.table, condition, reason)


def unfit_on_the_way_back(member: Member) -> list[tuple[Expression, str]]:
    """Conditions over alias t, after the switch, under which the old type cannot hold a value."""
    return [
        (expression("t.{old} IS NULL AND t.{new} IS NOT NULL", old=c.old, new=c.column),
         f"{c.column} does not fit {member.types[c.column][0]}")
        for c in member.widened
    ]  # fmt: skip


def refuse_on_the_way_back(member: Member) -> Iterator[Statement]:
    """Stop where going back would lose values."""
    for c in member.widened:
        rows = ddl(
            "SELECT t.{new}::text AS value FROM {table} AS t WHERE t.{old} IS NULL AND t.{new} IS NOT NULL",
            new=c.column, old=c.old, table=member.name,
        )  # fmt: skip
        says = f"rows of {member.name} have a {c.column} that {member.types[c.column][0]} cannot hold"
        yield refuse_where_any(rows, says, "give these rows other values or remove them, and roll back again")


def locks_of_moving(db: Snapshot, member: Member) -> tuple[Lock, ...]:
    """What moving rows of a member locks."""
    cascading = (
        Lock(child, LockMode.ROW_EXCLUSIVE) for child, key in db_children(db, member) if key.on_delete in CASCADES
    )
    return strongest((*of_deletes(db, member.name), *cascading))


def db_children(db: Snapshot, member: Member) -> tuple[tuple[Relation, Constraint], ...]:
    """Foreign keys of any table that refer to the member."""
    return tuple((child.name, key) for child, key in db.references_to(member.name))


def _children(db: Snapshot, member: Member) -> set[Relation]:
    return {child for child, _ in db_children(db, member)}


def _refuse_tied(
    graph: KeyGraph, member: Member, child: Relation, key: Constraint, *, filled: bool, back: bool = False
) -> Statement:
    """Stop where a row that stays refers to one that goes."""
    other = next((m for m in graph.changing if m.name == child), None)
    pairs = zip(key.columns, key.parent_columns, strict=True)
    same = joined([expression("c.{own} = p.{far}", own=own, far=far) for own, far in pairs], " AND ")
    stays = expression("NOT ({d})", d=raw(_goes(other, "c", filled=filled, back=back))) if other else Expression("true")
    value = joined([expression("p.{far}::text", far=far) for far in key.parent_columns])
    rows = ddl(
        "SELECT pg_catalog.concat_ws(', ', {value}) AS value FROM {parent} AS p JOIN {child} AS c ON {same}"
        " WHERE ({goes}) AND {stays}",
        value=raw(value), parent=member.name, child=child, same=raw(same),
        goes=raw(_goes(member, "p", filled=filled, back=back)), stays=raw(stays),
    )  # fmt: skip
    return refuse_where_any(
        rows, f"rows of {child} refer by {key.name} to rows of {member.name} that cannot stay", TIED
    )


def _goes(member: Member, row: str, *, filled: bool, back: bool) -> Expression:
    """Whether the row of that alias is one to be put aside."""
    alias = raw(Expression(row))
    parts: list[Expression] = []
    for c in member.widened if back else member.from_text:
        old, new = (c.column, c.old) if back else (c.column, c.new)
        value = (expression("{r}.{new}", r=alias, new=new) if filled or back
                 else converted(member.table, c, c.column, row))  # fmt: skip
        parts.append(expression("({r}.{old} IS NOT NULL AND {v} IS NULL)", r=alias, old=old, v=raw(value)))
    return joined(parts, " OR ") if parts else Expression("false")
