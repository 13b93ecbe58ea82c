"""Latencies before and after, group by group, with the plans behind them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from pgrefit.model.measure import Comparison, GroupTiming, QueryTiming
from pgrefit.model.workload import Workload
from pgrefit.report.explain import plan_nodes
from pgrefit.report.pairs import AnyPair, Pair, group_pairs, query_pairs
from pgrefit.report.svg.dumbbell import axis, dumbbell
from pgrefit.report.svg.scale import LogScale, log_scale
from pgrefit.report.svg.tree import tree
from pgrefit.report.units import ALIKE, number, times

Timing = QueryTiming | GroupTiming


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPicture:
    """The plan of one side, or why there is none; `facts` are rows and buffers; `sql` the statement."""

    side: str
    facts: str
    sql: str
    picture: Markup | None
    scans: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """A query, or all queries of a group in sequence."""

    name: str
    renamed: str  # how the new release calls it, where otherwise
    before: float | None
    after: float | None
    ratio: str
    trend: str  # faster, slower or same
    picture: Markup
    plans: tuple[PlanPicture, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyGroup:
    """A group with its queries; `whole` is the group in sequence, as one page load issues it."""

    name: str
    whole: LatencyRow | None
    rows: tuple[LatencyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """All of it, on one scale."""

    axis: Markup
    groups: tuple[LatencyGroup, ...]


def latencies(comparison: Comparison, workload: Workload | None) -> Latencies | None:
    """None where nothing was measured."""
    queries, wholes = query_pairs(comparison, workload), {pair.name: pair for pair in group_pairs(comparison)}
    if not queries and not wholes:
        return None
    pairs: tuple[AnyPair, ...] = (*queries, *wholes.values())
    timings = [side for pair in pairs for side in (pair.before, pair.after) if side]
    scale = log_scale(value for timing in timings for value in (timing.p50, timing.p95))
    names = dict.fromkeys((*(pair.group for pair in queries), *wholes))
    by_group = {name: list(pairs) for name, pairs in groupby(sorted(queries, key=_group), key=_group)}
    groups = tuple(
        LatencyGroup(
            name=name,
            whole=_row(wholes[name], scale, ()) if name in wholes else None,
            rows=tuple(_row(pair, scale, _plans(pair, workload)) for pair in by_group.get(name, [])),
        )
        for name in names
    )
    return Latencies(axis=axis(scale), groups=groups)


def _group(pair: Pair[QueryTiming]) -> str:
    return pair.group


def _row(pair: AnyPair, scale: LogScale, plans: tuple[PlanPicture, ...]) -> LatencyRow:
    before, after = pair.before, pair.after
    new_name = after.name if isinstance(after, QueryTiming) and after.name != pair.name else ""
    return LatencyRow(
        name=pair.name,
        renamed=new_name,
        before=before.p95 if before else None,
        after=after.p95 if after else None,
        ratio=times(before.p95, after.p95) if before and after else "",
        trend=_trend(before, after),
        picture=dumbbell(scale, _ends(before), _ends(after)),
        plans=plans,
        errors=tuple(t.error for t in (before, after) if isinstance(t, QueryTiming) and t.error),
    )


def _trend(before: Timing | None, after: Timing | None) -> str:
    if before is None or after is None or before.p95 / ALIKE < after.p95 < before.p95 * ALIKE:
        return "same"
    return "faster" if after.p95 < before.p95 else "slower"


def _ends(timing: Timing | None) -> tuple[float, float] | None:
    return (timing.p50, timing.p95) if timing else None


def _plans(pair: Pair[QueryTiming], workload: Workload | None) -> tuple[PlanPicture, ...]:
    sides = (("before", pair.before), ("after", pair.after))
    pictures = tuple(_plan(side, timing, workload) for side, timing in sides if timing)
    return pictures if any(picture.picture or picture.sql for picture in pictures) else ()


def _plan(side: str, timing: QueryTiming, workload: Workload | None) -> PlanPicture:
    nodes = plan_nodes(timing.plan)
    facts = [f"{number(round(timing.rows, 1))} rows a call"]
    if timing.buffers:
        facts.append(f"{timing.buffers:,} blocks touched, {timing.buffers_hit:,} of them in memory")
    return PlanPicture(
        side=side,
        facts="; ".join(facts),
        sql=next((q.sql for q in workload.queries if q.name == timing.name), "") if workload else "",
        picture=tree(nodes, f"plan of {timing.name} {side}") if nodes else None,
        scans=timing.sequential_scans,
    )
