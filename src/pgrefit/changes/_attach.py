"""Attach a table as a partition without reading it, or the default partition, under a strong lock.

A check that says what the partition takes is added NOT VALID and validated first; the default partition gets the
opposite. The server then sees that no row is in the wrong place and does not look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._bounds import condition, default_of, partition_key
from ._locks import strongest
from ._partitioning import Partition, is_partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A partitioned table and the partition that is to be in it, a table of that name in `schema`."""

    db: Snapshot
    parent: Table
    partition: Partition
    schema: str

    @property
    def child(self) -> Relation:
        """The table that becomes the partition."""
        return Relation(self.schema, self.partition.name)

    @property
    def rows(self) -> Expression:
        """What holds for its rows."""
        key = partition_key(self.parent)
        assert key is not None
        return condition(self.parent.name, self.parent, *key, self.partition)

    @property
    def bound(self) -> Expression:
        """FOR VALUES …"""
        key = partition_key(self.parent)
        assert key is not None
        return self.partition.bound(len(key[1]))

    @property
    def inside(self) -> str:
        """The name of the check on the table."""
        return fit(f"pgrefit_{self.partition.name}", "_inside")

    @property
    def outside(self) -> str:
        """The name of the check on the default partition."""
        return fit(f"pgrefit_{self.partition.name}", "_outside")

    @property
    def default(self) -> Table | None:
        """The default partition."""
        return default_of(self.db, self.parent.name)


def unfit_parent(db: Snapshot, name: Relation) -> Iterator[Obstacle]:
    """A table that is not there or not partitioned, or not by columns."""
    table = db.find_table(name)
    if table is None:
        yield Obstacle(str(name), "there is no such table")
    elif table.kind != "partitioned table":
        yield Obstacle(str(name), "is not partitioned")
    elif partition_key(table) is None:
        yield Obstacle(str(name), "is partitioned by an expression")


def unfit_place(place: Place) -> Iterator[Obstacle]:
    """A partition of another kind than the table's, over several columns, or over what is there already."""
    key = partition_key(place.parent)
    assert key is not None
    method, by = key
    p = place.partition
    if p.is_default:
        yield Obstacle(str(place.child), "has no bounds: a default partition can only be made with the table")
        return
    says = "hash" if p.modulus else "list" if p.values or p.null else "range"
    if says != method:
        yield Obstacle(str(place.child), f"is said by {says}, but {place.parent.name} is partitioned by {method}")
    elif method != "hash" and len(by) > 1:
        yield Obstacle(str(place.parent.name), "is partitioned by several columns: what a part takes is no plain check")
    elif place.default is not None and place.default.kind != "table":
        yield Obstacle(str(place.parent.name), f"has a default partition that is a {place.default.kind}")


def check_inside(place: Place) -> Iterator[Step]:
    """For a table that has rows."""
    yield from _check(place, place.child, place.inside, place.rows, f"rows that do not belong to {place.child}")


def check_outside(place: Place) -> Iterator[Step]:
    """For the default partition, where there is one."""
    if place.default is not None:
        rows = expression("NOT ({c})", c=raw(place.rows))
        yield from _check(place, place.default.name, place.outside, rows, f"rows that belong to {place.child}")


def _check(place: Place, on: Relation, name: str, rows: Expression, refused: str) -> Iterator[Step]:
    yield Step(
        title=f"refuse {refused} in {on}", phase=Phase.EXPAND,
        do=(ddl("ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({rows}) NOT VALID", t=on, n=name, rows=raw(rows)),),
        undo=(ddl("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {n}", t=on, n=name),),
        locks=(Lock(on, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
        proof=proof.some(proof.constraint_exists(on, name), is_partition(place.parent.name, place.child)),
        hazard=f"{refused} are refused there from here on, until {place.child} is attached",
    )  # fmt: skip
    yield Step(
        title=f"check that there are no {refused} in {on}", phase=Phase.MIGRATE,
        do=(ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {n}", t=on, n=name),), undo=Way.NOTHING_LEFT,
        locks=(Lock(on, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.SCAN,
        proof=proof.some(proof.constraint_exists(on, name, valid=True), is_partition(place.parent.name, place.child)),
        why="so that attaching does not read it under its lock",
    )  # fmt: skip


def attach(place: Place, *, checked: bool) -> Step:
    """The catalog alone. `checked`: the table has the check, which goes, as that of the default partition does."""
    there = is_partition(place.parent.name, place.child)
    marks = [(place.child, place.inside, place.rows)] if checked else []
    if place.default is not None:
        marks.append((place.default.name, place.outside, expression("NOT ({c})", c=raw(place.rows))))
    drop = tuple(ddl("ALTER TABLE {t} DROP CONSTRAINT {n}", t=t, n=n) for t, n, _ in marks)
    back = tuple(
        ddl("ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({r}) NOT VALID", t=t, n=n, r=raw(r)) for t, n, r in marks
    )
    locks = (Lock(table, LockMode.ACCESS_EXCLUSIVE) for table in (place.child, *(t for t, _, _ in marks)))
    return Step(
        title=f"attach {place.child} to {place.parent.name}", phase=Phase.SWITCH,
        do=(ddl("ALTER TABLE {p} ATTACH PARTITION {c} {bound}", p=place.parent.name, c=place.child,
                bound=raw(place.bound)), *drop),
        undo=(ddl("ALTER TABLE {p} DETACH PARTITION {c}", p=place.parent.name, c=place.child), *back),
        locks=strongest((Lock(place.parent.name, LockMode.SHARE_UPDATE_EXCLUSIVE), *locks, *_parents(place))),
        work=Work.INSTANT, proof=there,
        why="the server trusts the checks and reads neither table",
    )  # fmt: skip


def _parents(place: Place) -> Iterator[Lock]:
    """Foreign keys of the table become parts of those of the partitioned one."""
    return (Lock(key.parent, LockMode.ACCESS_EXCLUSIVE) for key in place.parent.foreign_keys if key.parent)
