"""Pause, resume and stop a run from another session, by a word in its journal that the executor reads as it goes."""

from __future__ import annotations

import time
from typing import Literal

from pgrefit.errors import Refused, StoppedSafely
from pgrefit.model.plan import PlanStep
from pgrefit.model.run import Order, OrderGiven, Run
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch

from . import journal
from .session import Work
from .status import take_status

LOOK_SECONDS = 0.3
Outcome = Literal["pausing", "paused already", "resumed", "not paused", "stopping", "stopping already", "nobody works"]


def obey(work: Work, step: PlanStep) -> bool:
    """Go on at once, or wait, in no transaction, while the run is paused; say whether it was.

    Raises StoppedSafely where the run was asked to stop.
    """
    given = order(work)
    if given.order == "go":
        return False
    if given.order == "pause":
        given = _wait(work, step, given)
    if given.order == "stop":
        journal.give_order(work.conn, work.run, "go")
        raise StoppedSafely(
            f"stopped before step {step.id} was done: {step.step.title}",
            why=f"asked to by {_whom(given)}",
            next_step="run the same command again to go on; `pgrefit status` shows what is left",
        )
    return True


def order(work: Work) -> OrderGiven:
    """What the operator last asked of this run."""
    found = fetch(work.conn, "journal_order", OrderGiven, run=work.run) if work.run else []
    return found[0] if found else OrderGiven()


def _wait(work: Work, step: PlanStep, given: OrderGiven) -> OrderGiven:
    why = f"paused by {_whom(given)}"
    work.tell("paused", step, message=f"{why}; `pgrefit resume` goes on")
    journal.note_wait(work.conn, work.run, why)
    while given.order == "pause":
        time.sleep(LOOK_SECONDS)
        given = order(work)
    journal.note_wait(work.conn, work.run, "")
    if given.order == "go":
        work.tell("resumed", step)
    return given


def _whom(given: OrderGiven) -> str:
    return f"{given.by} at {given.at:%Y-%m-%d %H:%M:%S %Z}" if given.at else given.by


def pause(conn: Session) -> tuple[Outcome, Run]:
    """Have the run wait before its next batch or step. Raises Refused where nobody works on one."""
    run = _run(conn)
    if run.worker is None:
        raise _nobody(run, "to pause")
    if run.order.order == "pause":
        return "paused already", run
    if run.order.order == "stop":
        raise Refused("the run was asked to stop", why=f"by {_whom(run.order)}", next_step="see `pgrefit status`")
    return _give(conn, run, "pause", "pausing")


def resume(conn: Session) -> tuple[Outcome, Run]:
    """Have a paused run go on; where nobody works on it, the next apply will. Raises Refused where neither is so."""
    run = _run(conn)
    if run.order.order == "pause":
        return _give(conn, run, "go", "resumed")
    if run.worker is None:
        raise _nobody(run, "to resume")
    return "not paused", run


def stop(conn: Session) -> tuple[Outcome, Run]:
    """Have the run end before its next batch or step, to be gone on with later."""
    run = _run(conn)
    if run.worker is None:
        return "nobody works", run
    if run.order.order == "stop":
        return "stopping already", run
    return _give(conn, run, "stop", "stopping")


def _run(conn: Session) -> Run:
    run = take_status(conn)
    if run is None:
        raise Refused("no plan has been applied to this database", next_step="see `pgrefit apply --help`")
    return run


def _give(conn: Session, run: Run, what: Order, outcome: Outcome) -> tuple[Outcome, Run]:
    with translated():
        journal.give_order(conn, run.id, what)
    return outcome, run


def _nobody(run: Run, what_for: str) -> Refused:
    again = "rollback" if run.state == "rolling back" else "apply"
    left = run.state in journal.UNFINISHED
    return Refused(
        f"nobody applies a plan to this database: there is nothing {what_for}",
        why=f"the newest run, of {run.plan}, is {'left unfinished' if left else run.state}",
        next_step=f"go on with `pgrefit {again} PLAN`" if left else "see `pgrefit status`",
    )
