"""A policy that was meant to let all through, and lets nothing through."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy
from pgrefit.rules._access import bypassing, covers, secured
from pgrefit.rules._ask import catalog
from pgrefit.rules.security._policies import COMMANDS, seen_by, written_by


@rule(
    code="SEC024",
    title="Policy without a condition",
    why=(
        "A permissive policy without USING finds no row, and one without WITH CHECK lets none be written: it is not the"
        " same as true. The roles that it names are shut out as if it were not there, and nothing fails."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY everybody ON letter;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY everybody ON letter USING (true);
        CREATE POLICY nobody ON letter FOR DELETE USING (false);
        CREATE POLICY writing ON letter FOR INSERT WITH CHECK (owner = current_user);
    """,
)
def policy_without_condition(observation: Observation) -> Iterator[Finding]:
    """Policies with neither condition, or for UPDATE without USING, but for those of roles that no policy binds."""
    db = observation.snapshot
    for table in secured(db):
        found = [p for p in table.policies if _is_empty(p) and not (p.roles and set(p.roles) <= bypassing(db))]
        if found:
            names = tuple(policy.name for policy in found)
            yield Finding(
                object=str(table.name),
                message=f"policy {', '.join(names)} has no condition, and lets nothing through",
                severity=Severity.WARNING,
                evidence=(catalog("policies", names),),
                advice="write USING (true) where all rows are meant, or drop the policy",
            )


def _is_empty(policy: Policy) -> bool:
    if policy.command == "update":
        return policy.permissive and policy.using is None
    parts = (part(policy, command) for command in COMMANDS if covers(policy, command) for part in (seen_by, written_by))
    return policy.permissive and all(condition is None for condition in parts)
