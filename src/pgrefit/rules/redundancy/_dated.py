"""Texts that write a date of the row in another way: its month, its quarter, its week, the day as people write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from pgrefit.model.ddl import Expression, Literal, expression, joined, raw
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules.data._sample import MOMENTS, bare_type
from pgrefit.rules.redundancy._formulas import FEWEST_ROWS, FEWEST_VALUES, Hypothesis

ENOUGH = 0.9
MOST = 3
PARTS: Mapping[str, tuple[str, int]] = {
    "Y": ("year", 4), "M": ("month", 2), "D": ("day", 2), "Q": ("quarter", 1), "I": ("isoyear", 4), "W": ("week", 2),
}  # fmt: skip
# Each letter one of these parts, what is between bars as it is.
FORMS = (
    "Y|-|M", "Y|/|M", "YM", "M|/|Y", "M|.|Y", "M|-|Y", "Y|-Q|Q", "Y|Q|Q", "Y|/Q|Q", "Y| Q|Q", "|Q|Q| |Y", "|Q|Q|/|Y",
    "|Q|Q|-|Y", "I|-W|W", "I|W|W", "I|-|W", "YMD", "D|.|M|.|Y", "D|/|M|/|Y", "M|/|D|/|Y", "D|-|M|-|Y", "Y",
)  # fmt: skip

Texts = tuple[str | None, ...]


def days(table: Table) -> list[Column]:
    """Moments whose date is the same wherever it is read."""
    return [c for c in table.columns if bare_type(c) in MOMENTS[:2] and not c.generated][:MOST]


def written(target: str, stored: Texts, moments: Mapping[str, Texts]) -> Iterator[Hypothesis]:
    """Where nearly all rows write one of the moments in the same form."""
    for name, values in moments.items():
        both = [(a, day) for a, b in zip(stored, values, strict=True) if a and (day := _day(b))]
        for form in FORMS if len(both) >= FEWEST_ROWS and len({a for a, _ in both}) >= FEWEST_VALUES else ():
            if sum(text == _text(form, day) for text, day in both) >= ENOUGH * len(both):
                yield Hypothesis(target, _sql(form, name), (name,))
                return


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:  # infinite, or before our era
        return None


def _pieces(form: str) -> Iterator[tuple[str, bool]]:
    """Letters of parts, and texts between bars."""
    for place, piece in enumerate(form.split("|")):
        if place % 2:
            yield piece, True
        else:
            yield from ((letter, False) for letter in piece)


def _text(form: str, day: date) -> str:
    iso = day.isocalendar()
    parts = {"Y": day.year, "M": day.month, "D": day.day, "Q": (day.month + 2) // 3, "I": iso.year, "W": iso.week}
    return "".join(piece if fixed else str(parts[piece]).rjust(PARTS[piece][1], "0") for piece, fixed in _pieces(form))


def _sql(form: str, column: str) -> Expression:
    return joined(
        [expression("{p}", p=Literal(p)) if fixed else _part(p, column) for p, fixed in _pieces(form)], " || "
    )


def _part(letter: str, column: str) -> Expression:
    name, digits = PARTS[letter]
    value = expression("extract({part} FROM t.{c})::text", part=raw(Expression(name)), c=column)
    return expression("lpad({value}, {n}, '0')", value=raw(value), n=digits)
