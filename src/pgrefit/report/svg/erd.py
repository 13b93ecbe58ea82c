"""The schema diagram as a picture. Before and after share one layout, so that the eye finds what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pgrefit.model.names import Relation
from pgrefit.report.erd import Box, Diagram, Field, Link, Mark
from pgrefit.report.svg.canvas import MONO, clipped, columns, element, viewbox
from pgrefit.report.svg.layers import LANE, Edge, Layout, lanes_between, layout
from pgrefit.report.units import plural

LINE = 19  # height of a column's line, px
HEAD = 27
PAD = 10
FONT = 11.5
AISLE = 74  # between layers
EDGE = 14  # around the picture
LONGEST_NAME, LONGEST_TYPE = 30, 18
_SIGN = {"added": "+", "removed": "−", "retyped": "~", "tightened": "!"}
MARKS: tuple[tuple[Mark, str], ...] = (
    ("added", "+ added"),
    ("removed", "− removed"),
    ("retyped", "~ of another type"),
    ("tightened", "! now required"),
)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where everything stands, for both pictures."""

    layout: Layout
    lefts: tuple[float, ...]  # of the layers
    widths: tuple[float, ...]

    def left(self, table: Relation) -> float:
        return self.lefts[self.layout.layer(table)]

    def width(self, table: Relation) -> float:
        return self.widths[self.layout.layer(table)]


def pictures(before: Diagram | None, after: Diagram | None) -> tuple[Markup | None, Markup | None]:
    """Both pictures; None for a side that is not known."""
    sides = [side for side in (before, after) if side]
    stage = _stage(sides)
    return (
        _picture(before, stage, "the schema before") if before else None,
        _picture(after, stage, "the schema after") if after else None,
    )


def _stage(sides: Sequence[Diagram]) -> _Stage:
    boxes = [box for side in sides for box in side.boxes]
    tables = list(dict.fromkeys(box.name for box in boxes))
    heights = {name: max(_height(box) for box in boxes if box.name == name) for name in tables}
    edges = [_edge(link) for side in sides for link in side.links]
    placed = layout(tables, edges, heights)
    widths = tuple(
        max((_width(box) for box in boxes if box.name in slots), default=float(LANE)) for slots in placed.layers
    )
    lefts = tuple(EDGE + sum(widths[:index]) + AISLE * index for index in range(len(widths)))
    return _Stage(placed, lefts, widths)


def _edge(link: Link) -> Edge:
    """What is new, or was missing, has lanes of its own, so that it is not drawn over what stays."""
    return Edge(link.child, link.parent, changed=not link.declared or bool(link.mark))


def _height(box: Box) -> float:
    return HEAD + LINE * (len(box.fields) + bool(box.hidden)) + 7


def _width(box: Box) -> float:
    title = columns(clipped(str(box.name), LONGEST_NAME + 8)) * 1.05
    fields = [columns(_label(field)) + columns(_type(field)) + 5 for field in box.fields]
    more = columns(_more(box)) + 3 if box.hidden else 0
    return round(max([title, more, *fields]) * FONT * MONO + 2 * PAD)


def _more(box: Box) -> str:
    return plural(box.hidden, "more column")


def _label(field: Field) -> str:
    return clipped(field.name, LONGEST_NAME)


def _type(field: Field) -> str:
    return clipped(field.type, LONGEST_TYPE)


def _picture(diagram: Diagram, stage: _Stage, name: str) -> Markup:
    boxes = {box.name: box for box in diagram.boxes}
    width = stage.lefts[-1] + stage.widths[-1] + EDGE + 12
    links = [part for link in diagram.links for part in _link(link, boxes, stage)]
    drawn = [_box(box, stage) for box in diagram.boxes]
    return viewbox(name, width, stage.layout.height + 2 * EDGE, *links, *drawn)


