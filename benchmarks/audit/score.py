"""How right a rule is on what was planted for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a rule made of what was planted for it."""

    rule: str
    defects: int
    found: int
    decoys: int
    false: int

    @property
    def recall(self) -> float:
        """Between 0 and 1."""
        return self.found / self.defects if self.defects else 1.0

    @property
    def precision(self) -> float:
        """Between 0 and 1."""
        return self.found / (self.found + self.false) if self.found + self.false else 1.0
