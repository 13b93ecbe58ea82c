"""A run of a plan, as its journal in the target database tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

StepState = Literal["pending", "started", "done", "skipped", "undone"]
RunState = Literal["running", "stopped", "done", "rolling back", "rolled back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """What became of one step. Durations in ms; `rows` counts rows changed by batches."""

    id: str
    title: str
    phase: str
    state: StepState = "pending"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    tries: int = 0
    rows: int = 0
    batches: int = 0
    cursor: tuple[str, ...] = ()  # upper end of the last batch
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One application of one plan to one database."""

    id: str
    plan: str
    plan_hash: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    steps: tuple[StepRun, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    format: str = field(default="pgrefit/run/1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """How many rows of a table were put aside for one reason."""

    source: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """Who holds a lock that a step waits for."""

    pid: int
    user: str
    application: str
    since_seconds: float
    query: str


EventKind = Literal[
    "step started", "statement", "batch", "retry", "waiting", "step done", "step skipped", "step undone", "run done"
]


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
