"""A B-tree on arrays or on whole documents."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Snapshot, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import domain_of
from pgrefit.rules._families import users_tables
from pgrefit.rules._indexes import needed_by_constraint
from pgrefit.rules._names import stems
from pgrefit.rules.indexes._drops import weight
from pgrefit.rules.indexes._usage import scans_of_all

# Arrays that are compared as wholes: places in a tree or in an order.
ORDERED = {"path", "lineage", "ancestor", "ancestry", "sort", "order", "position", "trail", "breadcrumb", "version",
           "hierarchy", "key", "hash", "digest"}  # fmt: skip

ALL = 0.98


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
        CREATE TABLE place (id int PRIMARY KEY, inside int REFERENCES place, above int[] NOT NULL);
        CREATE INDEX ON place (inside);
        CREATE INDEX ON place (above);
    """,
)
def btree_on_array(observation: Observation) -> Iterator[Finding]:
    """B-trees that have an array for a key, or lead with jsonb, are not unique, and were never scanned."""
    scans = scans_of_all(observation)
    for table in users_tables(observation.snapshot):
        types = {column.name: _plain(observation.snapshot, column.type) for column in table.columns}
        for index in table.indexes:
            name = _contained(observation, table, index, types) if _is_for_lookup(index) else ""
            if name and not scans.get(index.name):
                yield _finding(observation, table, index, name, types[name])


def _is_for_lookup(index: Index) -> bool:
    return index.method == "btree" and index.partition_of is None and not needed_by_constraint(index)


def _contained(observation: Observation, table: Table, index: Index, types: dict[str, str]) -> str:
    """The key that would be asked what it contains; '' where there is none."""
    for place, name in enumerate(index.columns):
        type_ = types.get(name, "") if name else ""
        if (
            name
            and (type_.endswith("[]") or (type_ == "jsonb" and place == 0))
            and not _is_place(observation, table, name, type_)
        ):
            return name
    return ""


def _plain(db: Snapshot, type_: str) -> str:
    """The type below a domain."""
    domain = domain_of(db, type_)
    return domain.base if domain is not None and not type_.endswith("[]") else type_


def _is_place(observation: Observation, table: Table, name: str, type_: str) -> bool:
    """Whether it is compared as a whole: by its name, or as the way to a row of a tree, made of the tree's keys."""
    element = type_.removesuffix("[]")
    of_tree = (
        table.column(key.parent_columns[0]).type == element
        for key in table.foreign_keys
        if key.parent == table.name and len(key.parent_columns) == 1
    )
    return bool(set(stems(name)) & ORDERED) or (any(of_tree) and _differs(observation, table, name))


def _differs(observation: Observation, table: Table, name: str) -> bool:
    """Whether each row has another one, as far as is known: the way to a row ends with the row."""
    seen = observation.statistics.table(table.name).column(name)
    rows = observation.rows(table.name)
    return seen is None or seen.distinct <= -ALL or (rows > 0 and seen.distinct >= ALL * rows)


def _finding(observation: Observation, table: Table, index: Index, name: str, type_: str) -> Finding:
    return Finding(
        object=str(index.name),
        message=f"is a B-tree on {name}, which is {type_}: no search for what it contains can use it",
        severity=Severity.WARNING,
        evidence=(
            catalog("definition", str(index.definition)),
            catalog("type", type_),
            *weight(observation, index),
        ),
        advice=f"where {table.name} is asked what {name} contains, build a GIN index in its place; where"
        " nothing asks, drop it",
    )
