"""A table that shows nobody its rows."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, tables


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
    """Tables with row security switched on that have no policy."""
    bypassing = {role.name for role in observation.snapshot.roles if role.superuser or role.bypass_rls}
    for table in tables(observation):
        if table.row_security and not table.policies:
            grantees = sorted({grant.grantee or "PUBLIC" for grant in table.grants} - {table.owner} - bypassing)
            yield Finding(
                object=str(table.name),
                message="has row security and no policy: it looks empty to all but its owner and those who bypass it",
                severity=Severity.WARNING if grantees else Severity.INFO,
                evidence=(catalog("others with privileges", tuple(grantees)),),
                advice="write the policies, or take the privileges away where nobody is meant to see it",
            )
