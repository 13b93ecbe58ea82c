"""A table that shows nobody its rows."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import API_ROLES, READS, WRITES, bound_holders, bypassing, is_users, shown
from pgrefit.rules._ask import catalog, tables
from pgrefit.rules._said import ROW_SECURITY, is_meant


@rule(
    code="SEC004",
    title="Row security without a policy",
    why="Only the owner, and roles that bypass row security, see or write a row; nothing fails, it looks empty.",
    example="""
        CREATE TABLE diary (id int PRIMARY KEY);
        ALTER TABLE diary ENABLE ROW LEVEL SECURITY;
    """,
    clean="""
        CREATE TABLE diary (id int PRIMARY KEY, owner text);
        ALTER TABLE diary ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON diary USING (owner = current_user);
    """,
)
def row_security_without_policy(observation: Observation) -> Iterator[Finding]:
    """Tables with row security switched on that have no policy by which a row is seen; restrictive ones only narrow.

    Where the roles of an API are shut out and another role that bypasses row security is not, it is meant to be so.
    """
    db = observation.snapshot
    for table in tables(observation):
        if table.row_security and not any(p.permissive for p in table.policies) and is_users(db, table):
            shut_out = bound_holders(db, table, READS | WRITES)
            meant = shut_out <= API_ROLES and _has_other_door(db, table)
            alone = not shut_out and _has_other_door(db, table)  # only those whom no policy binds are let in
            if alone or (is_meant(table.comment, ROW_SECURITY) and (meant or not shut_out)):
                continue
            yield Finding(
                object=str(table.name),
                message=f"has row security and {'only restrictive policies' if table.policies else 'no policy'}:"
                " it looks empty to all but its owner and those who bypass it",
                severity=Severity.WARNING if shut_out and not meant else Severity.INFO,
                evidence=(catalog("others with privileges", tuple(sorted(map(shown, shut_out)))),),
                advice="write the policies, or take the privileges away where nobody is meant to see it",
            )


def _has_other_door(db: Snapshot, table: Table) -> bool:
    return any(grant.grantee in bypassing(db) - {table.owner} for grant in table.grants)
