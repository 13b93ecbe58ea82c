"""The application's statements while the migration ran: the slowest of each second, and how many there were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup

from pgrefit.model.measure import LoadReport
from pgrefit.report.svg.canvas import element, percent, stretched
from pgrefit.report.svg.scale import round_ticks
from pgrefit.report.units import milliseconds, number

TOP, FLOOR, FOOT = 16, 190, 20
STRIP = 44
MOST_BARS = 300
GUTTER = 0.09  # share of the width in which the ticks' labels stand
Slot = tuple[float, int, float]  # second, statements, slowest


def load_picture(load: LoadReport) -> Markup:
    """Bars of the slowest statement of each second in ms."""
    slots = thinned(load.per_second)
    ticks = round_ticks(max((slowest for _, _, slowest in slots), default=0.0))
    bars = _bars(slots, [slowest / ticks[-1] for _, _, slowest in slots], TOP, FLOOR, "bar")
    lines = [_line(tick, ticks[-1]) for tick in ticks]
    labels = [_label(tick, ticks[-1]) for tick in ticks if tick]
    name = f"slowest statement of each second; the slowest of all took {milliseconds(load.longest)}"
    return stretched(name, FLOOR + FOOT, *lines, *bars, *labels, *_seconds(slots), class_="load")


def throughput_picture(load: LoadReport) -> Markup:
    """A strip of bars: statements in each second."""
    slots = thinned(load.per_second)
    most = max((statements for _, statements, _ in slots), default=0) or 1
    bars = _bars(slots, [statements / most for _, statements, _ in slots], 2, STRIP, "soft")
    return stretched(f"statements a second, at most {number(most)}", STRIP, *bars, class_="load strip")


def thinned(per_second: Sequence[Slot]) -> tuple[Slot, ...]:
    """At most MOST_BARS slots: the slowest and the mean number of statements of each."""
    width = -(-len(per_second) // MOST_BARS) or 1
    numbered = groupby(enumerate(per_second), key=lambda pair: pair[0] // width)
    return tuple(_merged([slot for _, slot in group]) for _, group in numbered)


def _merged(slots: Sequence[Slot]) -> Slot:
    return slots[0][0], round(sum(slot[1] for slot in slots) / len(slots)), max(slot[2] for slot in slots)


def _bars(slots: Sequence[Slot], shares: Sequence[float], top: float, floor: float, class_: str) -> Iterable[Markup]:
    width = (1 - GUTTER) / (len(slots) or 1)
    for index, share in enumerate(shares):
        height = max(share * (floor - top), 0.5)
        x, w = percent(GUTTER + index * width), percent(width * 0.8)
        yield element("rect", x=x, width=w, y=floor - height, height=height, class_=class_)


def _line(tick: float, largest: float) -> Markup:
    y = _level(tick, largest)
    return element("line", x1="0%", x2="100%", y1=y, y2=y, class_="grid")


def _label(tick: float, largest: float) -> Markup:
    return element("text", milliseconds(tick), x="0%", y=_level(tick, largest) - 4)


def _level(tick: float, largest: float) -> float:
    return FLOOR - tick / largest * (FLOOR - TOP)


def _seconds(slots: Sequence[Slot]) -> Iterable[Markup]:
    if not slots:
        return
    first, last = slots[0][0], slots[-1][0]
    for at, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        seconds = round(first + (last - first) * at)
        text = milliseconds(seconds * 1000) if seconds else "0 s"
        x = percent(GUTTER + (1 - GUTTER) * at)
        yield element("text", text, x=x, y=FLOOR + 15, text_anchor=anchor)
