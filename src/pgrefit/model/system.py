"""A reference system: a folder with a legacy database, its workload, its intent and its goals."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from .intent import Section

Measure = Literal[
    "group_p95", "query_p95", "database_size", "index_use", "broken_references", "waited", "succeeded", "rows_lost",
    "rollback_differences",
]  # fmt: skip


class Goal(Section):
    """One success criterion: what is measured, of what, and the limits that it must keep; all that are given."""

    id: str
    goal: str
    measure: Measure
    unit: str
    of: str = ""
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    times_better: float | None = None

    @property
    def wanted(self) -> str:
        """The limits, for people."""
        parts = [
            f"< {self.below:g}" if self.below is not None else "",
            f"<= {self.at_most:g}" if self.at_most is not None else "",
            f">= {self.at_least:g}" if self.at_least is not None else "",
            f">= {self.times_better:g}x better" if self.times_better is not None else "",
        ]
        return " and ".join(part for part in parts if part)

    def met(self, before: float | None, after: float | None) -> bool:
        """Whether a measured pair keeps every limit."""
        if after is None:
            return False
        faster = self.times_better is None or (before is not None and before >= self.times_better * after)
        return (
            (self.below is None or after < self.below)
            and (self.at_most is None or after <= self.at_most)
            and (self.at_least is None or after >= self.at_least)
            and faster
        )


class OtherEnvironment(Section):
    """A second environment of the same database, made with a further script and smaller data."""

    scale: float
    script: str
    same_check: str = ""


class GoalsFile(Section):
    """goals.toml."""

    system: str
    default_scale: float
    environments: dict[str, OtherEnvironment] = Field(default_factory=dict)
    goal: tuple[Goal, ...]


class System(Section):
    """The files of a reference system."""

    folder: Path = Field(exclude=True)
    goals: GoalsFile

    @property
    def workload(self) -> Path:
        """The application's queries."""
        return self.folder / "workload.sql"

    @property
    def intent(self) -> Path:
        """What no tool can infer."""
        return self.folder / "refit.toml"
