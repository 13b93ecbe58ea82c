"""Changes become a plan: their steps sorted by phase, numbered, with the rows that each has to do with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pgrefit.changes.read_model import ReadModel
from pgrefit.changes.retype_columns import RetypeColumns
from pgrefit.errors import Refused
from pgrefit.model.change import Change, Step, Way, Work
from pgrefit.model.codec import fingerprint
from pgrefit.model.intent import Intent
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep, Proposal, ReadModelChoice, RowSecurityCheck
from pgrefit.model.snapshot import Column, Snapshot
from pgrefit.model.statistics import Statistics


def make_plan(
    db: Snapshot,
    statistics: Statistics,
    changes: tuple[Change, ...],
    intent: Intent,
    *,
    notes: tuple[str, ...] = (),
    proposals: tuple[Proposal, ...] = (),
) -> Plan:
    """The plan for a database. Refused where a change meets an obstacle; each is named."""
    refuse_obstacles(db, changes)
    pairs = [(change, step) for change in changes for step in change.steps(db)]
    ordered = sorted(pairs, key=lambda pair: _place(pair[1]))
    steps = tuple(
        PlanStep(id=f"{(number + 1) * 10:03d}", change=change.title, step=step, rows=_rows(step, statistics))
        for number, (change, step) in enumerate(ordered)
    )
    return Plan(
        name=intent.refit.name, created=datetime.now(UTC).isoformat(timespec="seconds"), database=db.database,
        server_version=db.server_version, fingerprint=fingerprint(db), steps=steps,
        changes=tuple(change.title for change in changes), tables=_tables(steps, db), notes=notes, proposals=proposals,
        row_security=_row_security(db, intent), read_models=_read_models(changes),
        compatible_schema=intent.compatibility.schema_name if intent.compatibility else "",
    )  # fmt: skip


def _place(step: Step) -> tuple[int, int]:
    """By phase; within it, what can be undone goes before what cannot, and what rewrites a table comes last."""
    last = 2 if step.work is Work.REWRITE else 1 if step.undo is Way.NO_RETURN else 0
    return step.phase.order, last


def refuse_obstacles(db: Snapshot, changes: tuple[Change, ...]) -> None:
    """Refused with every obstacle named, where there is one."""
    foreseen = _with_added_columns(db, changes)
    found = [f"{o.about} {o.says}" for change in changes for o in change.obstacles(foreseen)]
    if found:
        raise Refused(
            "the plan cannot be made as it is", why="; ".join(found),
            next_step="leave the finding out (ignore under [refit]) or remove what stands in the way",
        )  # fmt: skip


def _with_added_columns(db: Snapshot, changes: tuple[Change, ...]) -> Snapshot:
    """The schema with the columns that changes add for others to build on."""
    added = {
        c.table: tuple(Column(name=v.new, position=0, type=v.to_type) for v in c.conversions)
        for c in changes
        if isinstance(c, RetypeColumns)
    }
    tables = (replace(table, columns=(*table.columns, *added.get(table.name, ()))) for table in db.tables)
    return replace(db, tables=tuple(tables))


def _rows(step: Step, statistics: Statistics) -> int:
    return max((statistics.table(lock.on).rows for lock in step.locks), default=-1)


def _tables(steps: tuple[PlanStep, ...], db: Snapshot) -> tuple[Relation, ...]:
    """The tables that a step changes or locks against writers."""
    there = {table.name for table in db.tables}
    named = (lock.on for s in steps for lock in s.step.locks if lock.mode.strength >= 2 and lock.on in there)
    return tuple(dict.fromkeys(named))


def _row_security(db: Snapshot, intent: Intent) -> RowSecurityCheck | None:
    said = intent.row_security
    if said is None:
        return None
    tables = tuple(t.name for t in db.own_tables() if t.row_security)
    return RowSecurityCheck(
        roles=said.roles, tables=tables, identities=said.identities, setting=said.setting, claim=said.claim,
        sample=said.sample,
    )  # fmt: skip


def _read_models(changes: tuple[Change, ...]) -> tuple[ReadModelChoice, ...]:
    return tuple(
        ReadModelChoice(name=c.name, select=c.select, key=c.key, chosen=c.kind)
        for c in changes
        if isinstance(c, ReadModel)
    )
