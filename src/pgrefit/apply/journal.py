"""The journal: what a run did, kept in the target database, in the transaction of the deed where one is possible."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import postgast
from psycopg import Cursor
from psycopg.rows import TupleRow

from pgrefit.errors import MissingPrivilege, Refused
from pgrefit.model.codec import from_json, to_json
from pgrefit.model.ddl import expression
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.plan_folder import plan_hash
from pgrefit.model.run import Order, OrderGiven, Quarantined, Run, RunState, StepRun, StepState, Verification
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch, fetch_dicts, load

# Each table, and the newest of its columns, by which a journal of an older release is known.
TABLES = {
    "run": "document", "step": "mean_rate", "quarantine": "at", "before_image": "at", "reject": "at",
    "verification": "at",
}  # fmt: skip
UNFINISHED: tuple[RunState, ...] = ("running", "stopped", "rolling back")
FINISHED_STEPS: tuple[StepState, ...] = ("done", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run without its steps."""

    id: str
    plan: str
    plan_hash: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None
    order: Order
    ordered_by: str
    ordered_at: datetime | None
    waits: str
    waits_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A batch that has come to its end: the upper end of its keys, how many it passed and how many rows it changed."""

    cursor: tuple[str, ...]
    keys: int
    changed: int = 0
    rate: float = 0.0
    mean_rate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _StepRow:
    id: str
    title: str
    phase: str
    state: StepState
    started_at: datetime | None
    finished_at: datetime | None
    tries: int
    rows: int
    total_rows: int
    batches: int
    cursor: list[str]
    undo_cursor: list[str]
    message: str
    visited: int
    rate: float
    mean_rate: float


def check_rights(conn: Session) -> None:
    """Raise MissingPrivilege, naming the privilege, where the role may not make what the journal lacks."""
    there = _there(conn)
    if there["complete"]:
        return
    role, database = there["role"], there["database"]
    if not there["schema_there"] and not there["may_create_schema"]:
        raise MissingPrivilege(
            f"role {role} may not create the schema pgrefit, where the journal is kept",
            why=f"it lacks the privilege CREATE on database {database}",
            next_step=f"as the database's owner: CREATE SCHEMA pgrefit AUTHORIZATION {role}",
        )
    if there["schema_there"] and not there["may_create_tables"]:
        raise MissingPrivilege(
            f"role {role} may not create the journal's tables",
            why="it lacks the privilege CREATE on schema pgrefit",
            next_step=f"as the schema's owner: GRANT CREATE, USAGE ON SCHEMA pgrefit TO {role}",
        )
    if owner := there["foreign_owner"]:
        raise MissingPrivilege(
            f"role {role} may not bring the journal's tables up to date",
            why=f"they belong to {owner} and were made by an older release",
            next_step=f"run it once as {owner}, or GRANT {owner} TO {role}",
        )


def install(conn: Session) -> None:
    """Make the journal's tables where they are missing, and what a journal of an older release lacks.

    Raises MissingPrivilege as `check_rights` does.
    """
    check_rights(conn)
    there = _there(conn)
    if there["complete"]:
        return
    with translated(), conn.transaction():
        # CREATE SCHEMA IF NOT EXISTS asks for the privilege even where the schema is there.
        create_schema, *create_tables = postgast.split(load("journal", conn.info.server_version))
        for statement in create_tables if there["schema_there"] else (create_schema, *create_tables):
            conn.execute(statement.encode())


def is_installed(conn: Session) -> bool:
    """Whether the journal's tables are there."""
    return bool(_there(conn)["there"])


def _there(conn: Session) -> dict[str, Any]:
    return fetch_dicts(conn, "journal_there", tables=list(TABLES), newest=list(TABLES.values()))[0]


def runs(conn: Session) -> list[RunRow]:
    """All runs, newest first."""
    return fetch(conn, "journal_runs", RunRow) if is_installed(conn) else []


def read_run(conn: Session, hash_: str | None = None) -> Run | None:
    """The newest run, or the newest one of the plan with that hash; None where there is none."""
    found = next((row for row in runs(conn) if hash_ in {None, row.plan_hash}), None)
    return _whole(conn, found) if found else None


def refuse_others(conn: Session, plan: Plan) -> None:
    """Raise Refused where a run of another plan is unfinished."""
    mine = plan_hash(plan)
    for row in runs(conn):
        if row.plan_hash != mine and row.state in UNFINISHED:
            raise Refused(
                f"a run of another plan is unfinished: {row.plan}, {row.state}",
                why=f"run {row.id}, begun {row.started_at:%Y-%m-%d %H:%M %Z}, plan hash {row.plan_hash[:12]}",
                next_step="finish it with `pgrefit apply` or take it back with `pgrefit rollback`, with its own plan",
            )


