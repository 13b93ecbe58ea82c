"""Foreign keys of the new table, and those that point at it, before the switch and at it.

Until the switch those from other tables, and from the table to itself, are checked at commit: the row that they look
for is brought over by a trigger, which may fire after them. At the switch they get back what they were.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Constraint

from . import _proof as proof
from ._locks import strongest
from ._retarget import foreign_key_on
from ._shadow import NEW, Shadow
from ._shadow_create import described

BEFORE_SWITCH = Expression("DEFERRABLE INITIALLY DEFERRED")


def reference_steps(shadow: Shadow) -> Iterator[Step]:
    """Those that were not made with the table: each for new rows, then for those that are there."""
    if not shadow.layout:
        for key in shadow.outgoing:
            yield from _add(shadow, key, shadow.building, key.name)
        for key in shadow.own:
            yield from _add(shadow, key, shadow.building, key.name)
    for table, key in shadow.incoming:
        yield from _add(shadow, key, table.name, fit(key.name, NEW))


def _add(shadow: Shadow, key: Constraint, on: Relation, name: str) -> Iterator[Step]:
    ours = key.parent == shadow.table.name
    parent = shadow.building if ours else key.parent or shadow.building
    parts = shadow.leaves if ours else ()
    validate_kept = ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {name}", t=on, name=key.name)
    yield Step(
        title=f"let {on} refer to {parent} too" if ours else f"let {on} refer to {parent}", phase=Phase.MIGRATE,
        do=(foreign_key_on(key.definition, on, name, parent=parent, deferred=ours, not_valid=True),
            *described(on, name, key.comment)),
        undo=(ddl("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {name}", t=on, name=name),),
        locks=strongest(Lock(table, LockMode.SHARE_ROW_EXCLUSIVE) for table in (on, parent, *parts)),
        work=Work.INSTANT, proof=proof.constraint_exists(on, name),
    )  # fmt: skip
    yield Step(
        title=f"validate {name} of {on}", phase=Phase.MIGRATE,
        do=(ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {name}", t=on, name=name),),
        # The way back from the switch adds the former one for new rows alone; here it holds for all again.
        undo=Way.NOTHING_LEFT if on == shadow.building else (validate_kept,),
        locks=strongest((Lock(on, LockMode.SHARE_UPDATE_EXCLUSIVE), Lock(parent, LockMode.ROW_SHARE),
                         *(Lock(part, LockMode.ACCESS_SHARE) for part in parts))),
        work=Work.SCAN, proof=proof.constraint_exists(on, name, valid=True),
        why="reads both tables, and blocks neither reads nor writes",
    )  # fmt: skip


def take_over(shadow: Shadow) -> Iterator[Statement]:
    """At the switch, when the tables have their final names."""
    for table, key in shadow.incoming:
        yield ddl("ALTER TABLE {t} DROP CONSTRAINT {name}", t=table.name, name=key.name)
        yield ddl("ALTER TABLE {t} RENAME CONSTRAINT {new} TO {name}",
                  t=table.name, new=fit(key.name, NEW), name=key.name)  # fmt: skip
        yield _checked(table.name, key.name, _timing(key))
    for key in shadow.own:
        yield _checked(shadow.final, key.name, _timing(key))
        yield _checked(shadow.old, key.name, BEFORE_SWITCH)


def give_back(shadow: Shadow) -> Iterator[Statement]:
    """The way back, when the tables have their first names again."""
    for key in shadow.own:
        yield _checked(shadow.table.name, key.name, _timing(key))
        yield _checked(shadow.building, key.name, BEFORE_SWITCH)
    for table, key in shadow.incoming:
        yield ddl("ALTER TABLE {t} RENAME CONSTRAINT {name} TO {new}",
                  t=table.name, new=fit(key.name, NEW), name=key.name)  # fmt: skip
        yield _checked(table.name, fit(key.name, NEW), BEFORE_SWITCH)
        yield foreign_key_on(key.definition, table.name, key.name, not_valid=True)
        yield from described(table.name, key.name, key.comment)


def _timing(key: Constraint) -> Expression:
    if not key.deferrable:
        return Expression("NOT DEFERRABLE")
    return Expression(f"DEFERRABLE INITIALLY {'DEFERRED' if key.deferred else 'IMMEDIATE'}")


def _checked(table: Relation, constraint: str, timing: Expression) -> Statement:
    return ddl("ALTER TABLE {t} ALTER CONSTRAINT {c} {timing}", t=table, c=constraint, timing=raw(timing))
