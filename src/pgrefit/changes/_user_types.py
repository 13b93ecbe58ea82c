"""Enums and domains: looked up in the schema, and in the catalog."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Expression, Literal, expression
from pgrefit.model.names import Relation, split_dotted
from pgrefit.model.snapshot import Snapshot, Table, UserType

from ._relations import find_relation, relations


def find_type(db: Snapshot, name: Relation) -> UserType | None:
    """The enum, domain, composite or range type of that name, or None."""
    return next((found for found in db.types if found.name == name), None)


def type_taken(db: Snapshot, name: Relation) -> Iterator[Obstacle]:
    """A type, or a relation, whose row type has the name, and a schema that is not there."""
    if find_type(db, name) or find_relation(db, name):
        yield Obstacle(str(name), "the name is taken")
    if name.schema not in {schema.name for schema in db.schemas}:
        yield Obstacle(str(name), f"there is no schema {name.schema}")


def oid_of_type(name: Relation) -> Expression:
    """The type's oid, or NULL."""
    return expression(
        "(SELECT t.oid FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace"
        " WHERE n.nspname = {schema} AND t.typname = {name})",
        schema=Literal(name.schema), name=Literal(name.name),
    )  # fmt: skip


def tables_with(db: Snapshot, domain: Relation) -> tuple[Relation, ...]:
    """Tables with a column of the domain, or of a domain over it, each once."""
    domains = _over(db, domain)
    stored = (r for r in relations(db) if isinstance(r, Table) or r.materialized)
    found = (r.name for r in stored for column in r.columns if _is_one(column.type, domains))
    return tuple(dict.fromkeys(found))


def _over(db: Snapshot, domain: Relation) -> set[Relation]:
    """The domain and those that are based on it, all the way."""
    domains = {domain}
    while more := {t.name for t in db.types if t.kind == "domain" and _is_one(t.base, domains)} - domains:
        domains |= more
    return domains


def _is_one(type_name: str, domains: set[Relation]) -> bool:
    """Whether a name as format_type() prints it is that of one of the domains."""
    try:
        parts = split_dotted(type_name)
    except ValueError:
        return False
    return len(parts) == 2 and Relation(*parts) in domains
