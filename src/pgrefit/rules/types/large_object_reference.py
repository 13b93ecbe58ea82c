"""A column that holds the number of a large object."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named
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
KEEPS_IN_STEP = "lo_manage"  # the trigger function of the extension lo


@rule(
    code="TYP014",
    title="Large object by its number",
    why=(
        "When the row goes or gets another number, the large object stays for ever; privileges, row security and"
        " logical replication know nothing of it."
    ),
    example="CREATE TABLE letter (id int PRIMARY KEY, content oid);",
    clean="CREATE TABLE letter (id int PRIMARY KEY, content bytea, relid oid, datatype oid, owner oid);",
)
def large_object_reference(observation: Observation) -> Iterator[Finding]:
    """Columns of type oid that are named like a content, or of type lo, without the trigger that removes the object."""

    def refers(table: Table, column: Column) -> bool:
        if any(trigger.function.name == KEEPS_IN_STEP for trigger in table.triggers):
            return False
        said = set(stems(column.name))
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