def _box(box: Box, stage: _Stage) -> Markup:
    x, y, width = stage.left(box.name), EDGE + stage.layout.tops[box.name], stage.width(box.name)
    lines = [part for index, field in enumerate(box.fields) for part in _field(field, x, _line(y, index), width)]
    if box.hidden:
        lines.append(element("text", _more(box), x=x + PAD + 14, y=_line(y, len(box.fields)) + 4, class_="more"))
    return element(
        "g",
        element("title", str(box.name)),
        element("rect", x=x, y=y, width=width, height=_height(box), rx=4, class_=f"box {box.mark}".rstrip()),
        element("text", clipped(str(box.name), LONGEST_NAME + 8), x=x + PAD, y=y + 18, class_="table"),
        element("path", d=f"M{x:.1f} {y + HEAD - 1:.1f}h{width:.1f}", class_="rule"),
        *lines,
    )


def _line(top: float, index: int) -> float:
    """The middle of a column's line."""
    return top + HEAD + LINE * index + LINE / 2 + 2


def _field(field: Field, x: float, y: float, width: float) -> Iterable[Markup]:
    if field.mark:
        yield element("rect", x=x + 1, y=y - LINE / 2, width=width - 2, height=LINE, class_=f"changed {field.mark}")
        yield element("text", _SIGN[field.mark], x=x + PAD, y=y + 4, class_=f"sign {field.mark}")
    classes = " ".join(filter(None, ("key" if field.key else "", field.mark))) or "column"
    said = f"{field.name} {field.type}{', primary key' if field.key else ''}"
    yield element("text", element("title", said), _label(field), x=x + PAD + 14, y=y + 4, class_=classes)
    yield element("text", _type(field), x=x + width - PAD, y=y + 4, text_anchor="end", class_="type")


def _link(link: Link, boxes: Mapping[Relation, Box], stage: _Stage) -> Iterable[Markup]:
    child, parent = boxes[link.child], boxes[link.parent]
    start, end = _anchor(child, link.column, stage), _anchor(parent, link.parent_column, stage)
    leftwards = stage.layout.layer(link.child) > stage.layout.layer(link.parent)
    x = stage.left(link.child) if leftwards else stage.left(link.child) + stage.width(link.child)
    path = _way(link, start, end, stage) if leftwards else _loop(x, start, end, link, stage)
    side = -1 if leftwards else 1
    classes = " ".join(filter(None, ("link", "" if link.declared else "undeclared", link.mark)))
    kind = "references" if link.declared else "holds keys, without a foreign key, of"
    said = f"{link.child}.{link.column} {kind} {link.parent}.{link.parent_column}"
    yield element("path", element("title", said), d=path, class_=classes)
    yield element(
        "path",
        d=f"M{x:.1f} {start - 5:.1f}L{x + 9 * side:.1f} {start:.1f}L{x:.1f} {start + 5:.1f}",
        class_=f"{classes} foot",
    )


def _anchor(box: Box, column: str, stage: _Stage) -> float:
    """The height at which a reference meets a box."""
    top = EDGE + stage.layout.tops[box.name]
    index = next((i for i, field in enumerate(box.fields) if field.name == column), None)
    return top + HEAD / 2 if index is None else _line(top, index)


def _way(link: Link, start: float, end: float, stage: _Stage) -> str:
    """From the child's left edge through the lanes to the parent's right edge."""
    layers = stage.layout
    x = stage.left(link.child) - 9
    path = f"M{x:.1f} {start:.1f}"
    y = start
    for lane in lanes_between(layers.layer(link.child), layers.layer(link.parent), _edge(link)):
        across = EDGE + layers.tops[lane] + LANE / 2
        right, left = stage.lefts[lane.layer] + stage.widths[lane.layer], stage.lefts[lane.layer]
        path += _curve(x, y, right, across) + f"H{left:.1f}"
        x, y = left, across
    return path + _curve(x, y, stage.left(link.parent) + stage.width(link.parent), end)


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _loop(x: float, start: float, end: float, link: Link, stage: _Stage) -> str:
    """A reference to itself, or one that closes a cycle: around the right side."""
    to_x = stage.left(link.parent) + stage.width(link.parent)
    out = max(x, to_x) + 30
    return f"M{x + 9:.1f} {start:.1f}C{out:.1f} {start:.1f} {out:.1f} {end:.1f} {to_x:.1f} {end:.1f}"
