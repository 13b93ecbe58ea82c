"""A query plan as a picture: a tree drawn as an outline, with the time that each node took for itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from pgrefit.report.explain import PlanNode
from pgrefit.report.svg.canvas import clipped, element, viewbox
from pgrefit.report.units import milliseconds, number

ROW = 46
INDENT = 16
LEFT = 10
NAMES = 262  # room for the names of a node, px
BAR = 46
FIGURES = 86
MOST_NODES = 40
DEEPEST = 14


def tree(nodes: Sequence[PlanNode], name: str) -> Markup:
    """The plan's nodes; those past MOST_NODES are counted, not drawn."""
    shown = nodes[:MOST_NODES]
    deepest = max((_depth(node) for node in shown), default=0)
    right = LEFT + deepest * INDENT + NAMES
    slowest = max((node.own or 0.0 for node in shown), default=0.0) or 1.0
    rows = [_row(node, index, right, slowest) for index, node in enumerate(shown)]
    height = ROW * len(shown) + 4
    rest = [_rest(len(nodes) - len(shown), height)] if len(nodes) > len(shown) else []
    return viewbox(name, right + BAR + FIGURES + 4, height + 22 * len(rest), *_links(shown), *rows, *rest)


def _depth(node: PlanNode) -> int:
    return min(node.depth, DEEPEST)


def _x(node: PlanNode) -> float:
    return LEFT + _depth(node) * INDENT


def _middle(index: int) -> float:
    return index * ROW + 15


def _row(node: PlanNode, index: int, right: float, slowest: float) -> Markup:
    x, y = _x(node), _middle(index)
    bad = node.reads_large_table_whole
    parts = [
        element("title", _says(node)),
        element("circle", cx=x, cy=y, r=4.5, class_="node"),
        element("text", clipped(node.kind, 34), x=x + 12, y=y + 4, class_="kind"),
        element("text", clipped(node.target or node.condition, 37), x=x + 12, y=y + 20, class_="target"),
        element("text", _rows(node), x=right + BAR + FIGURES, y=y + 20, class_="figure faint"),
    ]
    if node.own is not None:
        width = max(node.own / slowest * BAR, 1)
        parts += [
            element("rect", x=right + BAR - width, y=y - 5, width=width, height=10, class_="own"),
            element("text", milliseconds(node.own), x=right + BAR + FIGURES, y=y + 4, class_="figure"),
        ]
    return element("g", *parts, class_="scan" if bad else None)


def _rows(node: PlanNode) -> str:
    """Rows passed on, and of how many that were read."""
    rows = number(round(node.rows))
    return f"{rows} of {number(round(node.read))} rows" if node.read > node.rows else f"{rows} rows"


def _links(nodes: Sequence[PlanNode]) -> Iterable[Markup]:
    """An elbow from every node to its parent: the last node above it that is less deep."""
    above: dict[int, int] = {}
    for index, node in enumerate(nodes):
        depth = node.depth
        if depth and depth - 1 in above:
            parent = above[depth - 1]
            start, end = _x(nodes[parent]), _x(node)
            path = f"M{start:.1f} {_middle(parent) + 4.5:.1f}V{_middle(index):.1f}H{end - 4.5:.1f}"
            yield element("path", d=path, class_="link")
        above[depth] = index


def _rest(left: int, y: float) -> Markup:
    return element("text", f"… and {left} more nodes", x=LEFT, y=y + 14, class_="target")


def _says(node: PlanNode) -> str:
    loops = f"{node.loops} loops" if node.loops > 1 else ""
    removed = f"{number(round(node.read - node.rows))} rows read and dropped" if node.read > node.rows else ""
    took = f"{milliseconds(node.total)} with what is below it" if node.total is not None else ""
    return " · ".join(filter(None, (node.kind, node.target, node.condition, took, loops, removed)))
