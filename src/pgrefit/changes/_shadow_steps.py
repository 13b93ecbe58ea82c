"""The steps of a table that is written anew: made, followed, filled, switched to, and the old one dropped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pgrefit.model.change import Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Index

from . import _proof as proof
from ._locks import strongest
from ._notes import FORGET, note, noted
from ._retarget import index_on
from ._shadow import Shadow
from ._shadow_create import create, index_extras
from ._shadow_references import reference_steps
from ._shadow_sync import AWAIT_OLD_SNAPSHOTS, FORTH, fill, follow, leave, same_rows
from ._sync import trigger_name

SEEN = "rows seen by all"
COMPARED = "pgrefit: holds the same rows as the table that took its place"


def on(mode: LockMode, *tables: Relation) -> Iterator[Lock]:
    """The same lock on several tables."""
    return (Lock(table, mode) for table in tables)


def steps_until_switch(shadow: Shadow) -> Iterator[Step]:
    """Expand and migrate: the new table is there, complete and in step, and nobody uses it yet."""
    yield _create(shadow)
    yield _follow(shadow)
    yield _fill(shadow)
    for index in shadow.late_indexes:
        yield _build(shadow, index)
    yield from reference_steps(shadow)
    yield _analyze(shadow)


def _create(shadow: Shadow) -> Step:
    parents = on(LockMode.SHARE_ROW_EXCLUSIVE, *(shadow.parents if shadow.layout else ()))
    cut = f", cut into {len(shadow.leaves)} partitions" if shadow.layout else ""
    return Step(
        title=f"make {shadow.building} beside {shadow.table.name}{cut}", phase=Phase.EXPAND, do=create(shadow),
        undo=(ddl("DROP TABLE IF EXISTS {new}", new=shadow.building),),
        locks=strongest((Lock(shadow.table.name, LockMode.ACCESS_SHARE), *parents)), work=Work.INSTANT,
        proof=proof.relation_exists(shadow.building),
        why="the new table is written while the present one is in use",
        hazard=f"needs as much space again as {shadow.table.name} takes, until that is dropped",
    )  # fmt: skip


def _follow(shadow: Shadow) -> Step:
    table = shadow.table.name
    return Step(
        title=f"bring what is written to {table} over to {shadow.building}", phase=Phase.EXPAND,
        do=follow(shadow, table, shadow.building), undo=leave(shadow, table, forth=True),
        locks=(Lock(table, LockMode.SHARE_ROW_EXCLUSIVE),), work=Work.INSTANT,
        proof=proof.trigger_exists(table, trigger_name(table, FORTH)),
        why="no insert, update, delete or truncate is lost while the rows that are there are copied",
        hazard=_refusals(shadow),
    )  # fmt: skip


def _refusals(shadow: Shadow) -> str:
    if shadow.layout is None or shadow.layout.method == "hash" or any(p.is_default for p in shadow.layout.partitions):
        return ""
    return "rows that no partition takes are refused from here on: there is no default partition"


def _fill(shadow: Shadow) -> Step:
    parents = on(LockMode.ROW_SHARE, *(shadow.parents if shadow.layout else ()))
    written = on(LockMode.ROW_EXCLUSIVE, shadow.building, *shadow.leaves)
    return Step(
        title=f"copy the rows of {shadow.table.name} to {shadow.building}", phase=Phase.MIGRATE, do=fill(shadow),
        undo=Way.NOTHING_LEFT,
        locks=strongest((Lock(shadow.table.name, LockMode.ROW_SHARE), *written, *parents)), work=Work.BATCHES,
        proof=same_rows(shadow, shadow.table.name, shadow.building),
        why="the rows of a batch can be read, and be changed when it is done",
    )  # fmt: skip


def _build(shadow: Shadow, index: Index) -> Step:
    name = shadow.part(index.name).building
    build = index_on(index.definition, shadow.building, name.name, concurrently=True)
    return Step(
        title=f"build index {index.name.name} of {shadow.building}", phase=Phase.MIGRATE,
        do=(build, *index_extras(shadow, index)),
        undo=(ddl("DROP INDEX CONCURRENTLY IF EXISTS {index}", index=name),),
        locks=(Lock(shadow.building, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.BUILD,
        proof=proof.index_valid(name, shadow.building), in_transaction=False,
    )  # fmt: skip


def _analyze(shadow: Shadow) -> Step:
    seen = note(str(shadow.building), SEEN, Expression("pg_catalog.clock_timestamp()::text"))
    return Step(
        title=f"gather statistics of {shadow.building}", phase=Phase.MIGRATE,
        do=(AWAIT_OLD_SNAPSHOTS, ddl("ANALYZE {new}", new=shadow.building), seen), undo=(FORGET,),
        locks=tuple(on(LockMode.SHARE_UPDATE_EXCLUSIVE, shadow.building, *shadow.leaves)), work=Work.SCAN,
        proof=ddl("SELECT {noted} IS NOT NULL", noted=raw(noted(SEEN))),
        why="so that queries are planned well at once; first it waits for transactions that cannot see all rows",
    )  # fmt: skip


def switch_step(
    shadow: Shadow, *, title: str, do: tuple[Statement, ...], undo: tuple[Statement, ...], hazard: str
) -> Step:
    """The new table takes the place."""
    tables = (shadow.table.name, *shadow.children, shadow.building, *shadow.leaves)
    return Step(
        title=title, phase=Phase.SWITCH, do=do, undo=undo,
        locks=tuple(on(LockMode.ACCESS_EXCLUSIVE, *tables)), work=Work.INSTANT,
        proof=proof.every(proof.trigger_exists(shadow.final, trigger_name(shadow.table.name, FORTH)),
                          proof.relation_exists(shadow.old)),
        why="one short transaction; the old table follows the new one from now on", hazard=hazard,
    )  # fmt: skip


def steps_of_contract(shadow: Shadow, first: tuple[Statement, ...] = ()) -> Iterator[Step]:
    """Compare both tables to the last value, note that, and drop the old one. `first`: what goes before it."""
    yield _compare(shadow)
    yield _drop(shadow, first)


def _compare(shadow: Shadow) -> Step:
    same = same_rows(shadow, shadow.old, shadow.final)
    body = ddl(
        "BEGIN IF NOT ({same}) THEN RAISE EXCEPTION USING ERRCODE = 'data_exception', MESSAGE = {says}; END IF; END",
        same=raw(same), says=Literal(f"{shadow.old} does not hold the same rows as {shadow.final}"),
    )  # fmt: skip
    compared = ddl("SELECT coalesce(pg_catalog.obj_description({oid}, 'pg_class') = {text}, false)",
                   oid=raw(proof.oid_of(shadow.old)), text=Literal(COMPARED))  # fmt: skip
    comment = "COMMENT ON TABLE {old} IS {text}"
    before = Literal(shadow.table.comment) if shadow.table.comment else raw(Expression("NULL"))
    return Step(
        title=f"compare {shadow.old} with {shadow.final}", phase=Phase.CONTRACT,
        # From end to end: that way the server keeps neither table in its cache.
        do=(ddl("SET LOCAL enable_indexscan = off"), ddl("DO {body}", body=Literal(body)),
            ddl(comment, old=shadow.old, text=Literal(COMPARED))),
        undo=(ddl(comment, old=shadow.old, text=before),),
        locks=(Lock(shadow.final, LockMode.ACCESS_SHARE), *on(LockMode.ACCESS_SHARE, *shadow.leaves),
               Lock(shadow.old, LockMode.SHARE_UPDATE_EXCLUSIVE)),
        work=Work.SCAN, proof=compared, why="every row, every value: nothing goes with the old table",
    )  # fmt: skip


def _drop(shadow: Shadow, first: tuple[Statement, ...]) -> Step:
    parents = chain(shadow.parents, (shadow.final, *shadow.leaves, shadow.old))
    return Step(
        title=f"drop {shadow.old}", phase=Phase.CONTRACT,
        do=(*first, *leave(shadow, shadow.final, forth=False), ddl("DROP TABLE IF EXISTS {old}", old=shadow.old)),
        undo=Way.NO_RETURN, locks=strongest(on(LockMode.ACCESS_EXCLUSIVE, *parents)), work=Work.INSTANT,
        proof=proof.negated(proof.relation_exists(shadow.old)),
    )  # fmt: skip
