"""Passwords, tokens and the like that all the world may read."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Policy, Snapshot, Table, View
from pgrefit.rules._access import (
    OPEN_ROLES,
    bypassing,
    covers,
    governed,
    is_users,
    may_enter,
    restricted,
    shown,
    tables_and_views,
)
from pgrefit.rules._ask import catalog
from pgrefit.rules.security._personal import is_secret
from pgrefit.rules.security._truth import is_always_true, saying_true
from pgrefit.rules.security._views import is_invoker


@rule(
    code="SEC018",
    title="Secret that everybody may read",
    why=(
        "A password, even hashed, a token or the number of a card is granted to every role, and no policy stands before"
        " it: one leaked login of any role is enough to read them all."
    ),
    example="""
        CREATE TABLE account (id int PRIMARY KEY, login text, password_hash text, api_key text);
        GRANT SELECT ON account TO PUBLIC;
    """,
    clean="""
        CREATE TABLE account (id int PRIMARY KEY, login text, password_hash text, password_changed_at timestamptz,
                              is_secret boolean, secret_name text, token_count int);
        GRANT SELECT (id, login, secret_name) ON account TO PUBLIC;
        CREATE TABLE device (id int PRIMARY KEY, owner text, api_key text);
        GRANT SELECT ON device TO PUBLIC;
        ALTER TABLE device ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON device USING (owner = current_user);
        CREATE SCHEMA vault;
        CREATE TABLE vault.client (id int PRIMARY KEY, client_secret text);
        GRANT SELECT ON vault.client TO PUBLIC;
    """,
)
def secret_open_to_all(observation: Observation) -> Iterator[Finding]:
    """Columns of text whose names say that they are secret, where PUBLIC or the roles of an API may read all rows."""
    db = observation.snapshot
    for relation in tables_and_views(db):
        if is_users(db, relation) and not (isinstance(relation, Table) and relation.partition_of):
            secret = {column.name: who for column in relation.columns if (who := _readers(db, relation, column))}
            if secret:
                yield _finding(relation, tuple(secret), frozenset[str]().union(*secret.values()))


def _finding(relation: Table | View, columns: tuple[str, ...], readers: frozenset[str]) -> Finding:
    who = tuple(sorted(map(shown, readers)))
    return Finding(
        object=str(relation.name),
        message=f"{', '.join(columns)}: open to {', '.join(who)}",
        severity=Severity.WARNING if readers <= {"authenticated"} else Severity.ERROR,
        evidence=(catalog("columns", columns), catalog("may read them", who)),
        advice="take SELECT away and grant it on the other columns alone, or keep secrets in a table apart",
    )


def _readers(db: Snapshot, relation: Table | View, column: Column) -> frozenset[str]:
    """Who of all the world may read a column that is secret, in every row."""
    if not is_secret(column):
        return frozenset()
    grants = (*relation.grants, *column.grants)
    holders = {grant.grantee for grant in grants if grant.privilege == "SELECT"} & OPEN_ROLES
    readers = {role for role in holders if may_enter(db, role, relation.name.schema)}
    if isinstance(relation, View):
        return frozenset(readers if not is_invoker(relation) else ())
    if not relation.row_security:
        return frozenset(readers)
    let_in = (governed(policy, readers) for policy in relation.policies if _lets_all_in(db, relation, policy))
    return frozenset(role for whom in let_in for role in whom - bypassing(db)) & OPEN_ROLES


def _lets_all_in(db: Snapshot, table: Table, policy: Policy) -> bool:
    if not policy.permissive or not covers(policy, "select") or restricted(table, policy, "select"):
        return False
    required = {column.name for column in table.columns if column.not_null}
    return policy.using is not None and is_always_true(policy.using, required, saying_true(db))
