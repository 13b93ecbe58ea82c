"""A B-tree on arrays or on whole documents."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._families import users_tables
from pgrefit.rules._indexes import needed_by_constraint
from pgrefit.rules._names import stems
from pgrefit.rules.indexes._drops import weight
from pgrefit.rules.indexes._usage import scans_of_all

# Arrays that are compared as wholes: places in a tree or in an order.
ORDERED = {"path", "lineage", "ancestor", "ancestry", "sort", "order", "position", "trail", "breadcrumb", "version",
           "hierarchy", "key", "hash", "digest"}  # fmt: skip


@rule(
    code="IDX015",
    title="B-tree on an array or a document",
    why=(
        "It answers whether the whole value is equal, less or greater. What is asked of arrays and documents, whether"
        " they contain something, reads the whole table."
    ),
    example="""
        CREATE TABLE article (id int PRIMARY KEY, tags text[]);
        CREATE INDEX article_tags ON article (tags);
    """,
    clean="""
        CREATE TABLE article (id int PRIMARY KEY, tags text[], path int[], body jsonb, codes int[] UNIQUE);
        CREATE INDEX ON article USING gin (tags);
        CREATE INDEX ON article USING gin (body);
        CREATE INDEX ON article (path);
        CREATE INDEX ON article ((body ->> 'title'));
        CREATE INDEX ON article (cardinality(tags));
    """,
)
def btree_on_array(observation: Observation) -> Iterator[Finding]:
    """B-trees that lead with an array or jsonb, are not unique, and were never scanned."""
    scans = scans_of_all(observation)
    for table in users_tables(observation.snapshot):
        types = {column.name: column.type for column in table.columns}
        for index in table.indexes:
            name = index.columns[0]
            type_ = types.get(name, "") if name else ""
            if (type_.endswith("[]") or type_ == "jsonb") and _is_for_lookup(index) and not scans.get(index.name):
                yield _finding(observation, table, index, type_)


def _is_for_lookup(index: Index) -> bool:
    ordered = set(stems(index.columns[0] or "")) & ORDERED
    return index.method == "btree" and index.partition_of is None and not needed_by_constraint(index) and not ordered


def _finding(observation: Observation, table: Table, index: Index, type_: str) -> Finding:
    return Finding(
        object=str(index.name),
        message=f"is a B-tree on {index.columns[0]}, which is {type_}: no search for what it contains can use it",
        severity=Severity.WARNING,
        evidence=(
            catalog("definition", str(index.definition)),
            catalog("type", type_),
            *weight(observation, index),
        ),
        advice=f"where {table.name} is asked what {index.columns[0]} contains, build a GIN index in its place; where"
        " nothing asks, drop it",
    )
