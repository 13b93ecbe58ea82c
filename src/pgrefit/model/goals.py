"""Success criteria, machine-checkable, and how they were met."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalResult:
    """One goal, measured before and after in one run. None: not applicable on that side."""

    id: str
    goal: str
    unit: str
    before: float | None
    after: float | None
    wanted: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """The goals table of a system."""

    system: str
    scale: float
    goals: tuple[GoalResult, ...]
    format: str = field(default="pgrefit/goals/1")

    @property
    def met(self) -> bool:
        """Whether all are met."""
        return all(goal.met for goal in self.goals)
