"""A policy that lets everybody write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.rules._access import (
    EVERYBODY,
    OPEN_ROLES,
    bound_holders,
    bypassing,
    covers,
    governed,
    is_granted,
    restricted,
    secured,
    shown,
)
from pgrefit.rules._ask import catalog
from pgrefit.rules._names import words
from pgrefit.rules.security._membership import of_anything
from pgrefit.rules.security._mistakes import compared_with_itself, forgotten, open_to_any_login, open_when_unset
from pgrefit.rules.security._policies import PRIVILEGED, PRIVILEGES, conditions, seen_by, seen_to, written_by
from pgrefit.rules.security._truth import either_of, is_always_true, saying_true

ANONYMOUS = OPEN_ROLES - {"authenticated"}
WHOEVER = "whoever is granted it"  # where nothing is granted yet


@dataclass(frozen=True, slots=True)
class Hole:
    """What a policy lets through, and how bad that is."""

    policy: str
    says: str
    severity: Severity


@rule(
    code="SEC013",
    title="Policy that is always true",
    why=(
        "A permissive policy whose condition holds for every row takes row security back for its command: whoever holds"
        " the privilege may change or delete any row, or put rows in the name of another."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text NOT NULL);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        GRANT SELECT, UPDATE ON letter TO PUBLIC;
        CREATE POLICY own ON letter FOR SELECT USING (owner = current_user);
        CREATE POLICY edit ON letter FOR UPDATE USING (owner IS NOT NULL OR 1 = 1);
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text NOT NULL, tenant int);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        GRANT SELECT, INSERT, UPDATE ON letter TO PUBLIC;
        GRANT DELETE ON letter TO pg_monitor;
        CREATE POLICY public ON letter FOR SELECT USING (true);
        CREATE POLICY own ON letter FOR INSERT WITH CHECK (owner = current_user);
        CREATE POLICY monitor ON letter FOR DELETE TO pg_monitor USING (true);
        CREATE POLICY anything ON letter FOR UPDATE USING (true);
        CREATE POLICY tenant ON letter AS RESTRICTIVE USING (tenant = current_setting('app.tenant')::int);
        CREATE TABLE inbox (id int PRIMARY KEY, body text);
        ALTER TABLE inbox ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON inbox TO PUBLIC;
        CREATE POLICY all_of_it ON inbox USING (true);
    """,
)
def policy_always_true(observation: Observation) -> Iterator[Finding]:
    """Permissive policies that hold for every row of what is written; reading may well be public.

    Conditions that hold by a slip count too: a column compared with itself, a setting that lets all through while it is
    not set, WITH CHECK that forgets whose the row is.

    Those for everybody, and those for a role that a policy of the table holds to certain rows: another one, as an
    administrator's, is let through on purpose, unless all are.
    """
    db = observation.snapshot
    for table in secured(db):
        found = [hole for policy in table.policies if policy.permissive for hole in _holes(db, table, policy)]
        if found:
            worst = max(found, key=lambda hole: hole.severity.rank)
            yield Finding(
                object=str(table.name),
                message=f"policy {worst.policy}: {worst.says}",
                severity=worst.severity,
                evidence=tuple(catalog(f"policy {hole.policy}", hole.says) for hole in found),
                advice="say in the condition whose rows they are, or restrict the policy to the roles that may do this",
            )


def _holes(db: Snapshot, table: Table, policy: Policy) -> Iterator[Hole]:
    for command in ("update", "delete", "insert"):
        whom = _concerned(db, table, policy, command)
        if whom and covers(policy, command) and not restricted(table, policy, command):
            hole = _hole(db, table, policy, command, whom)
            if hole:
                yield hole
                return  # the worst of a policy is enough
    yield from _slips(db, table, policy)
    if policy.command == "select":
        yield from _mistaken(db, table, policy)
        yield from _pointless(db, table, policy)


def _slips(db: Snapshot, table: Table, policy: Policy) -> Iterator[Hole]:
    """What a condition says by mistake, whoever may use the table."""
    for condition in dict.fromkeys(conditions(policy)):
        column = compared_with_itself(condition)
        if column:
            yield Hole(policy.name, f"compares {column} with itself, not with the row", Severity.ERROR)
        members = of_anything(db, table, condition)
        if members and not restricted(table, policy, policy.command):
            says = f"lets whoever has a row in {members[0]} see all rows: it does not compare {members[1]}"
            yield Hole(policy.name, says, Severity.WARNING)
        asked = open_when_unset(condition) if not restricted(table, policy, policy.command) else ""
        if asked:
            yield Hole(policy.name, f"lets every row through where {asked} is not set", Severity.WARNING)
    missing = forgotten(table, policy) if not restricted(table, policy, policy.command) else ()
    written = [name for name in missing if _may_be_written(db, table, policy, name)]
    if written:
        does = "insert rows in the name of another" if policy.command == "insert" else "give their rows to another"
        says = f"WITH CHECK does not ask whose {', '.join(written)} is: its roles may {does}"
        yield Hole(policy.name, says, Severity.WARNING)


