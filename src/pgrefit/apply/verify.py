"""Examine what a run made of the database: proofs, constraints, quarantine, and the rows against those of before."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from postgast import pg_query_pb2

from pgrefit.model.change import Phase, Work
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep, statements
from pgrefit.model.run import Check, Run, Verification
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch_dicts

from .rows import compare_rows
from .session import READING, configure, holds_already, name_step

IDENTIFIER = pg_query_pb2.Token.IDENT


def verify(conn: Session, plan: Plan, run: Run, *, before: Session | None = None) -> Verification:
    """Examine everything that the run has done so far.

    With `before`, a session on a copy of the database as it was, also that no row was lost and no value changed.
    Nothing that it makes for that stays.
    """
    with translated(), conn.transaction(force_rollback=True):
        configure(conn, READING, local=True)
        checks = [*_proofs(conn, plan, run), *_soundness(conn, plan, run), *_quarantine(run)]
        if before is not None:
            with before.transaction(force_rollback=True):
                configure(before, READING, local=True)
                for table in plan.tables:
                    checks += compare_rows(conn, before, table)
    return Verification(plan=plan.name, checks=tuple(checks))


def _proofs(conn: Session, plan: Plan, run: Run) -> Iterator[Check]:
    """The proof of each done step, the last one first: what a step made may have been taken over by a later one."""
    state = {step.id: step.state for step in run.steps}
    sound: list[PlanStep] = []
    for step in reversed(plan.steps):
        if state.get(step.id) not in {"done", "skipped"}:
            continue
        name_step(conn, run.id, step)
        proven = holds_already(conn, step.step.proof)
        heir = None if proven else next((later for later in sound if _takes_over(later, step, proven)), None)
        if proven or heir:
            sound.append(step)
        detail = f"taken over by step {heir.id}" if heir else "" if proven else "its proof does not hold"
        yield Check(name=f"step {step.id}: {step.step.title}", passed=bool(proven or heir), detail=detail)


def _takes_over(later: PlanStep, step: PlanStep, proven: bool | None) -> bool:  # noqa: FBT001
    """Whether a later sound step took up or away what the earlier one made, so that its proof has had its day.

    Within a change its switch and contract do; else whatever restructured the same table for the same change, or in
    these phases. A proof over rows that still can be asked is never taken over.
    """
    if (proven is False and not _asks_the_catalog(step)) or later.step.work is not Work.INSTANT:
        return False
    closing = later.step.phase in {Phase.SWITCH, Phase.CONTRACT}
    kin = later.change == step.change
    if closing and kin and later.step.phase is not step.step.phase:
        return True
    restructured = {x.on for x in later.step.locks if x.mode.strength >= LockMode.SHARE_UPDATE_EXCLUSIVE.strength}
    return (closing or kin) and bool(restructured & {lock.on for lock in step.step.locks})


def _asks_the_catalog(step: PlanStep) -> bool:
    try:
        tables = postgast.extract_tables(postgast.parse(step.step.proof))
    except postgast.PgQueryError:
        return False
    return all(table.startswith("pg_catalog.") for table in tables)


def _soundness(conn: Session, plan: Plan, run: Run) -> Iterator[Check]:
    """No constraint or index that the done steps made is left unvalidated, unless steps that are left speak of it."""
    finished = {step.id for step in run.steps if step.state in {"done", "skipped"}}
    made = _names(step for step in plan.steps if step.id in finished)
    unfinished = _names(step for step in plan.steps if step.id not in finished)
    tables = _tables(plan)
    rows = fetch_dicts(
        conn, "unsound_objects", schemas=[table.schema for table in tables], names=[table.name for table in tables]
    )
    faults = [
        f"{Relation(row['schema'], row['table'])}: {row['name']}, {row['fault']}"
        for row in rows
        if row["name"] in made - unfinished
    ]
    yield Check(name="constraints and indexes of the plan are valid", passed=not faults, detail="; ".join(faults))


def _quarantine(run: Run) -> Iterator[Check]:
    for entry in run.quarantined:
        yield Check(name=f"quarantine of {entry.source}: {entry.reason}", passed=True, detail=f"{entry.rows} rows")


def _tables(plan: Plan) -> tuple[Relation, ...]:
    locked = {lock.on for step in plan.steps for lock in step.step.locks}
    return tuple(sorted(locked | set(plan.tables)))


def _names(steps: Iterator[PlanStep]) -> set[str]:
    """The identifiers in their statements."""
    return {name for step in steps for text in statements(step.step.do) for name in _identifiers(text.encode())}


def _identifiers(text: bytes) -> Iterator[str]:
    for token in postgast.scan(text.decode()).tokens:
        if token.token == IDENTIFIER:
            word = text[token.start : token.end].decode()
            yield word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
