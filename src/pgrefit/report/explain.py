"""Reading EXPLAIN (FORMAT JSON): the plan as a list of nodes, the root first, each with its depth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

Node = Mapping[str, object]

LARGE = 1000  # rows; a whole read of fewer is no defect
_CONDITIONS = (
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "Sort Key",
    "Group Key",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNode:
    """One node. Times in ms over all loops, None without ANALYZE; `own` is without the node's children."""

    depth: int
    kind: str
    target: str = ""  # the relation, and the index where one is used
    condition: str = ""
    rows: float = 0.0
    read: float = 0.0  # rows read, those that the filter removed included
    total: float | None = None
    own: float | None = None
    loops: int = 1

    @property
    def reads_large_table_whole(self) -> bool:
        """Whether it is a sequential scan of many rows."""
        return self.kind.endswith("Seq Scan") and self.read >= LARGE


def plan_nodes(text: str) -> tuple[PlanNode, ...]:
    """The nodes of a plan, in the order in which EXPLAIN prints them; empty where the text is no plan."""
    try:
        parsed = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return ()
    if isinstance(parsed, list):
        parsed = next(iter(cast("list[object]", parsed)), None)
    root = cast("Node", parsed).get("Plan") if isinstance(parsed, dict) else None
    return tuple(_walk(cast("Node", root), 0)) if isinstance(root, dict) else ()


def _walk(root: Node, depth: int) -> Iterator[PlanNode]:
    waiting = [(root, depth)]
    while waiting:
        node, depth = waiting.pop()
        yield _node(node, depth)
        waiting += [(child, depth + 1) for child in reversed(_children(node))]


def _children(node: Node) -> Sequence[Node]:
    children = node.get("Plans")
    found = cast("list[object]", children) if isinstance(children, list) else []
    return [cast("Node", child) for child in found if isinstance(child, dict)]


def _node(node: Node, depth: int) -> PlanNode:
    loops = _number(node, "Actual Loops", 1.0)
    analyzed = "Actual Total Time" in node
    rows = _number(node, "Actual Rows" if analyzed else "Plan Rows") * (loops if analyzed else 1)
    total = _total(node)
    own = None if total is None else max(total - sum(_total(child) or 0.0 for child in _children(node)), 0.0)
    return PlanNode(
        depth=depth,
        kind=_kind(node),
        target=_target(node),
        condition=next((_text(node, key) for key in _CONDITIONS if key in node), ""),
        rows=rows,
        read=rows + _number(node, "Rows Removed by Filter") * loops,
        total=total,
        own=own,
        loops=int(loops),
    )


def _total(node: Node) -> float | None:
    """Time over all loops; parallel workers' loops ran at the same time, which is why they are not added up."""
    if "Actual Total Time" not in node:
        return None
    loops = 1.0 if node.get("Parallel Aware") else _number(node, "Actual Loops", 1.0)
    return _number(node, "Actual Total Time") * loops


def _kind(node: Node) -> str:
    kind = _text(node, "Node Type") or "?"
    join = _text(node, "Join Type")
    if join and join != "Inner":
        kind = kind.replace(" Join", "") + f" {join} Join"
    return f"Parallel {kind}" if node.get("Parallel Aware") else kind


def _target(node: Node) -> str:
    relation = ".".join(filter(None, (_text(node, "Schema"), _text(node, "Relation Name"))))
    index = _text(node, "Index Name")
    return f"{relation} using {index}" if relation and index else relation or index or _text(node, "CTE Name")


def _text(node: Node, key: str) -> str:
    value = node.get(key, "")
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


def _number(node: Node, key: str, default: float = 0.0) -> float:
    value = node.get(key, default)
    return float(value) if isinstance(value, (int, float)) else default
