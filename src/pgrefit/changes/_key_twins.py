"""Twins over the new columns of what stands on the old ones: indexes, keys, checks, references, statistics.

They are built while the old ones serve; the switch swaps their names. What the server cannot rename but only drop (a
primary key; checks and references, which would refuse what only the new shape can hold) is made again on the way back.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, ExtendedStatistics, Index
from pgrefit.model.sql_tree import columns_of

from . import _proof as proof
from ._conversion import new_name, old_name
from ._key_blocks import where
from ._key_carried import Carried, Moves
from ._key_graph import Member, Reference
from ._key_twin_parts import Printer, spare, twin_of_reference, unvalidated
from ._locks import strongest
from .create_index import CreateIndex


def twin_indexes(printer: Printer) -> Iterator[Step]:
    """Indexes, with those that are to become keys, and the one with which the primary key can come back."""
    member, db = printer.member, printer.db
    for index in _indexes(member):
        yield from printer.index(index).steps(db)
        if index.primary:
            yield from spare(member, index).steps(db)
    for constraint in member.constraints("unique"):
        yield _promote(printer, constraint)
    for statistics in _statistics(printer):
        yield _measure(printer, statistics)


def twin_checks(printer: Printer) -> Iterator[Step]:
    """Checks, for new rows and then for those that are there."""
    table = printer.member.name
    for check in printer.member.constraints("check"):
        locks = printer.member.lock(LockMode.ACCESS_EXCLUSIVE)
        yield _announce(table, check, (printer.check(check),), locks)
        if check.validated:
            weaker = printer.member.lock(LockMode.SHARE_UPDATE_EXCLUSIVE)
            yield _validate(table, new_name(check.name), weaker)


def twin_reference(reference: Reference) -> Iterator[Step]:
    """A foreign key, for new rows and then for those that are there."""
    child, parent = reference.child.name, reference.parent.name
    both = strongest(Lock(t, LockMode.SHARE_ROW_EXCLUSIVE) for t in (child, parent))
    yield _announce(child, reference.key, (_lock_both(reference), twin_of_reference(reference)), both)
    if reference.key.validated:
        locks = strongest((Lock(child, LockMode.SHARE_UPDATE_EXCLUSIVE), Lock(parent, LockMode.ROW_SHARE)))
        yield _validate(child, reference.new, locks)


def carried_reference(reference: Reference) -> Carried:
    """The old one goes, the twin takes its name; back the other way round."""
    table, key = reference.child.name, reference.key
    twin = twin_of_reference(reference)
    absent = proof.negated(proof.constraint_exists(table, reference.new))
    return Carried(
        forth=Moves(before=(_drop(table, key.name),),
                    after=(_rename(table, reference.new, key.name), *_comment(table, key))),
        back=Moves(before=(_drop(table, key.name),), after=(unvalidated(table, key), *_comment(table, key))),
        again=(where(absent, (_lock_both(reference), twin)),
               *(_validated(table, name) for name in (reference.new, key.name) if key.validated)),
    )  # fmt: skip


def carried_twins(printer: Printer) -> Iterator[Carried]:
    """Everything else, what depends on an index before the index."""
    member = printer.member
    yield from (_carried_check(member.name, check) for check in member.constraints("check"))
    yield from (_carried_statistics(statistics) for statistics in _statistics(printer))
    for index in _indexes(member):
        if index.primary:
            yield _carried_primary_key(printer, index)
        elif index.constraint is None:
            yield _carried_index(index)
    yield from (_carried_unique(member, constraint) for constraint in member.constraints("unique"))


def left_behind(printer: Printer) -> list[str]:
    """Names of indexes and constraints of the old columns, which go with them."""
    member = printer.member
    names = [old_name(index.name.name) for index in _indexes(member)]
    return [*names, *(old_name(c.name) for c in member.constraints("unique"))]


def _indexes(member: Member) -> tuple[Index, ...]:
    """Those over columns that change, whether as a key, included, in an expression or in the predicate."""
    return tuple(i for i in member.table.indexes if member.touches((*i.columns, *i.include, *_hidden(i))))


def _hidden(index: Index) -> tuple[str, ...]:
    parts = [key.expression for key in index.keys if key.column is None]
    parts += [] if index.predicate is None else [index.predicate]
    return tuple(name for part in parts for name in columns_of(part))


def _statistics(printer: Printer) -> tuple[ExtendedStatistics, ...]:
    member = printer.member
    named = {
        use.member for column in member.new_names for use in printer.db.uses_of(member.name, column)
        if use.kind == "statistics"
    }  # fmt: skip
    return tuple(s for s in printer.db.statistics if s.table == member.name and s.name.name in named)


def _lock_both(reference: Reference) -> Statement:
    """The parent first, as applications do that write both: the statement itself would begin with the child."""
    parent, child = reference.parent.name, reference.child.name
    return ddl("LOCK TABLE {parent}, {child} IN SHARE ROW EXCLUSIVE MODE", parent=parent, child=child)


def _announce(table: Relation, constraint: Constraint, add: tuple[Statement, ...], locks: tuple[Lock, ...]) -> Step:
    name = new_name(constraint.name)
    return Step(
        title=f"add {constraint.kind} {constraint.name} over the new columns of {table} for new rows",
        phase=Phase.MIGRATE, do=add, undo=(_drop(table, name),), locks=locks, work=Work.INSTANT,
        proof=proof.constraint_exists(table, name),
    )  # fmt: skip


def _validate(table: Relation, name: str, locks: tuple[Lock, ...]) -> Step:
    return Step(
        title=f"validate {name} of {table}", phase=Phase.MIGRATE, do=(_validated(table, name),),
        undo=Way.NOTHING_LEFT, locks=locks, work=Work.SCAN, proof=proof.constraint_exists(table, name, valid=True),
        why="reads every row, and blocks neither reads nor writes",
    )  # fmt: skip


def _promote(printer: Printer, constraint: Constraint) -> Step:
    member, twin = printer.member, printer.index(printer.member.index(constraint))
    name = new_name(constraint.name)
    return Step(
        title=f"make {name} a constraint of {member.name}", phase=Phase.MIGRATE,
        do=(_using_index(member.name, name, constraint, twin.index.name),),
        undo=(_drop(member.name, name), *_built_again(printer, twin)),
        locks=member.lock(LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
        proof=proof.constraint_exists(member.name, name), undo_in_transaction=False,
    )  # fmt: skip


def _measure(printer: Printer, statistics: ExtendedStatistics) -> Step:
    twin = statistics.name.beside(new_name(statistics.name.name))
    target = [] if statistics.target is None else [
        ddl("ALTER STATISTICS {s} SET STATISTICS {n}", s=twin, n=statistics.target)
    ]  # fmt: skip
    return Step(
        title=f"make statistics {twin.name} of {printer.member.name}", phase=Phase.MIGRATE,
        do=(printer.statistics(statistics), *target), undo=(ddl("DROP STATISTICS IF EXISTS {s}", s=twin),),
        locks=printer.member.lock(LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.INSTANT,
        proof=proof.statistics_exist(twin),
    )  # fmt: skip


def _carried_check(table: Relation, check: Constraint) -> Carried:
    twin = new_name(check.name)
    return Carried(
        forth=Moves(before=(_drop(table, check.name),),
                    after=(_rename(table, twin, check.name), *_comment(table, check))),
        back=Moves(before=(_rename(table, check.name, twin),),
                   after=(unvalidated(table, check), *_comment(table, check))),
        again=(_validated(table, check.name),) if check.validated else (),
    )  # fmt: skip


def _carried_unique(member: Member, constraint: Constraint) -> Carried:
    table, name = member.name, constraint.name
    new, old = new_name(name), old_name(name)
    described = (*_comment(table, constraint), *_comment_on_index(member.index(constraint)))
    return Carried(
        forth=Moves(after=(_rename(table, name, old), _rename(table, new, name), *described)),
        back=Moves(after=(_rename(table, name, new), _rename(table, old, name))),
    )


def _carried_index(index: Index) -> Carried:
    name = index.name.name
    new, old = new_name(name), old_name(name)
    return Carried(
        forth=Moves(after=(_rename_index(index, name, old), _rename_index(index, new, name),
                           *_comment_on_index(index))),
        back=Moves(after=(_rename_index(index, name, new), _rename_index(index, old, name))),
    )  # fmt: skip


def _carried_primary_key(printer: Printer, index: Index) -> Carried:
    """Dropping a primary key drops its index: so there is a twin for the way forth and a spare one for the way back."""
    table = printer.member.name
    key = next(c for c in printer.member.table.constraints if c.kind == "primary key")
    described = (*_comment(table, key), *_comment_on_index(index))
    swaps = (
        Moves(before=(_drop(table, key.name),), after=(_using_index(table, key.name, key, name), *described))
        for name in (new_name(index.name.name), old_name(index.name.name))
    )
    forth, back = swaps
    changes = (printer.index(index), spare(printer.member, index))
    again = tuple(statement for change in changes for statement in _built_again(printer, change))
    return Carried(forth=forth, back=back, again=again)


def _carried_statistics(statistics: ExtendedStatistics) -> Carried:
    name = statistics.name.name
    new, old = new_name(name), old_name(name)

    def renamed(this: str, to: str) -> Statement:
        return ddl("ALTER STATISTICS {s} RENAME TO {to}", s=statistics.name.beside(this), to=to)

    return Carried(
        forth=Moves(after=(renamed(name, old), renamed(new, name))),
        back=Moves(after=(renamed(name, new), renamed(old, name))),
    )


def _built_again(printer: Printer, change: CreateIndex) -> tuple[Statement, ...]:
    """Build an index where it is not there, and first remove what an interrupted build left."""
    (step,) = change.steps(printer.db)
    assert isinstance(step.do, tuple)
    head, found, rest = step.do[0].partition(" INDEX CONCURRENTLY ")
    assert found, "CreateIndex says so"
    broken = proof.every(proof.relation_exists(change.index), proof.negated(proof.index_valid(change.index)))
    return (
        where(broken, (ddl("DROP INDEX {i}", i=change.index),)),
        Statement(f"{head} INDEX CONCURRENTLY IF NOT EXISTS {rest}"),
    )


def _using_index(table: Relation, name: str, constraint: Constraint, index: str) -> Statement:
    kind = Expression("PRIMARY KEY" if constraint.kind == "primary key" else "UNIQUE")
    late = Expression("DEFERRABLE INITIALLY DEFERRED" if constraint.deferred else "DEFERRABLE")
    return ddl(
        "ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {index} {late}", table=table, name=name,
        kind=raw(kind), index=index, late=raw(late if constraint.deferrable else Expression("")),
    )  # fmt: skip


def _drop(table: Relation, name: str) -> Statement:
    return ddl("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}", table=table, name=name)


def _validated(table: Relation, name: str) -> Statement:
    return ddl("ALTER TABLE {table} VALIDATE CONSTRAINT {name}", table=table, name=name)


def _rename(table: Relation, name: str, to: str) -> Statement:
    return ddl("ALTER TABLE {table} RENAME CONSTRAINT {name} TO {to}", table=table, name=name, to=to)


def _rename_index(index: Index, name: str, to: str) -> Statement:
    return ddl("ALTER INDEX {name} RENAME TO {to}", name=index.name.beside(name), to=to)


def _comment(table: Relation, constraint: Constraint) -> Iterator[Statement]:
    if constraint.comment:
        yield ddl("COMMENT ON CONSTRAINT {name} ON {table} IS {text}",
                  name=constraint.name, table=table, text=Literal(constraint.comment))  # fmt: skip


def _comment_on_index(index: Index) -> Iterator[Statement]:
    if index.comment:
        yield ddl("COMMENT ON INDEX {index} IS {text}", index=index.name, text=Literal(index.comment))
