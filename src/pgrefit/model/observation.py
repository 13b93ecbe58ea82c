"""All that the audit knows of a database."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from .ddl import Statement
from .lookup import remembered
from .names import Relation
from .server import Server, Unseen
from .snapshot import Snapshot
from .statements import StatementStatistics
from .statistics import Statistics
from .workload import Workload

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Question:
    """Something to be measured on the data: a read-only SELECT. Its statement is its identity.

    `about` names the table that is read (for coverage and the scan budget); `sampled` says that only a part of it is.
    """

    about: Relation
    select: Statement
    sampled: bool = field(default=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.select)  # a text remembers its own


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a question's SELECT; `skipped` says why there are none (budget, privilege, error)."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryProfile:
    """What one query of the workload did when it was run over its sampled parameters. Times in ms, medians."""

    name: str
    calls: int
    median_ms: float
    p95_ms: float
    rows: float  # mean rows returned
    plan: str = ""  # JSON of EXPLAIN
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Another environment of the same database (staging, a customer's), to be compared."""

    name: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Schema, statistics, answers from the data, workload, other environments, and the server around it."""

    snapshot: Snapshot
    statistics: Statistics = field(default_factory=Statistics)
    answers: dict[Question, Answer] = field(default_factory=dict[Question, Answer])
    workload: Workload = field(default_factory=Workload)
    profiles: tuple[QueryProfile, ...] = ()
    environments: tuple[Environment, ...] = ()
    server: Server = field(default_factory=Server)
    statements: tuple[StatementStatistics, ...] = ()  # that the server counted, the longest in total first
    unseen: tuple[Unseen, ...] = ()  # what else was asked for and could not be looked at

    def answer(self, question: Question) -> Answer | None:
        """The answer where it was asked and got one; None where not yet asked or skipped."""
        answer = self.answers.get(question)
        return None if answer is None or answer.skipped else answer

    def rows(self, table: Relation) -> int:
        """Rows of a table as the server estimates them (-1: unknown)."""
        return self.statistics.table(table).rows

    def profile(self, name: str) -> QueryProfile | None:
        """The profile of a query of the workload, or None."""
        return next((p for p in self.profiles if p.name == name), None)


def unanswered(observation: Observation) -> Observation:
    """The same before anything was asked: one object, whatever was answered since, for what is remembered of it."""
    last = _last_unanswered(observation.snapshot)
    if not last or any(getattr(last[0], part) is not getattr(observation, part) for part in BESIDE_ANSWERS):
        last[:] = [replace(observation, answers={})]
    return last[0]


BESIDE_ANSWERS = tuple(part.name for part in fields(Observation) if part.name != "answers")


@remembered
def _last_unanswered(_: Snapshot) -> list[Observation]:
    return []