def _may_be_written(db: Snapshot, table: Table, policy: Policy, column: str) -> bool:
    """Whether a role that the policy speaks of may set the column, and no trigger looks at it first."""
    privilege = "INSERT" if policy.command == "insert" else "UPDATE"
    grants = (*table.grants, *table.column(column).grants)
    holders = {grant.grantee for grant in grants if grant.privilege == privilege} - {table.owner} - bypassing(db)
    open_ = bool(governed(policy, holders)) or not is_granted(table)
    return open_ and not seen_to(db, table, column, privilege.lower())


def _concerned(db: Snapshot, table: Table, policy: Policy, command: str) -> frozenset[str]:
    """Roles to which the policy applies, that hold the privilege and are not meant to see every row.

    Where nobody holds any, grants are made elsewhere, as for a schema by itself: then all whom the policy speaks of.
    """
    holders = bound_holders(db, table, {PRIVILEGES[command]}) if is_granted(table) else frozenset({EVERYBODY})
    return (governed(policy, holders) - bypassing(db)) & (OPEN_ROLES | _narrowed(db, table))


def _narrowed(db: Snapshot, table: Table) -> frozenset[str]:
    """Roles that permissive policies name and show, or let write, certain rows only.

    Where no policy does so, row security is there for nothing: then all that are named, but those for administration.
    """
    permissive = [policy for policy in table.policies if policy.permissive]
    narrow = [
        policy for policy in permissive if any(_tells_rows_apart(db, table, e) for e in (policy.using, policy.check))
    ]
    roles = frozenset(role for policy in narrow or permissive for role in policy.roles)
    return roles if narrow else frozenset(role for role in roles if not PRIVILEGED & set(words(role)))


def _tells_rows_apart(db: Snapshot, table: Table, condition: Expression | None) -> bool:
    return condition is not None and condition != "false" and not _true(db, table, condition)


def _hole(db: Snapshot, table: Table, policy: Policy, command: str, whom: frozenset[str]) -> Hole | None:
    seen, written = seen_by(policy, command), written_by(policy, command)
    all_seen = seen is not None and _true(db, table, seen)
    all_written = written is not None and _true(db, table, written)
    granted = is_granted(table)
    who = ", ".join(sorted(map(shown, whom))) if granted else WHOEVER
    worst = Severity.ERROR if granted and whom & ANONYMOUS else Severity.WARNING
    if command == "insert" and all_written:
        named = _tells_apart(db, table, policy)
        says = f"{who} may insert any row" + (", also in the name of another" if named else "")
        return Hole(policy.name, says, Severity.WARNING if named else Severity.INFO)
    if command == "delete" and all_seen:
        return Hole(policy.name, f"{who} may delete any row", worst)
    if command == "update" and all_seen:
        return Hole(policy.name, f"{who} may change any row", worst)
    if command == "update" and seen is not None and all_written:
        return Hole(policy.name, f"{who} may give away the rows that they may change", Severity.WARNING)
    return None


def _tells_apart(db: Snapshot, table: Table, policy: Policy) -> bool:
    """Whether another policy of the table looks at the row."""
    others = (e for p in table.policies if p is not policy for e in (p.using, p.check) if e is not None)
    return any(_tells_rows_apart(db, table, condition) for condition in others)


def _mistaken(db: Snapshot, table: Table, policy: Policy) -> Iterator[Hole]:
    """A policy for reading that tells rows apart in one part, and lets all of them through by another."""
    if policy.using is None or restricted(table, policy, "select") or not _true(db, table, policy.using):
        return
    arms = either_of(policy.using)
    if arms and not all(_true(db, table, arm) for arm in arms):
        yield Hole(policy.name, "shows every row, whatever the rest of it says", Severity.WARNING)


def _pointless(db: Snapshot, table: Table, policy: Policy) -> Iterator[Hole]:
    """A policy for reading that leaves narrower ones for the same roles without effect."""
    if policy.using is None or not _true(db, table, policy.using):
        return
    for other in table.policies:
        inside = not policy.roles or (bool(other.roles) and set(other.roles) <= set(policy.roles))
        narrower = other.using is not None and not _true(db, table, other.using)
        if other.permissive and other.command == "select" and inside and narrower:
            yield Hole(policy.name, f"leaves policy {other.name} without effect", Severity.WARNING)


def _true(db: Snapshot, table: Table, condition: Expression) -> bool:
    """Whether it holds for each row, be it for whoever is logged in."""
    required = {column.name for column in table.columns if column.not_null}
    return is_always_true(condition, required, saying_true(db)) or open_to_any_login(condition)
