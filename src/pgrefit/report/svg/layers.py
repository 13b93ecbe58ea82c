"""Where the boxes of a schema diagram stand: referenced tables to the left of those that refer to them.

Three passes, as in layered graph drawing: each table gets a layer (one more than the furthest table that it refers to);
a reference that passes over layers gets a lane in each of them, so that it never runs behind a box; the order within a
layer follows the neighbours' mean, back and forth, until crossings are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pgrefit.model.names import Relation

GAP = 26  # between boxes of a layer, px
LANE = 6  # height of a lane
TALLEST = 1100  # a layer that would be taller is split
_SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Lane:
    """The way of all references to `parent` through a layer between; those that change have another."""

    parent: Relation
    layer: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference between two tables; `changed` are those that one of the pictures does not have."""

    child: Relation
    parent: Relation
    changed: bool = False


Slot = Relation | Lane


@dataclass(frozen=True, slots=True)
class Layout:
    """The layers from left to right, each from top to bottom, and the top of each slot."""

    layers: tuple[tuple[Slot, ...], ...]
    tops: Mapping[Slot, float]
    height: float

    def layer(self, table: Relation) -> int:
        """The layer in which a table stands."""
        return next(index for index, slots in enumerate(self.layers) if table in slots)


def layout(tables: Sequence[Relation], edges: Iterable[Edge], heights: Mapping[Relation, float]) -> Layout:
    """Place every table; `heights` in px. Edges to tables that are not there, and to itself, are passed over."""
    known = set(tables)
    used = [edge for edge in dict.fromkeys(edges) if edge.child != edge.parent and {edge.child, edge.parent} <= known]
    depth = _split(_depths(tables, used), tables, heights)
    layers: list[list[Slot]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for table in tables:
        layers[depth[table]].append(table)
    for lane in _lanes(used, depth):
        layers[lane.layer].append(lane)
    neighbours = _neighbours(used, depth)
    _order(layers, neighbours)
    return _place(layers, neighbours, heights)


def lanes_between(child: int, parent: int, edge: Edge) -> list[Lane]:
    """The lanes of a reference on its way from the child's layer to the left, to the parent's."""
    return [Lane(edge.parent, index, edge.changed) for index in range(child - 1, parent, -1)]


def _depths(tables: Sequence[Relation], edges: Sequence[Edge]) -> dict[Relation, int]:
    parents: dict[Relation, list[Relation]] = {table: [] for table in tables}
    for edge in edges:
        parents[edge.child].append(edge.parent)
    depth: dict[Relation, int] = {}
    open_: set[Relation] = set()

    def visit(table: Relation) -> int:
        if table in depth:
            return depth[table]
        open_.add(table)
        below = [visit(parent) for parent in parents[table] if parent not in open_]  # a cycle is cut where it closes
        open_.discard(table)
        depth[table] = max(below, default=-1) + 1
        return depth[table]

    for table in tables:
        visit(table)
    return depth


def _split(
    depth: dict[Relation, int], tables: Sequence[Relation], heights: Mapping[Relation, float]
) -> dict[Relation, int]:
    """Layers that would be taller than TALLEST are spread over several."""
    result: dict[Relation, int] = {}
    layer = 0
    for level in range(max(depth.values(), default=-1) + 1):
        filled = 0.0
        for table in (t for t in tables if depth[t] == level):
            if filled and filled + heights[table] > TALLEST:
                layer, filled = layer + 1, 0.0
            result[table] = layer
            filled += heights[table] + GAP
        layer += 1
    return result


def _lanes(edges: Iterable[Edge], depth: Mapping[Relation, int]) -> Iterable[Lane]:
    return dict.fromkeys(lane for edge in edges for lane in lanes_between(depth[edge.child], depth[edge.parent], edge))


def _neighbours(edges: Iterable[Edge], depth: Mapping[Relation, int]) -> dict[Slot, list[Slot]]:
    found: dict[Slot, list[Slot]] = {}
    for edge in edges:
        way: list[Slot] = [edge.child, *lanes_between(depth[edge.child], depth[edge.parent], edge), edge.parent]
        for one, other in pairwise(way):
            found.setdefault(one, []).append(other)
            found.setdefault(other, []).append(one)
    return found


def _order(layers: list[list[Slot]], neighbours: Mapping[Slot, list[Slot]]) -> None:
    """Sort each layer by the mean place of its neighbours in the layer just placed, to the right and back again."""
    for sweep in range(_SWEEPS):
        indices = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        step = -1 if sweep % 2 == 0 else 1
        for index in indices:
            place = {slot: (i + 0.5) / len(layers[index + step]) for i, slot in enumerate(layers[index + step])}
            own = {slot: (i + 0.5) / len(layers[index]) for i, slot in enumerate(layers[index])}
            means = {slot: _mean(slot, neighbours, place, own[slot]) for slot in layers[index]}
            layers[index].sort(key=means.__getitem__)


def _mean(slot: Slot, neighbours: Mapping[Slot, list[Slot]], place: Mapping[Slot, float], otherwise: float) -> float:
    known = [place[other] for other in neighbours.get(slot, []) if other in place]
    return sum(known) / len(known) if known else otherwise


def _place(
    layers: list[list[Slot]], neighbours: Mapping[Slot, list[Slot]], heights: Mapping[Relation, float]
) -> Layout:
    """Tops: the tallest layer fills the height, the others are drawn towards their neighbours without overlapping."""
    size = {slot: LANE if isinstance(slot, Lane) else heights[slot] for layer in layers for slot in layer}
    total = max((_tall(layer, size) for layer in layers), default=0.0)
    middles = {slot: 0.0 for layer in layers for slot in layer}
    for layer in layers:
        _stack(layer, size, [_even(layer, size, total, slot) for slot in layer], total, middles)
    for _ in range(4):
        for layer in layers:
            wanted = [_mean(slot, neighbours, middles, middles[slot]) for slot in layer]
            _stack(layer, size, wanted, total, middles)
    tops = {slot: middles[slot] - size[slot] / 2 for slot in middles}
    return Layout(tuple(tuple(layer) for layer in layers), tops, total)


def _tall(layer: Sequence[Slot], size: Mapping[Slot, float]) -> float:
    return sum(size[slot] for slot in layer) + GAP * (len(layer) - 1)


def _even(layer: Sequence[Slot], size: Mapping[Slot, float], total: float, slot: Slot) -> float:
    """The middle of a slot where its layer is stacked around half the height."""
    above = layer[: layer.index(slot)]
    start = (total - _tall(layer, size)) / 2
    return start + sum(size[other] + GAP for other in above) + size[slot] / 2


def _stack(
    layer: Sequence[Slot], size: Mapping[Slot, float], wanted: Sequence[float], total: float, middles: dict[Slot, float]
) -> None:
    """Middles as near to those wanted as order, gaps and the height allow: pushed down from the top, then up again."""
    floor = 0.0
    for slot, want in zip(layer, wanted, strict=True):
        middles[slot] = max(want, floor + size[slot] / 2)
        floor = middles[slot] + size[slot] / 2 + GAP
    ceiling = total
    for slot in reversed(layer):
        middles[slot] = min(middles[slot], ceiling - size[slot] / 2)
        ceiling = middles[slot] - size[slot] / 2 - GAP
