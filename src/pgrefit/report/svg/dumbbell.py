"""One query before and after, as two dots on a logarithmic track."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from pgrefit.report.svg.canvas import element, percent, stretched
from pgrefit.report.svg.scale import LogScale
from pgrefit.report.units import milliseconds

HEIGHT = 28
MIDDLE = HEIGHT / 2


def dumbbell(scale: LogScale, before: tuple[float, float] | None, after: tuple[float, float] | None) -> Markup:
    """`before` and `after` are (p50, p95) in ms. A hollow dot is before, a full one after; a short tick marks p50."""
    ends = [percent(scale.at(side[1])) for side in (before, after) if side]
    bar = [element("line", x1=ends[0], x2=ends[1], y1=MIDDLE, y2=MIDDLE, class_="bar")] if len(ends) == 2 else []
    dots = [*_dot(scale, before, "before"), *_dot(scale, after, "after")]
    return stretched(_says(before, after), HEIGHT, *_grid(scale), *bar, *dots, class_="dumbbell")


def axis(scale: LogScale) -> Markup:
    """The labels of the track's grid."""
    labels = [
        element("text", milliseconds(tick), x=percent(scale.at(tick)), y=12, text_anchor=_anchor(scale.at(tick)))
        for tick in scale.ticks
    ]
    return stretched("axis", 18, *labels, class_="axis")


def _anchor(at: float) -> str:
    return "start" if at < 0.01 else "end" if at > 0.99 else "middle"


def _grid(scale: LogScale) -> Iterable[Markup]:
    for tick in scale.ticks:
        at = percent(scale.at(tick))
        yield element("line", x1=at, x2=at, y1=0, y2=HEIGHT, class_="grid")


def _dot(scale: LogScale, side: tuple[float, float] | None, class_: str) -> Iterable[Markup]:
    if side is None:
        return
    p50, p95 = (percent(scale.at(value)) for value in side)
    yield element("line", x1=p50, x2=p50, y1=MIDDLE - 5, y2=MIDDLE + 5, class_=f"p50 {class_}")
    yield element("circle", cx=p95, cy=MIDDLE, r=5, class_=class_)


def _says(before: tuple[float, float] | None, after: tuple[float, float] | None) -> str:
    said = [
        f"{name} p50 {milliseconds(side[0])}, p95 {milliseconds(side[1])}"
        for name, side in (("before", before), ("after", after))
        if side
    ]
    return "; ".join(said) or "not measured"
