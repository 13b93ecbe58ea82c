"""The page of a change."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence

from pgrefit.api.pages.parts import kebab, origin, page, source, sql
from pgrefit.model.change import Action, Batches, Change, Example, Step, Way
from pgrefit.model.plan import statements


def change_page(name: str, example: Example, steps: Sequence[Step] = ()) -> str:
    """All that there is to say of it; with the steps of its example where they are given."""
    change = example.change
    obstacles = inspect.getdoc(type(change).obstacles) if type(change).obstacles is not Change.obstacles else ""
    return page([
        origin(source(type(change).__module__)),
        f"# {kebab(name)}",
        "",
        inspect.getdoc(sys.modules[type(change).__module__]) or "",
        "",
        f"`{type(change).__name__}`: {docstring(change)}",
        *(("", f"Obstacles, for which a plan is refused: {obstacles}") if obstacles else ()),
        "",
        "## Example",
        "",
        *sql(example.start),
        *(_steps(change, steps) if steps else ()),
    ])  # fmt: skip


def docstring(change: Change) -> str:
    """What its class says, on one line."""
    return " ".join((inspect.getdoc(type(change)) or "").split())


def _steps(change: Change, steps: Sequence[Step]) -> Iterator[str]:
    yield from ("", f"To {change.title}:", "")
    yield from ("| | phase | step | strongest lock | work |", "|---|---|---|---|---|")
    yield from (_row(number, step) for number, step in enumerate(steps, 1))
    for number, step in enumerate(steps, 1):
        yield from _step(number, step)


def _row(number: int, step: Step) -> str:
    strongest = max(step.locks, key=lambda lock: lock.mode.strength, default=None)
    lock = f"{strongest.mode.sql} on {strongest.on}" if strongest else "none"
    return f"| {number} | {step.phase.value} | {step.title} | {lock} | {step.work.value} |"


def _step(number: int, step: Step) -> Iterator[str]:
    yield from ("", f"## {number}. {step.title}", "")
    if step.why:
        yield from (f"Why: {step.why}.", "")
    if step.hazard:
        yield from (f"Take care: {step.hazard}.", "")
    if len(step.locks) > 1:
        yield from ("Locks: " + ", ".join(f"{lock.mode.sql} on {lock.on}" for lock in step.locks) + ".", "")
    yield from sql(_listing(_heading(step), step.do))
    yield ""
    if isinstance(step.undo, Way):
        yield from (f"The way back: the step {step.undo.value}.", "")
    else:
        yield from ("The way back:", "", *sql(_listing("", step.undo)), "")
    yield from ("<details><summary>Proof</summary>", "", *sql(f"{step.proof};"), "", "</details>")


def _heading(step: Step) -> str:
    if isinstance(step.do, Batches):
        return f"-- over ranges of {', '.join(step.do.key)}, one transaction each; the parameters are a range's ends\n"
    return "" if step.in_transaction else "-- outside of a transaction\n"


def _listing(heading: str, action: Action) -> str:
    return heading + "\n".join(f"{statement};" for statement in statements(action))
