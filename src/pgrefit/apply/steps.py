"""Run one step, or undo it, so that whenever it is cut short the journal and the catalog tell what is left to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from pgrefit.errors import ConnectionLost, PgrefitError, ProofFailed
from pgrefit.model.change import Batches, Way
from pgrefit.model.change import Work as Extent
from pgrefit.model.ddl import Statement, ddl
from pgrefit.model.plan import PlanStep
from pgrefit.model.run import StepRun

from . import journal
from .batches import walk
from .control import obey
from .ladder import Try, await_old_snapshots, climb, is_concurrent, make_autovacuum_yield
from .session import Work, execute, explained, holds, holds_already, limit_lock_wait, name_step

Statements = tuple[Statement, ...]

NOTICED_MS = 10


def do(work: Work, run: str, step: PlanStep, was: StepRun) -> None:
    """Run a step that is not done yet: from its beginning, or from where it was cut short."""
    obey(work, step)
    name_step(work.conn, run, step)
    proven = climb(work, step, lambda _: _ask(work, step))
    if proven and was.state != "started":
        journal.end_step(work.conn, run, step, "skipped", began=datetime.now(UTC))
        work.tell("step skipped", step, message="its proof holds already")
        return
    work.tell("step started", step)
    began = time.monotonic()
    if proven:  # cut short after its last statement
        _finish(work, run, step)
    elif isinstance(step.step.do, Batches):
        _do_batches(work, run, step, step.step.do, was)
    elif step.step.in_transaction:
        _do_at_once(work, run, step, step.step.do)
    else:
        _do_outside(work, run, step, step.step.do, was)
    work.tell("step done", step, elapsed_ms=(time.monotonic() - began) * 1000)


def undo(work: Work, run: str, step: PlanStep) -> None:
    """Take back a step that was done or begun. Statements outside of a transaction must bear being run twice."""
    obey(work, step)
    name_step(work.conn, run, step)
    began = time.monotonic()
    action = step.step.undo
    if isinstance(action, Batches):
        _undo_batches(work, run, step, action)
    elif isinstance(action, Way):
        journal.end_step(work.conn, run, step, "undone")
    elif step.step.undone_at_once:
        climb(work, step, lambda this: _undo_at_once(work, run, step, action, this))
    else:
        journal.begin_undo(work.conn, run, step)
        _look_ahead(work, step, action)
        _run_outside(work, step, action)
        journal.end_step(work.conn, run, step, "undone")
    work.tell("step undone", step, elapsed_ms=(time.monotonic() - began) * 1000)


def _undo_batches(work: Work, run: str, step: PlanStep, batches: Batches) -> None:
    journal.begin_undo(work.conn, run, step)
    note = partial(journal.advance_undo, work.conn, run, step)
    walked = walk(work, step, batches, journal.undo_cursor(work.conn, run, step), note)
    while walked.refused and walked.changed:  # what is back now may be what others were refused for
        walked = walk(work, step, batches, (), note)
    journal.end_step(work.conn, run, step, "undone")
    if walked.refused:
        said = f"{len(walked.refused)} rows stay in {batches.table}, for they are refused: {walked.refused[0]}"
        journal.say(work.conn, run, step.id, said)
        work.tell("note", step, message=said)


def _ask(work: Work, step: PlanStep) -> bool:
    with explained(step), work.conn.transaction():
        limit_lock_wait(work.conn, work.settings.lock_wait_ms)
        return bool(holds_already(work.conn, step.step.proof))


def _finish(work: Work, run: str, step: PlanStep, *, tries: int = 1) -> None:
    """Note a step as done that could not be one transaction. Raises ProofFailed where its proof does not hold."""
    if not _is_proven(work, run, step, tries=tries):
        raise _not_proven(step, "its statements ran")


def _is_proven(work: Work, run: str, step: PlanStep, *, tries: int) -> bool:
    def attempt(_: Try) -> bool:
        with explained(step), work.conn.transaction():
            limit_lock_wait(work.conn, work.settings.lock_wait_ms)
            proven = holds(work.conn, step.step.proof)
            if proven:
                journal.end_step(work.conn, run, step, "done", tries=tries)
            return proven

    return climb(work, step, attempt)


def _do_at_once(work: Work, run: str, step: PlanStep, action: Statements) -> None:
    began = datetime.now(UTC)

    def attempt(this: Try) -> None:
        with explained(step), work.conn.transaction():
            _execute_all(work, step, action, this)
            if not holds(work.conn, step.step.proof):
                raise _not_proven(step, "its transaction was rolled back")
            journal.end_step(work.conn, run, step, "done", began=began, tries=this.number)

    climb(work, step, attempt)


def _undo_at_once(work: Work, run: str, step: PlanStep, action: Statements, this: Try) -> None:
    with explained(step), work.conn.transaction():
        _execute_all(work, step, action, this)
        journal.end_step(work.conn, run, step, "undone")


def _execute_all(work: Work, step: PlanStep, action: Statements, this: Try) -> None:
    make_autovacuum_yield(work, step, this)
    began = time.monotonic()
    limit_lock_wait(work.conn, work.settings.lock_wait_ms)
    for statement in action:
        _wait_less(work, step, time.monotonic() - began)
        execute(work.conn, statement)
    work.hooks.before_commit(work.conn, step)


def _wait_less(work: Work, step: PlanStep, waited_seconds: float) -> None:
    """All locks of a step that does nothing but take them and change the catalog share one wait.

    A client behind the first of them would else wait for the sum of our waits, and in a deadlock give way before we do.
    """
    waited = round(waited_seconds * 1000)
    if step.step.work is Extent.INSTANT and waited >= NOTICED_MS:
        limit_lock_wait(work.conn, max(work.settings.lock_wait_ms - waited, NOTICED_MS))


def _do_batches(work: Work, run: str, step: PlanStep, batches: Batches, was: StepRun) -> None:
    journal.begin_step(work.conn, run, step)
    if not was.cursor:
        journal.estimate(work.conn, run, step, batches.table)
    changed, cursor = was.rows, was.cursor
    for _ in range(work.settings.passes):
        changed += walk(work, step, batches, cursor, partial(journal.advance, work.conn, run, step)).changed
        if changed:
            with explained(step):  # passing over it where that would mean waiting
                execute(work.conn, ddl("ANALYZE (SKIP_LOCKED) {table}", table=batches.table))
        if _is_proven(work, run, step, tries=1):
            return
        journal.rewind(work.conn, run, step)
        cursor = ()
    raise _not_proven(step, f"it went {work.settings.passes} times over all rows")


def _do_outside(work: Work, run: str, step: PlanStep, action: Statements, was: StepRun) -> None:
    """Statements that the server runs in no transaction: what they leave when they fail is cleaned by the undo."""
    _look_ahead(work, step, action)
    journal.begin_step(work.conn, run, step)
    if was.state == "started":
        _clean(work, step)
    try:
        tries = _run_outside(work, step, action, before_retry=lambda: _clean(work, step))
        _finish(work, run, step, tries=tries)
    except ConnectionLost:
        raise
    except PgrefitError:
        with suppress(PgrefitError):  # where even that fails it stays 'started', and the next run cleans
            _clean(work, step)
            journal.end_step(work.conn, run, step, "pending")
        raise


def _look_ahead(work: Work, step: PlanStep, action: Statements) -> None:
    if is_concurrent(action):
        await_old_snapshots(work, step)


def _run_outside(
    work: Work, step: PlanStep, action: Statements, *, before_retry: Callable[[], None] = lambda: None
) -> int:
    """Run them one by one; return the number of tries."""

    def attempt(this: Try) -> int:
        if this.number > 1:
            before_retry()
        for statement in action:
            work.tell("statement", step, message=statement)
            with explained(step), _lock_wait(work, step, statement):
                execute(work.conn, statement)
        return this.number

    return climb(work, step, attempt)


@contextmanager
def _lock_wait(work: Work, step: PlanStep, statement: Statement) -> Generator[None]:
    """A short wait for what takes a strong lock; none for CONCURRENTLY, which refused half-way leaves a wreck."""
    if is_concurrent((statement,)) or not any(lock.mode.blocks_writes for lock in step.step.locks):
        yield
        return
    work.conn.execute("SELECT pg_catalog.set_config('lock_timeout', %s, false)", (f"{work.settings.lock_wait_ms}ms",))
    try:
        yield
    finally:
        if not work.conn.closed:
            work.conn.execute("SET lock_timeout = 0")


def _clean(work: Work, step: PlanStep) -> None:
    """Remove what a step left that was cut short outside of a transaction: its undo, where it has one."""
    if isinstance(step.step.undo, tuple):
        _run_outside(work, step, step.step.undo)


def _not_proven(step: PlanStep, ran: str) -> ProofFailed:
    return ProofFailed(
        f"the proof of step {step.id} does not hold: {step.step.title}",
        why=f"{ran}, and {' '.join(step.step.proof.split())} is not true",
        next_step="look at the data, then run again; or roll back",
    )
