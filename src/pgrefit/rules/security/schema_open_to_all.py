"""A schema in which everybody may put objects."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.revoke_privileges import RevokePrivileges
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Function, Schema, Sequence, Snapshot, Table, UserType, View
from pgrefit.rules._access import EVERYBODY, bypassing, platform_schemas
from pgrefit.rules._ask import catalog


@rule(
    code="SEC019",
    title="Schema in which everybody may create",
    why=(
        "Whoever may log in can put a function or table there that others find in the place of the one they mean, and"
        " run with their rights. Before PostgreSQL 15 schema public is made so."
    ),
    example="""
        CREATE SCHEMA shop;
        CREATE TABLE shop.sale (id int PRIMARY KEY);
        GRANT USAGE, CREATE ON SCHEMA shop TO PUBLIC;
    """,
    clean="""
        CREATE SCHEMA shop;
        CREATE TABLE shop.sale (id int PRIMARY KEY);
        GRANT USAGE ON SCHEMA shop TO PUBLIC;
        GRANT CREATE ON SCHEMA shop TO pg_monitor;
    """,
)
def schema_open_to_all(observation: Observation) -> Iterator[Finding]:
    """Schemas on which PUBLIC has CREATE, and who makes use of it; the database, where PUBLIC may create schemas."""
    db = observation.snapshot
    if db.open_to_all:
        yield Finding(
            object=f"database {db.database}",
            message="every role may create schemas in it",
            severity=Severity.WARNING,
            evidence=(catalog("holds CREATE", "PUBLIC"),),
            advice="REVOKE CREATE ON DATABASE … FROM PUBLIC, and grant it to the role that runs migrations",
        )
    makers = _makers(db)
    for schema in db.schemas:
        if schema.extension or schema.name in platform_schemas(db) or not _may_create(schema, EVERYBODY):
            continue
        using = sorted(o for o in makers.get(schema.name, ()) if o != schema.owner and not _may_create(schema, o))
        needed = [owner for owner in using if owner not in bypassing(db)]
        yield Finding(
            object=dotted(schema.name),
            message="every role may create objects in it",
            severity=Severity.WARNING,
            evidence=(catalog("owner", schema.owner), catalog("others who own objects there", tuple(needed))),
            remedy=() if needed else (
                RevokePrivileges(kind="schema", schema=schema.name, privileges=("create",), roles=("public",)),
            ),
            advice=f"GRANT CREATE to {', '.join(needed)}, then REVOKE it from PUBLIC" if needed else "",
        )  # fmt: skip


def _may_create(schema: Schema, role: str) -> bool:
    return any(grant.grantee == role and grant.privilege == "CREATE" for grant in schema.grants)


def _makers(db: Snapshot) -> dict[str, set[str]]:
    """Owners of what is in each schema, but for extensions."""
    found: dict[str, set[str]] = {}
    things: list[Table | View | Sequence | Function | UserType] = [*db.tables, *db.views, *db.sequences]
    for thing in [*things, *db.functions, *db.types]:
        if not thing.extension:
            found.setdefault(thing.name.schema, set()).add(thing.owner)
    return found
