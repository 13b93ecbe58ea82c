"""The constant that most rows allow: each row, rounded as it is stored, leaves it an interval."""

from __future__ import annotations

from collections.abc import Sequence

ROUGHLY = 0.01  # of the stored value, by which a row may be off before the constant is sought
MOSTLY = 0.8  # of the rows
ROUNDED, CUT = (0.5, 0.5), (0.0, 1.0)  # units of the last digit below and above what is stored

Pairs = Sequence[tuple[float, float]]  # what is scaled, and what is stored


def is_near(pairs: Pairs, factor: float, unit: float, share: float = MOSTLY) -> bool:
    """Whether in most rows the constant comes near what is stored."""
    near = sum(abs(stored - factor * value) <= max(2 * unit, ROUGHLY * abs(stored)) for value, stored in pairs)
    return near >= share * len(pairs) > 0


def allowed(pairs: Pairs, unit: float, rounding: tuple[float, float] = ROUNDED) -> tuple[float, float]:
    """The interval that the most rows allow; an empty one where no row tells."""
    below, above = rounding
    steps: list[tuple[float, int]] = []
    for value, stored in pairs:
        if value:
            ends = (stored - below * unit) / value, (stored + above * unit) / value
            steps += [(min(ends), 1), (max(ends), -1)]
    steps.sort(key=lambda step: (step[0], -step[1]))
    depth = deepest = 0
    best = (0.0, -1.0)
    for place, (at, step) in enumerate(steps):
        depth += step
        if step > 0 and depth > deepest:
            deepest, best = depth, (at, steps[place + 1][0])
    return best
