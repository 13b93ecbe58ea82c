"""Where partitions go that are put away."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Obstacle, Phase, Step, Work
from pgrefit.model.ddl import ddl
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._detach import detach_steps
from ._shadow_obstacles import names_taken


def unfit_archive(db: Snapshot, part: Relation, schema: str) -> Iterator[Obstacle]:
    """No such schema; names taken there."""
    if all(found.name != schema for found in db.schemas):
        yield Obstacle(schema, "there is no such schema")
    table = db.find_table(part)
    for name in (table.name, *(index.name for index in table.indexes)) if table else ():
        yield from names_taken(db, Relation(schema, name.name))


def archive_steps(db: Snapshot, part: Table, schema: str) -> Iterator[Step]:
    """Detach it and move it."""
    now, away = part.name, Relation(schema, part.name.name)
    move = Step(
        title=f"move {now} to {schema}", phase=Phase.SWITCH,
        do=(ddl("ALTER TABLE {t} SET SCHEMA {schema}", t=now, schema=schema),),
        undo=(ddl("ALTER TABLE {t} SET SCHEMA {schema}", t=away, schema=now.schema),),
        locks=(Lock(now, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT, proof=proof.relation_exists(away),
    )  # fmt: skip
    yield from detach_steps(db, part, then=(move,), kept_as=away)
