"""Changes become a plan: their steps sorted by phase, numbered, with the rows that each has to do with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pgrefit.changes.read_model import ReadModel
from pgrefit.errors import Refused
from pgrefit.model.change import Change, Obstacle, Step, Way, Work
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
    _refuse_company(pairs)
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
    """Refused with every obstacle named, where there is one. A change may build on what those before it add."""
    found: list[Obstacle] = []
    for change in changes:
        found += change.obstacles(db)
        db = _with_columns(db, change)
    if found:
        raise Refused(
            "the plan cannot be made as it is", why="; ".join(f"{o.about} {o.says}" for o in found),
            next_step="leave the finding out (ignore under [refit]) or remove what stands in the way",
        )  # fmt: skip


def _with_columns(db: Snapshot, change: Change) -> Snapshot:
    added: dict[Relation, list[Column]] = {}
    for table, column in change.adds():
        added.setdefault(table, []).append(column)
    tables = (replace(table, columns=(*table.columns, *added.get(table.name, ()))) for table in db.tables)
    return replace(db, tables=tuple(tables)) if added else db


def _refuse_company(pairs: list[tuple[Change, Step]]) -> None:
    """Refused where a change works on a table that another builds on as it is."""
    claimed = {table: change for change, _ in pairs for table in change.claims()}
    for change, step in pairs:
        for table in (lock.on for lock in step.locks):
            owner = claimed.get(table, change)
            if owner != change:
                raise Refused(
                    f"two changes of one plan do not go together on {table}",
                    why=f"“{owner.title}” builds on the table as it is, and “{change.title}” works on it, too",
                    next_step="make two plans of it, one after the other",
                )


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
