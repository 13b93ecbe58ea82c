"""What a step will take at the target's sizes, where the clone is smaller: a rule of proportion, and it says which.

Reading, writing anew and batches grow with the data; building an index with n log n, for it sorts. What touches the
catalog alone takes the same everywhere, and so does the part of each step that the plan's quickest steps take too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2

from pgrefit.model.change import Work
from pgrefit.model.locks import Lock
from pgrefit.model.names import Relation
from pgrefit.model.rehearsal import Forecast, LockTime


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """Bytes of a table's heap, and its rows as estimated (-1: unknown)."""

    bytes: int
    rows: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Tables on the clone, before anything was done to it, and at the target."""

    clone: Mapping[Relation, TableSize]
    target: Mapping[Relation, TableSize]


@dataclass(frozen=True, slots=True)
class Growth:
    """How many times the clone's work the target's is, and how that was found."""

    factor: float
    basis: str


def growth(work: Work, tables: Iterable[Relation], sizes: Sizes) -> Growth:
    """The factor of a kind of work over some tables; 1 where the sizes tell nothing."""
    if work is Work.INSTANT:
        return Growth(1.0, "constant")
    pairs = [(sizes.clone[table], sizes.target[table]) for table in tables if _known(table, sizes)]
    small, large = sum(c.bytes for c, _ in pairs), sum(t.bytes for _, t in pairs)
    if not small:
        return Growth(1.0, "as on the clone: its tables are empty, or not at the target")
    if work in {Work.SCAN, Work.REWRITE} or any(size.rows <= 0 for pair in pairs for size in pair):
        return Growth(_at_least_one(large / small), "linear with bytes")
    few, many = sum(c.rows for c, _ in pairs), sum(t.rows for _, t in pairs)
    if work is Work.BUILD:
        return Growth(_at_least_one(many * log2(many + 1) / (few * log2(few + 1))), "rows times their logarithm")
    return Growth(_at_least_one(many / few), "linear with rows")


def forecast(work: Work, up: float, times: tuple[LockTime, ...], grown: Growth, fixed: float) -> Forecast:
    """A step at the target. Times in ms; `fixed` is the part that does not grow. A batch is as long as on the clone."""
    hold_factor = 1.0 if work is Work.BATCHES else grown.factor
    worst = max((time for time in times if time.mode.blocks_writes), key=lambda time: time.hold, default=None)
    duration = _scaled(up, grown.factor, fixed)
    if worst is None:
        return Forecast(duration=duration, factor=grown.factor, basis=grown.basis)
    return Forecast(
        duration=duration, hold=_scaled(worst.hold, hold_factor, fixed), lock=Lock(worst.on, worst.mode),
        factor=grown.factor, basis=grown.basis,
    )  # fmt: skip


def fixed_part(instant: Iterable[float]) -> float:
    """The median of what steps took that touch the catalog alone (ms); 0 where there are none."""
    found = sorted(instant)
    return found[len(found) // 2] if found else 0.0


def _scaled(measured: float, factor: float, fixed: float) -> float:
    return measured + max(0.0, measured - fixed) * (factor - 1)


def _at_least_one(factor: float) -> float:
    """A clone that has grown beyond its target tells nothing of a smaller one: bloat, or rows that came since."""
    return max(1.0, factor)


def _known(table: Relation, sizes: Sizes) -> bool:
    return table in sizes.clone and table in sizes.target
