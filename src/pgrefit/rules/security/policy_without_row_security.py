"""Policies that protect nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, known
from pgrefit.rules.security._personal import personal
from pgrefit.rules.security._policies import protected


@rule(
    code="SEC005",
    title="Policy without row security",
    why="As long as row security is not switched on for the table, its policies are not asked.",
    example="""
        CREATE TABLE diary (id int PRIMARY KEY, owner text);
        CREATE POLICY own ON diary USING (owner = current_user);
    """,
    clean="""
        CREATE TABLE diary (id int PRIMARY KEY, owner text);
        CREATE POLICY own ON diary USING (owner = current_user);
        ALTER TABLE diary ENABLE ROW LEVEL SECURITY;
    """,
)
def policy_without_row_security(observation: Observation) -> Iterator[Finding]:
    """Tables that have policies, and row security switched off."""
    for table in protected(observation):
        if not table.row_security:
            yield Finding(
                object=str(table.name),
                message="has policies, but row security is off: they are not asked",
                severity=Severity.ERROR,
                evidence=known(
                    (
                        catalog("policies", tuple(policy.name for policy in table.policies)),
                        catalog("personal or secret", personal(table)),
                    )
                ),
                advice="ALTER TABLE … ENABLE ROW LEVEL SECURITY, after a look at what the policies let through",
            )
