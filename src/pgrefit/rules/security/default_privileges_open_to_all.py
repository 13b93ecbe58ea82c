"""Tables that will be open to everybody as soon as they are made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.rules._access import EVERYBODY, may_enter, platform_schemas
from pgrefit.rules._ask import catalog


@rule(
    code="SEC025",
    title="Default privileges that open what comes",
    why=(
        "Whatever table the role makes from now on is granted to every role at once. Nobody sees it in the migration"
        " that makes the table, and taking the privilege away from a table does not end it."
    ),
    example="""
        CREATE SCHEMA shop;
        GRANT USAGE ON SCHEMA shop TO PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT, INSERT ON TABLES TO PUBLIC;
    """,
    clean="""
        CREATE SCHEMA shop;
        GRANT USAGE ON SCHEMA shop TO PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT, INSERT ON TABLES TO pg_monitor;
        ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
    """,
)
def default_privileges_open_to_all(observation: Observation) -> Iterator[Finding]:
    """Default privileges on tables for PUBLIC, by schema; not where PUBLIC cannot look the schema up."""
    db = observation.snapshot
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for grant in db.default_grants:
        if grant.grantee == EVERYBODY and grant.kind == "table" and grant.schema not in platform_schemas(db):
            found[grant.schema, grant.role].append(grant.privilege)
    for (schema, role), privileges in found.items():
        if not schema or may_enter(db, EVERYBODY, schema):
            yield Finding(
                object=dotted(schema) if schema else f"database {db.database}",
                message=f"each table that {role} makes there is open to PUBLIC: {', '.join(privileges)}",
                severity=Severity.INFO if privileges == ["SELECT"] else Severity.WARNING,
                evidence=(catalog("role", role), catalog("privileges", tuple(privileges))),
                advice="ALTER DEFAULT PRIVILEGES … REVOKE … ON TABLES FROM PUBLIC, and grant to the roles that need it",
            )
