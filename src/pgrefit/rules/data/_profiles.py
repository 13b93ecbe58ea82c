"""Two days of writing compared: whether the one is the other, but hours later, all the time or from some month on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

HOURS = 24
QUIET, NOISE = 6, 0.03  # hours of the day in which hardly a row is written, and how many may be
APART, ALIKE = 0.8, 0.35  # difference of two profiles as they are, and once the one is shifted; 0 to 2
LEAST_SHIFT = 2
SPELL = 200  # rows at least, so that chance does not make two spells differ
MOST_SPELLS, MOST_TRIED = 400, 8
FEWEST_SPELLS = 2

Profile = Counter[int]  # rows at each hour
Months = Mapping[str, Mapping[str, Profile]]  # by writer and month
Spells = Sequence[tuple[str, Profile]]  # from which month on


def rests(hours: Profile) -> bool:
    """Whether there is a night."""
    nights = (sum(hours[(start + n) % HOURS] for n in range(QUIET)) for start in range(HOURS))
    return min(nights) <= NOISE * hours.total()


def shift_of(usual: Profile, other: Profile) -> int:
    """By how many hours the one day is later than the other, where nothing else tells them apart."""
    by_shift = {shift: _difference(usual, other, shift) for shift in range(-HOURS // 2 + 1, HOURS // 2 + 1)}
    best = min(by_shift, key=lambda shift: by_shift[shift])
    apart = by_shift[0] >= APART and by_shift[best] <= ALIKE
    return best if apart and abs(best) >= LEAST_SHIFT else 0


def set_once(months: Months) -> tuple[tuple[str, int, int], ...]:
    """Writers of whom the day is hours later up to some month, or from one on, while another's is always as usual.

    Each with the month, the hours, and its rows.
    """
    spells = {writer: list(_spells(by_month)) for writer, by_month in months.items()}
    every = [hours for found in spells.values() for _, hours in found if rests(hours)]
    if len(spells) < 2 or not FEWEST_SPELLS <= len(every) <= MOST_SPELLS:
        return ()
    largest = sorted(every, key=lambda hours: hours.total(), reverse=True)[:MOST_TRIED]
    usual = max(largest, key=lambda hours: sum(h.total() for h in every if _difference(hours, h, 0) <= ALIKE))
    shifts = {writer: [_shift_in(usual, hours) for _, hours in found] for writer, found in spells.items()}
    changed = {writer: told for writer, told in shifts.items() if any(told)}
    steady = any(told and not any(told) and None not in told for told in shifts.values())
    if not steady or not all(map(_changes_once, changed.values())):
        return ()
    return tuple(_told(writer, spells[writer], told) for writer, told in changed.items())


def _spells(by_month: Mapping[str, Profile]) -> Iterator[tuple[str, Profile]]:
    """Months on end with enough rows together; a rest at the end tells nothing."""
    first, hours = "", Counter[int]()
    for month in sorted(by_month):
        first, hours = first or month, hours + by_month[month]
        if hours.total() >= SPELL:
            yield first, hours
            first, hours = "", Counter[int]()


def _shift_in(usual: Profile, hours: Profile) -> int | None:
    """0 where it is as usual; None where it is otherwise, as in a spell in which the clock was set."""
    if _difference(usual, hours, 0) <= ALIKE:
        return 0
    return (shift_of(usual, hours) if rests(hours) else 0) or None


def _changes_once(shifts: Sequence[int | None]) -> bool:
    known = [shift for shift in shifts if shift is not None]
    return len(known) >= len(shifts) - 1 and sum(a != b for a, b in pairwise(known)) == 1


def _told(writer: str, spells: Spells, shifts: Sequence[int | None]) -> tuple[str, int, int]:
    shifted = [(month, hours, shift) for (month, hours), shift in zip(spells, shifts, strict=True) if shift]
    first = spells[0][0] == shifted[0][0]
    name = f"{writer} up to {shifted[-1][0]}" if first else f"{writer} from {shifted[0][0]}"
    return name, shifted[0][2], sum(hours.total() for _, hours, _ in shifted)


def _difference(usual: Profile, other: Profile, shift: int) -> float:
    return sum(
        abs(usual[hour] / usual.total() - other[(hour + shift) % HOURS] / other.total()) for hour in range(HOURS)
    )
