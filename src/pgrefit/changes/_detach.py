"""Take a partition out of its table while that is in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgrefit.model.change import Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._attach import Place, unfit_parent, unfit_place
from ._bounds import default_of, observed
from ._locks import strongest
from ._partitioning import is_partition


def unfit_partition(db: Snapshot, table: Relation, partition: Relation) -> Iterator[Obstacle]:
    """No such partition, or one that could not be attached again without a scan; tables that refer to it."""
    unfit = tuple(unfit_parent(db, table))
    yield from unfit
    if unfit:
        return
    part = db.find_table(partition)
    if part is None or part.partition_of != table:
        yield Obstacle(str(partition), f"is no partition of {table}")
    elif part.kind != "table":
        yield Obstacle(str(partition), f"is a {part.kind}")
    else:
        yield from unfit_place(_place(db, part))
    if (default := default_of(db, table)) is not None:
        yield Obstacle(str(table), f"has the default partition {default.name}, which would take new rows of that part")
    for child, key in db.references_to(table):
        yield Obstacle(str(table), f"{key.name} of {child.name} refers to it")


def detach_steps(
    db: Snapshot, part: Table, *, then: Iterable[Step] = (), kept_as: Relation | None = None
) -> Iterator[Step]:
    """A check that says what the partition takes, validated; then the catalog alone; `then`, which calls it `kept_as`;
    at last the check goes.

    DETACH … CONCURRENTLY would spare an instant's strong lock, but is no transaction, and cut short leaves a partition
    half detached.
    """
    place = _place(db, part)
    yield _say(place)
    yield _validate(place)
    yield _detach(place)
    yield from then
    yield _unsay(place if kept_as is None else replace(place, schema=kept_as.schema))


def _place(db: Snapshot, part: Table) -> Place:
    assert part.partition_of is not None
    return Place(db=db, parent=db.table(part.partition_of), partition=observed(part), schema=part.name.schema)


def _say(place: Place) -> Step:
    return Step(
        title=f"say in a check what {place.child} holds", phase=Phase.EXPAND, do=(_add(place),), undo=(_drop(place),),
        locks=(Lock(place.child, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
        proof=proof.constraint_exists(place.child, place.inside),
        why="the way back can then attach it without reading it under a lock",
    )  # fmt: skip


def _validate(place: Place) -> Step:
    return Step(
        title=f"validate the check of {place.child}", phase=Phase.MIGRATE, do=(_validated(place),),
        undo=Way.NOTHING_LEFT, locks=(Lock(place.child, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.SCAN,
        proof=proof.constraint_exists(place.child, place.inside, valid=True),
    )  # fmt: skip


def _detach(place: Place) -> Step:
    parent = place.parent
    keys = (key.parent for key in parent.foreign_keys if key.parent)
    return Step(
        title=f"detach {place.child} from {parent.name}", phase=Phase.SWITCH,
        do=(ddl("ALTER TABLE {p} DETACH PARTITION {c}", p=parent.name, c=place.child),),
        undo=(ddl("ALTER TABLE {p} ATTACH PARTITION {c} {bound}",
                  p=parent.name, c=place.child, bound=raw(place.bound)),),
        locks=strongest((*(Lock(table, LockMode.ACCESS_EXCLUSIVE) for table in (parent.name, place.child)),
                         *(Lock(table, LockMode.SHARE_ROW_EXCLUSIVE) for table in keys))),
        work=Work.INSTANT,
        proof=proof.every(proof.relation_exists(place.child),
                          proof.negated(is_partition(parent.name, place.child))),
        hazard=f"its rows are no longer rows of {parent.name}, which refuses such rows from now on",
    )  # fmt: skip


def _unsay(place: Place) -> Step:
    return Step(
        title=f"drop the check of {place.child}", phase=Phase.CONTRACT, do=(_drop(place),),
        undo=(_add(place), _validated(place)), undo_in_transaction=False,
        locks=(Lock(place.child, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
        proof=proof.negated(proof.constraint_exists(place.child, place.inside)),
    )  # fmt: skip


def _add(place: Place) -> Statement:
    return ddl("ALTER TABLE {c} ADD CONSTRAINT {n} CHECK ({rows}) NOT VALID",
               c=place.child, n=place.inside, rows=raw(place.rows))  # fmt: skip


def _validated(place: Place) -> Statement:
    return ddl("ALTER TABLE {c} VALIDATE CONSTRAINT {n}", c=place.child, n=place.inside)


def _drop(place: Place) -> Statement:
    return ddl("ALTER TABLE {c} DROP CONSTRAINT IF EXISTS {n}", c=place.child, n=place.inside)
