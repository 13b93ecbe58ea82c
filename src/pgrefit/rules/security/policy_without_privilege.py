"""A policy for a role that may not do what the policy is about."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.rules._access import EVERYBODY, bypassing, is_granted, memberships, secured
from pgrefit.rules._ask import catalog
from pgrefit.rules.security._policies import PRIVILEGES


@rule(
    code="SEC032",
    title="Policy without its privilege",
    why=(
        "A policy lets nobody do what GRANT does not: the role that it names is refused all the same. Either a"
        " privilege was forgotten, or the policy was."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY seen ON letter FOR SELECT TO pg_monitor USING (owner = current_user);
        CREATE POLICY changed ON letter FOR UPDATE TO pg_monitor USING (owner = current_user);
        GRANT SELECT, INSERT ON letter TO pg_monitor;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text, body text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY seen ON letter FOR SELECT TO pg_monitor USING (owner = current_user);
        CREATE POLICY changed ON letter FOR UPDATE TO pg_monitor USING (owner = current_user);
        CREATE POLICY anybody ON letter FOR DELETE USING (owner = current_user);
        CREATE POLICY narrowed ON letter AS RESTRICTIVE FOR INSERT TO pg_monitor WITH CHECK (owner = current_user);
        GRANT SELECT ON letter TO PUBLIC;
        GRANT UPDATE (body) ON letter TO pg_monitor;
    """,
)
def policy_without_privilege(observation: Observation) -> Iterator[Finding]:
    """Permissive policies of which no named role, nor one that it is a member of, holds the privilege.

    Where nobody but the owner holds any on the table, grants are made elsewhere.
    """
    db = observation.snapshot
    for table in secured(db):
        found = [policy for policy in table.policies if _is_idle(db, table, policy)] if is_granted(table) else []
        if found:
            whom = ", ".join(sorted({role for policy in found for role in policy.roles}))
            yield Finding(
                object=str(table.name),
                message=f"policy {', '.join(p.name for p in found)}: {whom} has no such privilege on the table",
                severity=Severity.INFO,
                evidence=tuple(catalog(f"policy {p.name}", (p.command, *p.roles)) for p in found),
                advice="GRANT the privilege, or drop the policy",
            )


def _is_idle(db: Snapshot, table: Table, policy: Policy) -> bool:
    named = frozenset(policy.roles)
    if not policy.permissive or not named or named & (bypassing(db) | {table.owner}):
        return False
    wanted = {PRIVILEGES[policy.command]} if policy.command != "all" else set(PRIVILEGES.values())
    grants = (*table.grants, *(grant for column in table.columns for grant in column.grants))
    holders = {grant.grantee for grant in grants if grant.privilege in wanted}
    able = {EVERYBODY, table.owner} | holders & bypassing(db)
    return not any(
        holders & ({role, EVERYBODY} | memberships(db, role)) or able & memberships(db, role) for role in named
    )
