"""Policies that apply to nobody who uses the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Role, Snapshot, Table
from pgrefit.model.sql_tree import is_readable
from pgrefit.rules._access import READS, WRITES, bound_holders, bypassing, memberships, roles, secured
from pgrefit.rules._ask import catalog
from pgrefit.rules.security._policies import columns_of_asker


def _owned_by_a_login(observation: Observation) -> Observation:
    """As where the application logs in as the owner of its tables."""
    db = observation.snapshot
    tables = tuple(replace(table, owner="shop") for table in db.tables)
    login = Role(name="shop", can_login=True)
    return replace(observation, snapshot=replace(db, tables=tables, roles=(*db.roles, login)))


@rule(
    code="SEC021",
    title="Row security that binds nobody",
    why=(
        "Policies do not apply to the owner of a table, unless row security is forced, nor to roles that bypass it. The"
        " only roles that may use the table are such: the policies protect nothing, and look as if they did."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_setting('app.user'));
    """,
    given=_owned_by_a_login,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_setting('app.user'));
        GRANT SELECT ON letter TO pg_monitor;
        CREATE TABLE note (id int PRIMARY KEY, owner text);
        ALTER TABLE note ENABLE ROW LEVEL SECURITY;
        ALTER TABLE note FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON note USING (owner = current_setting('app.user'));
    """,
)
def row_security_binds_nobody(observation: Observation) -> Iterator[Finding]:
    """Tables with policies that none but roles which log in and pass them may use; told once for such roles.

    Where superusers alone may use a table nothing is said: nobody has been let in yet. A role that policies name, and
    that passes them as a member of the owner or by BYPASSRLS, is told as well.
    """
    db = observation.snapshot
    found: defaultdict[tuple[str, ...], list[Table]] = defaultdict(list)
    heirs: defaultdict[tuple[str, str], list[Table]] = defaultdict(list)
    bypasses: defaultdict[str, list[Table]] = defaultdict(list)
    for table in secured(db):
        for role in _heirs(db, table) if table.policies and table.partition_of is None else ():
            heirs[role, table.owner].append(table)
        for role in dict.fromkeys(_exempt(db, table)) if table.partition_of is None else ():
            bypasses[role].append(table)
        passing = _passing(db, table) if table.policies and table.partition_of is None else ()
        if passing and not bound_holders(db, table, READS | WRITES):
            found[passing].append(table)
    for passing, tables in found.items():
        yield Finding(
            object=f"role {', '.join(passing)}",
            message=f"passes the policies of {len(tables)} tables, which nobody else may use",
            severity=Severity.WARNING,
            evidence=(
                catalog("tables", tuple(str(table.name) for table in tables)),
                catalog("bypasses row security", tuple(name for name in passing if name in bypassing(db))),
            ),
            advice="let the application log in as a role that owns nothing and has no BYPASSRLS, or ALTER TABLE …"
            " FORCE ROW LEVEL SECURITY",
        )
    for role, tables in bypasses.items():
        yield _of_bypassing(role, tables)
    for (role, owner), tables in heirs.items():
        yield _of_heir(role, owner, tables)


def _of_bypassing(role: str, tables: list[Table]) -> Finding:
    return Finding(
        object=f"role {role}",
        message=f"has BYPASSRLS, and so passes the policies of {len(tables)} tables that show it certain rows",
        severity=Severity.WARNING,
        evidence=(catalog("tables", tuple(str(table.name) for table in tables)),),
        advice=f"ALTER ROLE {role} NOBYPASSRLS, or drop the policies that are written for it",
    )


def _exempt(db: Snapshot, table: Table) -> Iterator[str]:
    """Roles that bypass row security, and to which a policy shows certain rows all the same."""
    for policy in table.policies:
        narrow = policy.using is not None and is_readable(policy.using) and columns_of_asker(policy.using)
        for role in set(policy.roles) & bypassing(db) if narrow else ():
            if role in roles(db) and not roles(db)[role].superuser:
                yield role


def _of_heir(role: str, owner: str, tables: list[Table]) -> Finding:
    return Finding(
        object=f"role {role}",
        message=f"passes the policies of {len(tables)} tables that are meant for it: it is a member of {owner}, their"
        " owner",
        severity=Severity.WARNING,
        evidence=(catalog("tables", tuple(str(table.name) for table in tables)), catalog("member of", owner)),
        advice=f"REVOKE {owner} FROM {role}, GRANT it WITH INHERIT FALSE, or ALTER TABLE … FORCE ROW LEVEL SECURITY",
    )


def _heirs(db: Snapshot, table: Table) -> tuple[str, ...]:
    """Roles that policies name, and that pass them as members of the owner, whose rights they have."""
    named = {role for policy in table.policies for role in policy.roles} - bypassing(db) - {table.owner}
    return () if table.force_row_security else tuple(r for r in sorted(named) if table.owner in memberships(db, r))


def _passing(db: Snapshot, table: Table) -> tuple[str, ...]:
    """Roles that are no superusers, log in, may use the table and that its policies do not apply to."""
    users = {grant.grantee for grant in table.grants if grant.privilege in READS | WRITES} | {table.owner}
    logins = (roles(db)[name] for name in users if name in roles(db))
    exempt = (r.name for r in logins if r.can_login and not r.superuser
              and (r.bypass_rls or (r.name == table.owner and not table.force_row_security)))  # fmt: skip
    return tuple(sorted(exempt))