def open_run(conn: Session, plan: Plan) -> Run:
    """Note a new run with all of its steps pending."""
    run = str(uuid.uuid4())
    with conn.transaction():
        conn.execute(
            "INSERT INTO pgrefit.run (id, plan, plan_hash, fingerprint, state, document)"
            " VALUES (%s, %s, %s, %s, 'running', %s)",
            (run, plan.name, plan_hash(plan), plan.fingerprint, to_json(plan).decode()),
        )
        conn.cursor().executemany(
            "INSERT INTO pgrefit.step (run, id, title, phase, total_rows) VALUES (%s, %s, %s, %s, %s)",
            [(run, step.id, step.step.title, step.step.phase.value, step.rows) for step in plan.steps],
        )
    return reread(conn, run)


def recorded_plan(conn: Session, hash_: str) -> Plan | None:
    """The plan with that hash as it was when it was begun to be applied; None where it never was."""
    if not is_installed(conn):
        return None
    for row in fetch_dicts(conn, "journal_plan", hash=hash_):
        plan = from_json(Plan, row["document"].encode())
        if plan_hash(plan) == hash_:
            return plan
    return None


def reread(conn: Session, run: str) -> Run:
    """The run as the journal has it now."""
    return _whole(conn, next(row for row in runs(conn) if row.id == run))


def set_run(conn: Session, run: str, state: RunState) -> None:
    """Note the state of the run, which waits for nothing now."""
    conn.execute(
        "UPDATE pgrefit.run SET state = %(state)s, waits = '', waits_since = NULL,"
        " finished_at = CASE WHEN %(state)s IN ('done', 'rolled back')"
        " THEN pg_catalog.clock_timestamp() END WHERE id = %(run)s::uuid",
        {"state": state, "run": run},
    )


def give_order(conn: Session, run: str, order: Order) -> None:
    """Note what an operator wants the run to do."""
    conn.execute(
        "UPDATE pgrefit.run SET control = %s, control_at = pg_catalog.clock_timestamp(),"
        " control_by = pg_catalog.concat_ws(' from ', session_user, pg_catalog.host(pg_catalog.inet_client_addr()))"
        " WHERE id = %s::uuid",
        (order, run),
    )


def forget_stop(conn: Session, run: str) -> None:
    """An order to stop was for those who worked before; one to pause stays."""
    conn.execute("UPDATE pgrefit.run SET control = 'go' WHERE id = %s::uuid AND control = 'stop'", (run,))


def note_wait(conn: Session, run: str, why: str, *, new: bool = True) -> None:
    """Note why the run waits or goes slowly ('': it does not any more); `new` unless it did so for the same reason."""
    conn.execute(
        "UPDATE pgrefit.run SET waits = %(why)s, waits_since = CASE WHEN %(why)s = '' THEN NULL WHEN %(new)s"
        " THEN pg_catalog.clock_timestamp() ELSE waits_since END WHERE id = %(run)s::uuid",
        {"why": why, "new": new, "run": run},
    )


def begin_step(conn: Session, run: str, step: PlanStep) -> None:
    """Note that a step that cannot be one transaction has begun; where it was cut short, what it has done stays."""
    conn.execute(
        "UPDATE pgrefit.step SET state = 'started', started_at = pg_catalog.clock_timestamp(), finished_at = NULL,"
        " cursor = CASE WHEN state = 'started' THEN cursor END,"
        " rows = CASE WHEN state = 'started' THEN rows ELSE 0 END,"
        " visited = CASE WHEN state = 'started' THEN visited ELSE 0 END, rate = 0, mean_rate = 0,"
        " batches = CASE WHEN state = 'started' THEN batches ELSE 0 END, message = ''"
        " WHERE run = %s::uuid AND id = %s",
        (run, step.id),
    )


def estimate(conn: Session, run: str, step: PlanStep, table: Relation) -> None:
    """Note how many rows the server thinks a step's table has now; where it does not know, the plan's number stays."""
    conn.execute(
        "UPDATE pgrefit.step SET total_rows = c.reltuples::bigint FROM pg_catalog.pg_class AS c"
        " WHERE run = %s::uuid AND id = %s AND c.oid = pg_catalog.to_regclass(%s) AND c.reltuples >= 0",
        (run, step.id, expression("{table}", table=table)),
    )


