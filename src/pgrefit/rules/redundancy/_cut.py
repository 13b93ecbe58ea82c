"""Texts that are a part of another text of the row, the same in each row: the bank of an IBAN, the domain of a mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pgrefit.model.ddl import Literal, expression
from pgrefit.rules._languages import meanings
from pgrefit.rules.redundancy._formulas import FEWEST_ROWS, FEWEST_VALUES, Hypothesis

ENOUGH = 0.9
ADDRESSES = {"address", "street", "place", "location"}
MARKS = "@-/_.: |"
SHORTEST = 2  # characters
CODES = 0.5  # of the rows that are one and the same: then chance makes the part

Texts = tuple[str | None, ...]


def parts_of(columns: Mapping[str, Texts], target: str) -> Iterator[Hypothesis]:
    """Where the target is cut out of another text at one place, or is what stands before or behind a mark."""
    for name, values in columns.items():
        both = [(a, b) for a, b in zip(columns[target], values, strict=True) if a and b]
        if name == target or _is_address(name) or len(both) < FEWEST_ROWS or not _may_be_cut(both):
            continue
        if found := _behind_at(target, name, both) if _are_mailed(both) else _anywhere(target, name, both):
            yield found


def _is_address(name: str) -> bool:
    """An address is printed as it was, and its place is kept beside it to search by."""
    return not ADDRESSES.isdisjoint(meanings(name))


def _may_be_cut(both: list[tuple[str, str]]) -> bool:
    """Whether nearly all are shorter than the other, and in it; and they are many enough that chance does not tell."""
    inside = sum(part in whole and len(part) < len(whole) for part, whole in both) >= ENOUGH * len(both)
    parts = Counter(part for part, _ in both)
    varied = len(parts) >= FEWEST_VALUES and parts.most_common(1)[0][1] <= CODES * len(both)
    return inside and varied and min(map(len, parts)) >= SHORTEST


def _are_mailed(both: list[tuple[str, str]]) -> bool:
    return sum("@" in whole for _, whole in both) >= ENOUGH * len(both)


def _behind_at(target: str, name: str, both: list[tuple[str, str]]) -> Hypothesis | None:
    """Of an address only its domain: what stands before it was made of the person's name, not the name of it."""
    return _by_mark(target, name, both, "@", (2,))


def _anywhere(target: str, name: str, both: list[tuple[str, str]]) -> Hypothesis | None:
    return _by_mark(target, name, both) or _by_place(target, name, both)


def _by_mark(
    target: str, name: str, both: list[tuple[str, str]], marks: str = MARKS, places: tuple[int, ...] = (1, 2)
) -> Hypothesis | None:
    for mark in marks:
        for place in places:
            if sum(part == _field(whole, mark, place) for part, whole in both) >= ENOUGH * len(both):
                formula = expression("split_part(t.{c}, {mark}, {n})", c=name, mark=Literal(mark), n=place)
                return Hypothesis(target, formula, (name,))
    return None


def _field(text: str, mark: str, place: int) -> str:
    fields = text.split(mark)
    return fields[place - 1] if len(fields) >= max(2, place) else ""


def _by_place(target: str, name: str, both: list[tuple[str, str]]) -> Hypothesis | None:
    """So many characters from the left or from the right, as many in each row."""
    ((length, _),) = Counter(len(part) for part, _ in both).most_common(1)
    ((start, _),) = Counter(whole.find(part) for part, whole in both).most_common(1)
    if sum(part == whole[start : start + length] for part, whole in both) >= ENOUGH * len(both):
        formula = expression("substr(t.{c}, {start}, {n})", c=name, start=start + 1, n=length)
        return Hypothesis(target, formula, (name,))
    if sum(part == whole[-length:] for part, whole in both) >= ENOUGH * len(both):
        return Hypothesis(target, expression("right(t.{c}, {n})", c=name, n=length), (name,))
    return None
