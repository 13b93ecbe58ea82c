"""Several policies that the server must try for the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError, parse_expression, value_list, value_of
from pgrefit.rules._access import API_ROLES, EVERYBODY, bound_holders, covers, memberships, secured, share_roles
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._names import words
from pgrefit.rules.security._policies import COMMANDS, PRIVILEGED, PRIVILEGES, seen_by, written_by
from pgrefit.rules.security._truth import constant, printed


@rule(
    code="SEC012",
    title="Overlapping policies",
    why=(
        "Permissive policies are joined by OR: for each row the server tries one after the other, and an index that"
        " would serve one condition seldom serves them all. One policy with one condition is also easier to judge."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text, readers text[]);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE POLICY shared ON letter FOR SELECT USING (current_user = ANY (readers));
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text, readers text[], kind text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY open ON letter FOR SELECT USING (true);
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE POLICY monitor ON letter FOR DELETE TO pg_monitor USING (kind = 'log');
        CREATE TABLE object (id int PRIMARY KEY, bucket text, owner text);
        ALTER TABLE object ENABLE ROW LEVEL SECURITY;
        CREATE POLICY pictures ON object FOR SELECT USING (bucket = 'pictures' AND owner = current_user);
        CREATE POLICY sounds ON object FOR SELECT USING (bucket = 'sounds' AND owner = session_user);
        CREATE POLICY bounds ON object AS RESTRICTIVE FOR SELECT USING (owner <> 'nobody');
    """,
)
def overlapping_policies(observation: Observation) -> Iterator[Finding]:
    """For each table, the policies of which more than one is tried for a command of one role.

    Conditions that are constant cost nothing, and those that begin with other values of the same column (of a table
    that keeps several kinds of things) do not meet.
    """
    rows = {t.table: t.rows for t in observation.statistics.tables}
    db = observation.snapshot
    for table in secured(db):
        found = {command: policies for command in COMMANDS if (policies := _overlapping(db, table, command))}
        if found:
            names = sorted({policy for policies in found.values() for policy in policies})
            yield Finding(
                object=str(table.name),
                message=f"{len(names)} policies are tried for the same rows ({', '.join(found)})",
                severity=Severity.INFO,
                evidence=(
                    *(catalog(f"tried for {command}", policies) for command, policies in found.items()),
                    statistic("rows", rows.get(table.name, -1)),
                ),
                advice="join their conditions by OR in one policy, or limit each to the role that it is for",
            )


def _overlapping(db: Snapshot, table: Table, command: str) -> tuple[str, ...]:
    tried = [(p, c) for p in table.policies if p.permissive and covers(p, command) and (c := _varying(p, command))]
    met: dict[str, None] = {}
    for (one, mine), (other, theirs) in combinations(tried, 2):
        if _same_people(db, table, command, one, other) and mine != theirs and not _apart(mine, theirs):
            met |= {one.name: None, other.name: None}
    return tuple(met)


def _same_people(db: Snapshot, table: Table, command: str, one: Policy, other: Policy) -> bool:
    """Whether more than a few are subject to both.

    A policy for one role beside that for everybody is an overlap where that role is the application's: one that holds
    the privilege itself and does not administer. Who is a member of a role is subject to its policies.
    """
    named = set(one.roles) | set(other.roles)
    if share_roles(one, other) and ((one.roles and other.roles) or not named or named & API_ROLES):
        return True
    holders = bound_holders(db, table, {PRIVILEGES[command]}) - {EVERYBODY}
    return any(_is_subject(db, r, one) and _is_subject(db, r, other) for r in holders if not PRIVILEGED & set(words(r)))


def _is_subject(db: Snapshot, role: str, policy: Policy) -> bool:
    return not policy.roles or bool({role, *memberships(db, role)} & set(policy.roles))


def _varying(policy: Policy, command: str) -> Expression | None:
    """What is tested for the command, unless it is constant."""
    condition = seen_by(policy, command) or written_by(policy, command)
    if condition is None:
        return None
    try:
        node = value_of(parse_expression(condition))
    except UnreadableError:
        return None
    return None if constant(node) else condition


def _apart(one: Expression, other: Expression) -> bool:
    """Whether no row can meet both: they want different values of one column."""
    mine, theirs = dict(_wanted(one)), dict(_wanted(other))
    return any(not mine[column] & theirs[column] for column in mine.keys() & theirs.keys())


def _wanted(condition: Expression) -> Iterator[tuple[str, frozenset[str]]]:
    node = value_of(parse_expression(condition))
    parts = list(node.bool_expr.args) if node.HasField("bool_expr") and node.bool_expr.boolop == pb.AND_EXPR else [node]
    for part in parts:
        found = value_list(printed(part))
        if found:
            yield found[0], frozenset(found[1])
