"""The top of the page: what was done in a sentence, and the numbers that matter most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.goals import GoalResult
from pgrefit.model.measure import LoadReport
from pgrefit.report.pairs import AnyPair, group_pairs, query_pairs
from pgrefit.report.steps import elapsed
from pgrefit.report.story import Story
from pgrefit.report.units import listed, milliseconds, number, plural, quantity, size, times

MOST_TILES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One big number: what it is of, its value and unit now, and what it was."""

    label: str
    value: str
    unit: str
    notes: tuple[str, ...]


def title(story: Story) -> str:
    """The title that was given, or one made of what the story holds."""
    subject = story.system or story.database
    if story.title or not subject:
        return story.title or "Database refit"
    return f"The refit of {subject}" if story.run or story.comparison else f"An audit of {subject}"


def sentences(story: Story) -> tuple[str, ...]:
    """What was found, done and proven, one sentence each."""
    return tuple(filter(None, (_found(story), _done(story), _meanwhile(story), _proven(story))))


def tiles(story: Story) -> tuple[Tile, ...]:
    """The goals that were measured on both sides, else the measurements themselves; at most four."""
    goals = story.goals.goals if story.goals else ()
    moved = [_goal_tile(g) for g in goals if g.before is not None and g.after is not None and g.before != g.after]
    return tuple((moved if len(moved) > 1 else [*moved, *_measured(story)])[:MOST_TILES])


def met(story: Story) -> tuple[int, int] | None:
    """Goals met, and all goals; None without goals."""
    return (sum(g.met for g in story.goals.goals), len(story.goals.goals)) if story.goals else None


def _found(story: Story) -> str:
    if story.findings is None:
        return ""
    found = story.findings.findings
    dirty = len({finding.rule for finding in found})
    return (
        f"The audit found {plural(len(found), 'defect')} of {plural(dirty, 'kind')}." if found else "No defect found."
    )


def _done(story: Story) -> str:
    plan, run = story.plan, story.run
    what = f"{plural(len(plan.changes), 'change')} in {plural(len(plan.steps), 'step')}" if plan else ""
    if run is None:
        return f"{what} are planned." if what else ""
    took = f" in {milliseconds(elapsed(run))}" if run.finished_at else ""
    what = what or plural(len(run.steps), "step")
    return {
        "done": f"{what} were applied{took}{', while the application kept running' if story.load else ''}.",
        "rolled back": f"{what} were applied and rolled back.",
        "stopped": f"The run of {what} stopped safely and can be resumed.",
    }.get(run.state, f"{what}: {run.state}.")


def _meanwhile(story: Story) -> str:
    load = story.load
    if load is None:
        return ""
    failed = f"{load.failed:,}" if load.failed else "None"
    issued = plural(load.statements, "statement")
    return f"{failed} of the {issued} that clients issued meanwhile failed; {_waits(load)}."


def _waits(load: LoadReport) -> str:
    if not load.waited:
        return "none waited on a lock of the migration"
    return f"the longest wait on one of its locks was {milliseconds(load.longest_wait)}"


def _proven(story: Story) -> str:
    quarantined = sum(each.rows for each in story.quarantined)
    aside = f"{plural(quarantined, 'row')} that could not come along are kept in quarantine" if quarantined else ""
    checks = story.verification.checks if story.verification else ()
    passed = sum(check.passed for check in checks)
    proof = f"{passed} of {plural(len(checks), 'check')} passed" if checks else ""
    text = listed((aside, proof))
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _goal_tile(goal: GoalResult) -> Tile:
    before, after = goal.before or 0.0, goal.after or 0.0
    faster = times(before, after) if goal.unit in {"ms", "s"} else ""
    notes = tuple(filter(None, (f"from {quantity(goal.before, goal.unit)}", faster)))
    return Tile(label=goal.goal, value=number(after), unit=goal.unit, notes=notes)


def _measured(story: Story) -> Iterator[Tile]:
    comparison = story.comparison
    if comparison is None:
        return
    pairs: tuple[AnyPair, ...] = (*group_pairs(comparison), *query_pairs(comparison, story.workload))
    for pair in pairs:
        if pair.before and pair.after:
            yield _time_tile(f"{pair.name}, p95", pair.before.p95, pair.after.p95)
    before, after = comparison.before.database_bytes, comparison.after.database_bytes
    if before and after:
        value, unit = size(after).split(" ")
        yield Tile(label="database size", value=value, unit=unit, notes=(f"from {size(before)}",))


def _time_tile(label: str, before: float, after: float) -> Tile:
    value, unit = milliseconds(after).split(" ", 1)
    return Tile(label=label, value=value, unit=unit, notes=(f"from {milliseconds(before)}", times(before, after)))
