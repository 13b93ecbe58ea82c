"""What an audit finds, and what a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from .change import Change
from .observation import Observation, Question

Source = Literal["catalog", "statistics", "scan", "sample", "workload", "experiment"]
Scalar = str | int | float | bool | None


class Severity(Enum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 is the mildest."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One measurement: what was measured, its value, and where from."""

    measure: str
    value: Scalar | tuple[Scalar, ...]
    source: Source
    confidence: float | None = None  # of a sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the defect costs: queries of the workload that meet it and their share of its time (0 to 1).

    `rows` are those that are wrong or at risk, `bytes` those that are wasted.
    """

    queries_affected: int = 0
    share_of_time: float = 0.0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One defect. `rule` is filled in by the audit. `remedy`: changes that mend it, where the tool knows them."""

    object: str
    message: str
    severity: Severity
    evidence: tuple[Evidence, ...] = ()
    remedy: tuple[Change, ...] = ()
    advice: str = ""  # what to do where there is no ready change
    cost: Cost | None = None
    rule: str = ""

    @property
    def weight(self) -> tuple[int, float, int, int, int]:
        """What sorts findings, greater is worse: severity, share of time, queries, rows, bytes."""
        cost = self.cost or Cost()
        return (self.severity.rank, cost.share_of_time, cost.queries_affected, cost.rows, cost.bytes)


Check = Callable[[Observation], Iterator[Finding]]
Asks = Callable[[Observation], Iterator[Question]]
Circumstances = Callable[[Observation], Observation]


def no_questions(_: Observation) -> Iterator[Question]:
    """The default of `Rule.asks`: the catalog is enough."""
    return iter(())


def as_observed(observation: Observation) -> Observation:
    """The default of `Rule.given`: the example shows all."""
    return observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the audit: pure functions over an Observation.

    `asks` names what must be measured on the data. It is called in rounds, each time with the answers so far, until it
    asks nothing new; then `check` turns the observation into findings.

    A rule that compares environments gives the SQL of another one in `environment`, a rule that reads the workload a
    workload file in `workload`; both go with the example and with the clean counter-example. What no SQL on a fresh
    database brings about (a setting of the server, a year of counters) `given` puts into what was observed of the
    example; the clean one stays as observed.
    """

    code: str
    title: str
    why: str
    example: str  # SQL on an empty database on which the rule fires once
    clean: str  # SQL on an empty database that looks alike and on which it must stay silent
    check: Check
    asks: Asks = no_questions
    environment: str = ""
    workload: str = ""
    given: Circumstances = as_observed
    by_default: bool = True  # else it runs only where it is asked for

    @property
    def theme(self) -> str:
        """The folder that it is in."""
        return self.check.__module__.split(".")[-2]

    @property
    def name(self) -> str:
        """Kebab-case; reads well after "allow"."""
        return self.check.__name__.replace("_", "-")


def rule(
    *,
    code: str,
    title: str,
    why: str,
    example: str,
    clean: str,
    asks: Asks = no_questions,
    environment: str = "",
    workload: str = "",
    given: Circumstances = as_observed,
    by_default: bool = True,
) -> Callable[[Check], Rule]:
    """Turn a check into a Rule; the rule's name is the function's."""
    return lambda check: Rule(
        code=code, title=title, why=why, example=example, clean=clean, check=check, asks=asks,
        environment=environment, workload=workload, given=given, by_default=by_default,
    )  # fmt: skip
