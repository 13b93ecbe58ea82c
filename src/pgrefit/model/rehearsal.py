"""What a rehearsal on a clone measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from .change import Work
from .locks import Lock, LockMode
from .measure import LoadReport
from .names import Relation
from .run import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTime:
    """The strongest lock that a step took on a table: ms waited for it in all, ms held at a stretch, at most."""

    on: Relation
    mode: LockMode
    wait: float
    hold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A step at the target's sizes, by what it measured on the clone. Times in ms.

    `hold` is of `lock`, the lock for which others will wait the longest; None where nobody will.
    """

    duration: float
    hold: float = 0.0
    lock: Lock | None = None
    factor: float = 1.0  # of the work at the target to that on the clone
    basis: str = ""  # how the factor was found


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMeasure:
    """One step up and down on the clone. Times in ms."""

    id: str
    title: str
    phase: str
    up: float
    down: float | None  # None: the step has no way back of its own
    rows: int = 0
    declared: tuple[Lock, ...] = ()
    taken: tuple[Lock, ...] = ()
    problems: tuple[str, ...] = ()  # where the step did other than it declared
    times: tuple[LockTime, ...] = ()
    work: Work | None = None  # as declared
    did: Work | None = None  # as measured
    notes: tuple[str, ...] = ()  # what is worth knowing and no lie
    at_target: Forecast | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalResult:
    """Whether a statement that the team proposed runs on this data, as the server says."""

    name: str
    what: str
    sql: str
    runs: bool
    error: str = ""
    elapsed: float = 0.0  # ms
    lock: str = ""  # the strongest table lock that it held for that time


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthTable:
    """Row security: cells are (role, identity, table, command) -> digest of the rows that it reaches."""

    cells: tuple[tuple[str, str, str, str, int, str], ...] = ()  # role, identity, table, command, rows, digest

    def differences(self, other: TruthTable) -> tuple[str, ...]:
        """Cells that decide otherwise, for people."""
        mine = {cell[:4]: cell[4:] for cell in self.cells}
        theirs = {cell[:4]: cell[4:] for cell in other.cells}
        keys = sorted(mine.keys() | theirs.keys())
        return tuple(" / ".join(key) for key in keys if mine.get(key) != theirs.get(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Two forms of the same thing, measured against each other."""

    name: str
    form: str
    bytes: int
    p95: float
    upkeep: float = 0.0  # ms to refresh
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The whole rehearsal. It passed when nothing stands in `problems` and every check passed."""

    plan: str
    plan_hash: str
    server_version: int
    steps: tuple[StepMeasure, ...]
    checks: tuple[Check, ...] = ()
    proposals: tuple[ProposalResult, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    load: LoadReport | None = None
    learnt: tuple[str, ...] = ()
    format: str = field(default="pgrefit/rehearsal/1")

    @property
    def passed(self) -> bool:
        """Whether every step kept its word and every check passed."""
        return all(c.passed for c in self.checks) and not any(s.problems for s in self.steps)
