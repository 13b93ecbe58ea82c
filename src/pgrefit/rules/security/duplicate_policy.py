"""A policy that another one already contains."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.drop_policy import DropPolicy
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Table
from pgrefit.rules._access import covers, secured
from pgrefit.rules._ask import catalog
from pgrefit.rules.security._policies import COMMANDS, seen_by, written_by


@rule(
    code="SEC011",
    title="Policy that another one contains",
    why=(
        "It lets nothing through that the other does not. The server tests both all the same, and whoever narrows one"
        " of them later believes that the door is shut."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE POLICY reading ON letter FOR SELECT USING (owner = current_user);
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY reading ON letter FOR SELECT USING (owner = current_user);
        CREATE POLICY deleting ON letter FOR DELETE USING (owner = current_user);
        CREATE POLICY monitored ON letter FOR SELECT TO pg_monitor USING (owner = 'pg_monitor');
        CREATE POLICY writing ON letter FOR UPDATE USING (owner = current_user) WITH CHECK (owner <> 'root');
        CREATE POLICY bounds ON letter AS RESTRICTIVE FOR SELECT USING (owner = current_user);
    """,
)
def duplicate_policy(observation: Observation) -> Iterator[Finding]:
    """For each table, the policies that could go without any row being seen or written otherwise."""
    for table in secured(observation.snapshot):
        within = dict(_contained(table))
        if within:
            says = (f"{one.name} is contained in {other.name}" for one, other in within.items())
            yield Finding(
                object=str(table.name),
                message="; ".join(f"policy {said}" for said in says),
                severity=Severity.INFO,
                evidence=(catalog("policies without effect", tuple(policy.name for policy in within)),),
                remedy=tuple(DropPolicy(table=table.name, name=policy.name) for policy in within),
            )


def _contained(table: Table) -> Iterator[tuple[Policy, Policy]]:
    """Policies, each with one that stays and contains it."""
    kept = sorted(table.policies, key=lambda policy: (policy.command != "all", len(policy.roles)))
    for policy in reversed(kept.copy()):
        others = (other for other in kept if other is not policy)
        around = next((other for other in others if _contains(other, policy)), None)
        if around:
            kept.remove(policy)
            yield policy, around


def _contains(whole: Policy, part: Policy) -> bool:
    if whole.permissive != part.permissive:
        return False
    if whole.roles and not (part.roles and set(part.roles) <= set(whole.roles)):
        return False
    return all(
        covers(whole, command)
        and seen_by(whole, command) == seen_by(part, command)
        and written_by(whole, command) == written_by(part, command)
        for command in COMMANDS if covers(part, command)
    )  # fmt: skip
