"""The verbs pause, resume and stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgrefit.apply import control
from pgrefit.model.run import Run
from pgrefit.pg.connect import Limits, Session, Target, open_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an order, in words, and the run that it was for."""

    outcome: control.Outcome
    said: str
    run: Run


def pause(target: Target) -> Answer:
    """Have the run at work wait before its next batch or step. Raises Refused where nobody works on one."""
    return _ask(target, control.pause)


def resume(target: Target) -> Answer:
    """Have a paused run go on. Raises Refused where none is paused and nobody works on one."""
    return _ask(target, control.resume)


def stop(target: Target) -> Answer:
    """Have the run at work end before its next batch or step. Raises Refused where there never was a run."""
    return _ask(target, control.stop)


def _ask(target: Target, give: Callable[[Session], tuple[control.Outcome, Run]]) -> Answer:
    with open_session(target, application="control", limits=Limits()) as conn:
        outcome, run = give(conn)
    return Answer(outcome=outcome, said=_in_words(outcome, run), run=run)


def _in_words(outcome: control.Outcome, run: Run) -> str:
    nobody = "; nobody works on it: pgrefit apply goes on" if run.worker is None else ""
    words = {
        "pausing": f"pauses before its next batch or step{_at(run)}; pgrefit resume goes on",
        "paused already": "is paused already; pgrefit resume goes on",
        "resumed": f"is paused no longer{nobody}",
        "not paused": "is not paused: nothing to resume",
        "stopping": f"stops before its next batch or step{_at(run)}; pgrefit apply goes on with it later",
        "stopping already": f"was asked to stop already{_at(run)}",
        "nobody works": f"is {run.state}, and nobody works on it: nothing to stop",
    }
    return f"{run.plan} {words[outcome]}"


def _at(run: Run) -> str:
    """Where it is; a step that is one statement comes to its end first."""
    step = next((step for step in run.steps if step.state not in {"done", "skipped"}), None)
    return f"; it is at step {step.id} {step.title}" if step and run.state == "running" else ""
