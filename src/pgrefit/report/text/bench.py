"""Latencies, alone or before and after, and goals, as text."""

from __future__ import annotations

from rich.console import Console

from pgrefit.model.goals import Goals
from pgrefit.model.measure import Comparison, GroupTiming, Measurement, QueryTiming
from pgrefit.model.workload import Workload
from pgrefit.report.pairs import AnyPair, group_pairs, query_pairs
from pgrefit.report.text.setting import BAD, heading, mark, say, table
from pgrefit.report.units import NOTHING, count, milliseconds, number, plural, quantity, size, times

NUMBERS = frozenset({"before", "after", "ratio", "calls", "p50", "p95", "p99", "rows", "buffers"})


def comparison(value: Comparison, console: Console, workload: Workload | None = None) -> None:
    """p95 of every group and query before and after. `workload` says which query replaces which."""
    heading(console, f"{value.before.label} against {value.after.label}, p95")
    titles = ("query", "before", "after", "ratio")
    groups = [_row(pair, f"all of {pair.name}") for pair in group_pairs(value)]
    queries = [_row(pair, pair.name) for pair in query_pairs(value, workload)]
    table(console, titles, groups + queries, NUMBERS)
    before, after = value.before.database_bytes, value.after.database_bytes
    console.print(say(f"Database size: {size(before)} before, {size(after)} after."))


def measurement(value: Measurement, console: Console) -> None:
    """Latencies of every group and query, what a typical call touches, and what it reads whole."""
    heading(console, f"{value.label or 'the database'}, PostgreSQL {value.server}, {size(value.database_bytes)}")
    titles = ("", "calls", "p50", "p95", "p99", "rows", "buffers", "reads whole")
    groups = [_group(group) for group in value.groups]
    table(console, titles, [*groups, *map(_query, value.queries)], NUMBERS)
    for query in value.queries:
        if query.errors:
            failed = f"{query.name}: {plural(query.errors, 'call')} failed: {query.error}"
            console.print(say(failed, BAD))


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


def _group(group: GroupTiming) -> tuple[str, ...]:
    return (f"all of {group.group}", count(group.calls), *_latencies(group), "", "", "")


def _query(query: QueryTiming) -> tuple[str, ...]:
    if not query.calls:
        return (query.name, "0", *[NOTHING] * 5, "")
    scans = ", ".join(query.sequential_scans)
    return (query.name, count(query.calls), *_latencies(query), number(query.rows), count(query.buffers), scans)


def _latencies(timing: QueryTiming | GroupTiming) -> tuple[str, ...]:
    """A dash where no call succeeded."""
    return tuple(milliseconds(ms if timing.calls else None) for ms in (timing.p50, timing.p95, timing.p99))


def _row(pair: AnyPair, name: str) -> tuple[str, ...]:
    before, after = pair.before, pair.after
    ratio = times(before.p95, after.p95) if before and after else ""
    p95 = (milliseconds(side.p95 if side and side.calls else None) for side in (before, after))
    return (name, *p95, ratio)
