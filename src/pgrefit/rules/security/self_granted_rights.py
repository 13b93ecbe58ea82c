"""A column that says what somebody may do, and that they may write themselves."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Policy, Snapshot, Table
from pgrefit.model.sql_tree import is_readable, parse_expression
from pgrefit.rules._access import bypassing, covers, governed, restricted, secured, shown
from pgrefit.rules._ask import catalog
from pgrefit.rules._languages import english
from pgrefit.rules._names import words
from pgrefit.rules._trees import Tree
from pgrefit.rules.security._policies import columns_of_asker, seen_to

RIGHTS = frozenset({
    "admin", "administrator", "moderator", "permission", "permissions", "privilege", "privileges", "role", "roles",
    "superadmin", "superuser",
})  # fmt: skip
PAIRS = frozenset({("access", "level"), ("user", "level"), ("user", "type"), ("is", "staff")})
PEOPLE = frozenset({"employee", "login", "member", "person", "profile", "user", "username"})  # not a tenant
MOST_KINDS = 12


@rule(
    code="SEC030",
    title="Rights that their holder may write",
    why=(
        "A policy that lets everybody change their own row lets them change every column of it that they hold UPDATE"
        " on: whoever sets their own role is an administrator after one request."
    ),
    example="""
        CREATE TABLE profile (id text PRIMARY KEY, name text, role text NOT NULL CHECK (role IN ('user', 'admin')));
        ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON profile FOR UPDATE USING (id = current_user);
        GRANT SELECT, UPDATE ON profile TO pg_monitor;
    """,
    clean="""
        CREATE TABLE profile (id text PRIMARY KEY, name text, role text NOT NULL CHECK (role IN ('user', 'admin')));
        ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON profile FOR UPDATE USING (id = current_user);
        GRANT SELECT, UPDATE (name) ON profile TO pg_monitor;
        CREATE TABLE contact (id int PRIMARY KEY, owner text, role text CHECK (role IN ('buyer', 'seller')));
        ALTER TABLE contact ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON contact FOR UPDATE USING (owner = current_user);
        GRANT SELECT, UPDATE ON contact TO pg_monitor;
        CREATE TABLE member (id text PRIMARY KEY, is_admin boolean NOT NULL);
        ALTER TABLE member ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON member FOR UPDATE USING (id = current_user)
            WITH CHECK (id = current_user AND NOT is_admin);
        GRANT SELECT, UPDATE ON member TO pg_monitor;
    """,
)
def self_granted_rights(observation: Observation) -> Iterator[Finding]:
    """Columns named after rights, of few values, in rows of which each role has its own and may change it.

    Not where WITH CHECK or a trigger before the change looks at the column.
    """
    db = observation.snapshot
    for table in secured(db):
        columns = [column for column in table.columns if _is_right(observation, table, column)]
        for policy in table.policies if columns else ():
            held = (
                {c.name: who for c in columns if (who := _writers(db, table, policy, c))} if _own(policy, table) else {}
            )
            if held:
                yield _finding(table, policy, held)
                break


def _finding(table: Table, policy: Policy, held: dict[str, frozenset[str]]) -> Finding:
    who = ", ".join(sorted(map(shown, frozenset[str]().union(*held.values()))))
    return Finding(
        object=str(table.name),
        message=f"{who} may set {', '.join(held)} in the row that policy {policy.name} takes for their own",
        severity=Severity.WARNING,
        evidence=(catalog("columns", tuple(held)), catalog("policy", policy.name), catalog("may write them", who)),
        advice="REVOKE UPDATE, and grant it on the other columns; or let WITH CHECK, or a trigger, hold the old value",
    )


def _is_right(observation: Observation, table: Table, column: Column) -> bool:
    known = [parts for parts in (words(column.name), english(column.name)) if parts]
    if not any(parts[-1] in RIGHTS or parts[-2:] in PAIRS for parts in known):
        return False
    seen = observation.statistics.table(table.name).column(column.name)
    checked = any(column.name in check.columns for check in table.checks)
    return checked or column.type != "text" or (seen is not None and 0 < seen.distinct <= MOST_KINDS)


def _own(policy: Policy, table: Table) -> bool:
    """Whether it lets a role change the rows whose key, or part of it, is the role's own."""
    if not policy.permissive or not covers(policy, "update") or not policy.using or not is_readable(policy.using):
        return False
    whose = set(columns_of_asker(policy.using))
    people = {name for name in whose if PEOPLE & {*words(name), *english(name)}}
    keys = [set(index.columns) for index in table.indexes if index.unique]
    own = any(key <= whose or key & people for key in keys)
    return own and not restricted(table, policy, "update")


def _writers(db: Snapshot, table: Table, policy: Policy, column: Column) -> frozenset[str]:
    grants = (*table.grants, *column.grants)
    holders = {g.grantee for g in grants if g.privilege == "UPDATE"} - {table.owner} - bypassing(db)
    who = governed(policy, holders)
    if not who or _looks_at(policy, column.name) or seen_to(db, table, column.name, "update"):
        return frozenset()
    return who


def _looks_at(policy: Policy, column: str) -> bool:
    """Whether what is written is tested for the column, by whatever it is."""
    condition = policy.check
    if condition is None or not is_readable(condition):
        return False
    named = Tree(parse_expression(condition)).all(pb.ColumnRef)
    return any(reference.fields and reference.fields[-1].string.sval == column for reference in named)
