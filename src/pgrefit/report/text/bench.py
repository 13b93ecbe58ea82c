"""Latencies before and after, and goals, as text."""

from __future__ import annotations

from rich.console import Console

from pgrefit.model.goals import Goals
from pgrefit.model.measure import Comparison
from pgrefit.model.workload import Workload
from pgrefit.report.pairs import AnyPair, group_pairs, query_pairs
from pgrefit.report.text.setting import heading, mark, say, table
from pgrefit.report.units import milliseconds, quantity, size, times

NUMBERS = frozenset({"before", "after", "ratio"})


def comparison(value: Comparison, console: Console, workload: Workload | None = None) -> None:
    """p95 of every group and query before and after. `workload` says which query replaces which."""
    heading(console, f"{value.before.label} against {value.after.label}, p95")
    titles = ("query", "before", "after", "ratio")
    groups = [_row(pair, f"all of {pair.name}") for pair in group_pairs(value)]
    queries = [_row(pair, pair.name) for pair in query_pairs(value, workload)]
    table(console, titles, groups + queries, NUMBERS)
    before, after = value.before.database_bytes, value.after.database_bytes
    console.print(say(f"Database size: {size(before)} before, {size(after)} after."))


def goals(value: Goals, console: Console) -> None:
    """The goals table, and how many are met."""
    titles = ("", "goal", "before", "after", "wanted", "")
    rows = [
        (
            goal.id,
            goal.goal,
            quantity(goal.before, goal.unit),
            quantity(goal.after, goal.unit),
            goal.wanted,
            mark(good=goal.met, yes="met", no="not met"),
        )
        for goal in value.goals
    ]
    heading(console, f"Goals of {value.system}")
    table(console, titles, rows, NUMBERS)
    console.print(say(f"{sum(goal.met for goal in value.goals)} of {len(value.goals)} goals met."))


def _row(pair: AnyPair, name: str) -> tuple[str, str, str, str]:
    before, after = pair.before, pair.after
    ratio = times(before.p95, after.p95) if before and after else ""
    return (name, milliseconds(before.p95 if before else None), milliseconds(after.p95 if after else None), ratio)