def begin_undo(conn: Session, run: str, step: PlanStep) -> None:
    """Note that a step is being taken back that cannot be so in one transaction."""
    conn.execute("UPDATE pgrefit.step SET state = 'started' WHERE run = %s::uuid AND id = %s", (run, step.id))


def advance(conn: Session, run: str, step: PlanStep, mark: Mark) -> Cursor[TupleRow]:
    """Note a batch, in its transaction. Its answer is one row: what the operator wants the run to do."""
    return conn.execute(
        "UPDATE pgrefit.step SET cursor = %s::text[], rows = rows + %s, visited = visited + %s, batches = batches + 1,"
        " rate = %s, mean_rate = %s WHERE run = %s::uuid AND id = %s"
        " RETURNING (SELECT r.control FROM pgrefit.run AS r WHERE r.id = step.run)",
        (list(mark.cursor), mark.changed, mark.keys, mark.rate, mark.mean_rate, run, step.id),
    )


def advance_undo(conn: Session, run: str, step: PlanStep, mark: Mark) -> Cursor[TupleRow]:
    """Note a batch of the way back, in its transaction. Answers as `advance` does."""
    return conn.execute(
        "UPDATE pgrefit.step SET undo_cursor = %s::text[] WHERE run = %s::uuid AND id = %s"
        " RETURNING (SELECT r.control FROM pgrefit.run AS r WHERE r.id = step.run)",
        (list(mark.cursor), run, step.id),
    )


def rewind(conn: Session, run: str, step: PlanStep) -> None:
    """Have the next pass begin at the first row."""
    conn.execute("UPDATE pgrefit.step SET cursor = NULL, visited = 0 WHERE run = %s::uuid AND id = %s", (run, step.id))


def end_step(
    conn: Session, run: str, step: PlanStep, state: StepState, *, began: datetime | None = None, tries: int = 0
) -> None:
    """Note what became of a step; `began` where that was not noted before."""
    conn.execute(
        "UPDATE pgrefit.step SET state = %s, started_at = coalesce(%s::timestamptz, started_at),"
        " finished_at = pg_catalog.clock_timestamp(), tries = tries + %s, cursor = NULL, undo_cursor = NULL,"
        " message = ''"
        " WHERE run = %s::uuid AND id = %s",
        (state, began, tries, run, step.id),
    )


def say(conn: Session, run: str, step_id: str, message: str) -> None:
    """Note why a step did not come to its end, or what it waits for."""
    conn.execute("UPDATE pgrefit.step SET message = %s WHERE run = %s::uuid AND id = %s", (message, run, step_id))


def store(conn: Session, run: str, verification: Verification) -> None:
    """Keep what a verification found."""
    checks = json.dumps([asdict(check) for check in verification.checks], ensure_ascii=False)
    conn.execute(
        "INSERT INTO pgrefit.verification (run, passed, checks) VALUES (%s::uuid, %s, %s::jsonb)",
        (run, verification.passed, checks),
    )


def undo_cursor(conn: Session, run: str, step: PlanStep) -> tuple[str, ...]:
    """Where the way back of a step has got to; () at its beginning."""
    rows = fetch(conn, "journal_steps", _StepRow, run=run)
    return next(tuple(row.undo_cursor) for row in rows if row.id == step.id)


def _whole(conn: Session, row: RunRow) -> Run:
    steps = tuple(_step(found) for found in fetch(conn, "journal_steps", _StepRow, run=row.id))
    return Run(
        id=row.id, plan=row.plan, plan_hash=row.plan_hash, state=row.state, started_at=row.started_at,
        finished_at=row.finished_at, steps=steps, waits=row.waits, waits_since=row.waits_since,
        order=OrderGiven(order=row.order, by=row.ordered_by, at=row.ordered_at),
        quarantined=tuple(fetch(conn, "journal_quarantined", Quarantined, run=row.id)),
    )  # fmt: skip


def _step(row: _StepRow) -> StepRun:
    return StepRun(
        id=row.id, title=row.title, phase=row.phase, state=row.state, started_at=row.started_at,
        finished_at=row.finished_at, tries=row.tries, rows=row.rows, total_rows=row.total_rows, batches=row.batches,
        cursor=tuple(row.cursor), message=row.message, visited=row.visited, rate=row.rate, mean_rate=row.mean_rate,
    )  # fmt: skip
