"""Numbers as people read them. Durations come in ms, sizes in bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from pgrefit.model.finding import Evidence, Scalar

NOTHING = "–"
ALIKE = 1.05  # a ratio below this is noise
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def number(value: float) -> str:
    """Three significant digits, thousands separated: 11.8, 640, 1,230,000."""
    if not math.isfinite(value):
        return NOTHING
    if value == int(value):
        return f"{int(value):,}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(digits, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: int) -> str:
    """A number of things; -1 is how the model says that it is unknown."""
    return NOTHING if value < 0 else f"{value:,}"


def milliseconds(value: float | None) -> str:
    """A duration in the unit that suits it."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value < 1000:
        return f"{number(value)} ms" if value >= 0.005 else "0 ms"
    seconds = value / 1000
    if seconds < 60:
        return f"{number(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def size(value: float) -> str:
    """Bytes as PostgreSQL's pg_size_pretty counts them: 1 kB is 1024 bytes."""
    unit = 0
    while value >= 1024 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    return f"{number(value)} {_SIZES[unit]}"


def share(value: float) -> str:
    """A part of one as a percentage."""
    return f"{number(round(value * 100, 1))} %"


def times(before: float, after: float) -> str:
    """How much faster: '54× faster', '1.3× slower', 'the same'; a dash where one side was not measured."""
    if not (before > 0 and after > 0 and math.isfinite(before / after)):
        return NOTHING
    if max(before, after) / min(before, after) < ALIKE:
        return "the same"
    word = "faster" if after < before else "slower"
    factor = max(before, after) / min(before, after)
    return f"{number(round(factor) if factor >= 10 else round(factor, 1))}× {word}"


def quantity(value: float | None, unit: str) -> str:
    """A measured value with its unit; a dash where there is none."""
    if value is None:
        return NOTHING
    return f"{number(value)} {unit}".rstrip()


def scalar(value: Scalar) -> str:
    """One value of evidence."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return number(value)
        case str():
            return value


def evidence_value(evidence: Evidence) -> str:
    """The value of a piece of evidence, lists separated by commas."""
    value = evidence.value
    return ", ".join(map(scalar, value)) if isinstance(value, tuple) else scalar(value)


def evidence_source(evidence: Evidence) -> str:
    """Where it was measured, with the confidence where it is of a sample."""
    return evidence.source if evidence.confidence is None else f"{evidence.source}, {share(evidence.confidence)} sure"


def plural(amount: int, one: str, many: str = "") -> str:
    """'1 step', '30 steps'."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(parts: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *head, last = [part for part in parts if part] or [""]
    return f"{', '.join(head)} and {last}" if head else last


def visible(text: str) -> str:
    """Control characters and direction overrides written out: a name must not steer a terminal or turn text around."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
