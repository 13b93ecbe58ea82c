"""What can be said provisionally while the server has counted for less than a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import nodes
from pgrefit.rules.indexes._usage import window
from pgrefit.rules.workload._texts import Text, column_path, recurring_texts, table_named

YOUNG = timedelta(days=1)  # counters of a copy, or of a server that has just been set up
FEWEST_CALLS = 100
PLACES = ("where_clause", "having_clause", "quals")


@dataclass(slots=True)
class Asked:
    """Calls of the counted statements that name a table, and the columns by which they look for rows or sort them."""

    calls: int = 0
    columns: set[str] = field(default_factory=set[str])


def is_young(observation: Observation) -> bool:
    """Whether the server has counted for less than a day; not where nobody knows for how long."""
    length = window(observation).length
    return length is not None and length < YOUNG


def so_far(observation: Observation) -> str:
    """How long it has counted, in a message; '' where that is long enough."""
    length = window(observation).length
    if length is None or length >= YOUNG:
        return ""
    hours, minutes = round(length / timedelta(hours=1)), round(length / timedelta(minutes=1))
    counted = f"{hours} hours" if hours >= 2 else f"{minutes} minutes" if minutes >= 2 else "minute"
    return f" in the {counted} counted so far"


def asked_about(observation: Observation) -> dict[Relation, Asked]:
    """What counted statements ask about, by table."""
    found: dict[Relation, Asked] = {}
    for text in recurring_texts(observation):
        if text.counted is None:
            continue
        columns = _looked_for(text)
        for node in text.nodes:
            table = table_named(observation, node.range_var) if node.HasField("range_var") else None
            if table is not None:
                asked = found.setdefault(table.name, Asked())
                asked.calls += text.counted.calls
                asked.columns |= columns
        for kind in ("update_stmt", "insert_stmt", "delete_stmt"):
            if text.statement.HasField(kind):
                table = table_named(observation, getattr(text.statement, kind).relation)
                if table is not None:
                    asked = found.setdefault(table.name, Asked())
                    asked.calls += text.counted.calls
                    asked.columns |= columns
    return found


def _looked_for(text: Text) -> set[str]:
    """Columns in conditions, groups and orders, of whatever table."""
    found: set[str] = set()
    for node in text.nodes:
        kind = node.WhichOneof("node")
        inner = getattr(node, kind) if kind else None
        for name in PLACES:
            if inner is not None and name in inner.DESCRIPTOR.fields_by_name and inner.HasField(name):
                found |= {path[1] for each in nodes(getattr(inner, name)) if (path := column_path(each))}
        if node.HasField("select_stmt"):
            keys = (*(item.sort_by.node for item in node.select_stmt.sort_clause), *node.select_stmt.group_clause)
            found |= {path[1] for key in keys if (path := column_path(key))}
        if node.HasField("join_expr"):
            found |= {name.string.sval for name in node.join_expr.using_clause}
    return found


def is_worked_on(table: Table, asked: dict[Relation, Asked]) -> bool:
    """Whether counted statements ask about the table all the time; scans alone may be those of loading."""
    return table.name in asked and asked[table.name].calls >= FEWEST_CALLS
