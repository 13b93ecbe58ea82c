"""A run of a plan, as its journal in the target database tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

StepState = Literal["pending", "started", "done", "skipped", "undone"]
RunState = Literal["running", "stopped", "done", "rolling back", "rolled back"]
Order = Literal["go", "pause", "stop"]


class ThrottleMode(StrEnum):
    """How much batches give way to everybody else."""

    OFF = "off"  # to nothing
    NORMAL = "normal"  # to what the limits name
    POLITE = "polite"  # to that, and at work for a third of the time at most, in small batches


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """What became of one step. `rows` counts rows changed by batches, `visited` rows that they have passed.

    Rates are of rows passed a second, rests included: over about the last half minute, and since it was last taken up.
    """

    id: str
    title: str
    phase: str
    state: StepState = "pending"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    tries: int = 0
    rows: int = 0
    total_rows: int = -1  # of the table when the plan was made (-1: unknown)
    batches: int = 0
    cursor: tuple[str, ...] = ()  # upper end of the last batch
    message: str = ""
    visited: int = 0
    rate: float = 0.0
    mean_rate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGiven:
    """What an operator last asked of a run, who and when."""

    order: Order = "go"
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One application of one plan to one database.

    `worker`, `waits_for` and `progress` are of the moment at which a status was taken; else nobody and nothing.
    `waits` is why its batches wait or go slowly, '' where they do not.
    """

    id: str
    plan: str
    plan_hash: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    steps: tuple[StepRun, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    worker: Worker | None = None
    waits_for: tuple[Blocker, ...] = ()
    order: OrderGiven = OrderGiven()
    waits: str = ""
    waits_since: datetime | None = None
    progress: Progress | None = None
    format: str = field(default="pgrefit/run/1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the batches of a step are. `total` is an estimate (-1: unknown), `rate` in rows a second.

    `seconds_left`, the shortest and the longest time, is None where nobody can tell; `because` says why.
    """

    step: str
    done: int
    total: int
    share: float | None  # of 1
    rate: float
    seconds_left: tuple[float, float] | None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """How many rows of a table were put aside for one reason."""

    source: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The session that applies a plan, or takes it back, right now."""

    pid: int
    user: str
    application: str
    since: str  # when the session began, as the server prints it


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """Who holds a lock that a step waits for. pid 0: a prepared transaction."""

    pid: int
    user: str
    application: str
    since_seconds: float
    query: str

    def __str__(self) -> str:
        who = f"pid {self.pid}, {self.user} with {self.application}" if self.pid else self.application
        return f"{who}, for {self.since_seconds:.1f} s: {' '.join(self.query.split())[:200]}"


EventKind = Literal[
    "step started", "statement", "batch", "retry", "waiting", "throttled", "paused", "resumed", "note",
    "step done", "step skipped", "step undone", "run done",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Progress that the executor reports while it works."""

    kind: EventKind
    step: str = ""
    title: str = ""
    message: str = ""
    rows: int = 0
    total_rows: int = -1
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that verify examined."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All that verify examined."""

    plan: str
    checks: tuple[Check, ...]
    format: str = field(default="pgrefit/verification/1")

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)
