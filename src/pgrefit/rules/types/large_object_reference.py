"""A column that holds the number of a large object."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, is_empty, named, row_of
from pgrefit.rules._columns import columns_of_type
from pgrefit.rules._names import stems

CONTENT = {
    "attachment", "avatar", "binary", "blob", "body", "content", "data", "document", "file", "image", "lo", "lob",
    "media", "payload", "pdf", "photo", "picture", "raster", "stream", "thumbnail", "video",
}  # fmt: skip
OF_CATALOG = {
    "access", "am", "attribute", "cast", "class", "collation", "column", "constraint", "conversion", "data", "database",
    "db", "extension", "func", "function", "index", "lang", "language", "namespace", "nsp", "obj", "object", "opclass",
    "operator", "opr", "owner", "parent", "pg", "proc", "procedure", "ref", "rel", "relation", "role", "schema", "seq",
    "sequence", "table", "tablespace", "tbl", "toast", "trigger", "typ", "type", "user", "view",
}  # fmt: skip
LOOKED_UP = 100  # rows
KEEPS_IN_STEP = "lo_manage"  # the trigger function of the extension lo


def _asks(observation: Observation) -> Iterator[Question]:
    for table, columns in columns_of_type(observation, lambda type_: type_ == "oid"):
        yield from (_question(table, column) for column in columns if _may_be(observation, table, column))


def _may_be(observation: Observation, table: Table, column: Column) -> bool:
    """Whether only its values can tell: its name is of nothing in the catalog."""
    plain = column.type == "oid" and not set(stems(column.name)) & OF_CATALOG
    return plain and table.kind == "table" and not is_empty(observation, table)


def _question(table: Table, column: Column) -> Question:
    """How many of the first numbers are those of large objects, and of tables, types and functions."""
    select = ddl(
        "SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata AS m"
        " WHERE m.oid = s.{c})) AS objects, count(*) FILTER (WHERE EXISTS"
        " (SELECT FROM pg_catalog.pg_class AS k WHERE k.oid = s.{c})"
        " OR EXISTS (SELECT FROM pg_catalog.pg_type AS k WHERE k.oid = s.{c})"
        " OR EXISTS (SELECT FROM pg_catalog.pg_proc AS k WHERE k.oid = s.{c})) AS of_catalog"
        " FROM (SELECT t.{c} FROM {t} AS t WHERE t.{c} IS NOT NULL LIMIT {limit}) AS s",
        c=column.name, t=table.name, limit=LOOKED_UP,
    )  # fmt: skip
    return Question(table.name, select)


@rule(
    code="TYP014",
    title="Large object by its number",
    why=(
        "When the row goes or gets another number, the large object stays for ever; privileges, row security and"
        " logical replication know nothing of it."
    ),
    asks=_asks,
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, content oid);
        INSERT INTO letter VALUES (1, lo_from_bytea(0, 'Dear reader'));
    """,
    clean="CREATE TABLE letter (id int PRIMARY KEY, content bytea, relid oid, datatype oid, owner oid);",
)
def large_object_reference(observation: Observation) -> Iterator[Finding]:
    """Columns of type oid that are named like a content, or of type lo, without the trigger that removes the object.

    And those of any name whose numbers are those of large objects.
    """

    def refers(table: Table, column: Column) -> bool:
        if any(trigger.function.name == KEEPS_IN_STEP for trigger in table.triggers):
            return False
        said = set(stems(column.name))
        row = row_of(observation, _question(table, column)) if _may_be(observation, table, column) else None
        if row and (row.count("objects") or row.count("of_catalog")):
            return row.count("objects") > 0
        numbered = {"oid"} < said and not said & OF_CATALOG  # scan_oid: what is no object of the catalog
        meant = bool(said & CONTENT) or numbered
        return meant or column.type.rpartition(".")[2] == "lo"

    for table, columns in columns_of_type(observation, lambda type_: type_ == "oid", refers):
        for column in columns:
            yield Finding(
                object=named(table, column.name),
                message="names large objects, which outlive their rows",
                severity=Severity.WARNING,
                evidence=(catalog("type", column.type),),
                advice="keep the content as bytea or in a store of objects; until then, let the trigger lo_manage of"
                " the extension lo remove what is no longer named, and vacuumlo what was left",
            )
