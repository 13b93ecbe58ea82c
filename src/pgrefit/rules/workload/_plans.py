"""Plans of queries (EXPLAIN in JSON): which relations they read, how, and how much of it they keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

JOINS = {"Hash Join", "Merge Join", "Nested Loop"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of a plan. Rows are counted over all loops: measured where the plan was run, else estimated.

    `conditions` are the conditions of the joins above it; `kept_above` the rows that the nearest join leaves.
    """

    kind: str
    relation: str = ""
    schema: str = ""
    alias: str = ""
    index: str = ""
    index_condition: str = ""
    filter: str = ""
    rows: float = 0.0
    removed: float = 0.0
    measured: bool = False
    conditions: tuple[str, ...] = ()
    kept_above: float | None = None


def plan_nodes(plan: str) -> Iterator[Node]:
    """The nodes of a plan, from the top; none where there is no plan."""
    if plan:
        document: Any = json.loads(plan)
        yield from _nodes((document if "Plan" in document else document[0])["Plan"], (), None)


def _nodes(node: dict[str, Any], conditions: tuple[str, ...], kept: float | None) -> Iterator[Node]:
    loops = float(node.get("Actual Loops", 1))
    measured = "Actual Rows" in node
    rows = float(node.get("Actual Rows", node.get("Plan Rows", 0))) * loops
    yield Node(
        kind=str(node["Node Type"]),
        relation=str(node.get("Relation Name", "")),
        schema=str(node.get("Schema", "")),
        alias=str(node.get("Alias", "")),
        index=str(node.get("Index Name", "")),
        index_condition=str(node.get("Index Cond", "")),
        filter=str(node.get("Filter", "")),
        rows=rows,
        removed=float(node.get("Rows Removed by Filter", 0)) * loops,
        measured=measured,
        conditions=conditions,
        kept_above=kept,
    )
    if node["Node Type"] in JOINS:
        texts = (node.get(key) for key in ("Hash Cond", "Merge Cond", "Join Filter"))
        conditions, kept = tuple(str(text) for text in texts if text), rows
    for child in node.get("Plans", ()):
        yield from _nodes(child, conditions, kept)
