"""TRUNCATE for roles that see only their own rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import API_ROLES, bound_holders, covers, governed, secured, shown
from pgrefit.rules._ask import catalog
from pgrefit.rules.security._truth import is_always_true, saying_true

TRUNCATE = "TRUNCATE"
PAST = {  # the privileges that no policy is asked for: what they let a role do, and what to do about it
    TRUNCATE: ("TRUNCATE {}, past all policies", "REVOKE TRUNCATE ON … FROM those roles: DELETE asks the policies"),
    "TRIGGER": (
        "make triggers on {}, which run for other roles' rows with their rights",
        "REVOKE TRIGGER ON … FROM those roles: who owns the table makes its triggers",
    ),
}


@rule(
    code="SEC029",
    title="TRUNCATE past row security",
    why=(
        "No policy is asked for TRUNCATE. A role that may delete its own rows alone empties the table for everybody,"
        " and no trigger for single rows notices."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        GRANT SELECT, DELETE, TRUNCATE ON letter TO pg_monitor;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE POLICY cleaning ON letter TO pg_signal_backend USING (true);
        GRANT SELECT, DELETE ON letter TO pg_monitor;
        GRANT SELECT, DELETE, TRUNCATE ON letter TO pg_signal_backend;
        CREATE TABLE input (id int PRIMARY KEY);
        GRANT TRUNCATE ON input TO pg_monitor;
    """,
)
def truncate_past_row_security(observation: Observation) -> Iterator[Finding]:
    """Tables with policies that a role may empty, or put triggers on, which may not delete every row; told by schema.

    What the roles of an API were given with everything that was made is left out: no API has such a request.
    """
    db = observation.snapshot
    for privilege in PAST:
        found: defaultdict[str, dict[Table, frozenset[str]]] = defaultdict(dict)
        for table in secured(db):
            holders = _holders(db, table, privilege) if table.policies else frozenset[str]()
            if holders:
                found[table.name.schema][table] = holders
        for schema, tables in found.items():
            yield _finding(schema, tables, privilege)


def _finding(schema: str, tables: dict[Table, frozenset[str]], privilege: str) -> Finding:
    who = tuple(sorted(map(shown, frozenset[str]().union(*tables.values()))))
    names = tuple(str(table.name) for table in tables)
    what = "it" if len(names) == 1 else f"{len(names)} tables"
    may, advice = PAST[privilege]
    return Finding(
        object=names[0] if len(names) == 1 else dotted(schema),
        message=f"{', '.join(who)} may {may.format(what)}",
        severity=Severity.WARNING,
        evidence=(catalog("tables", names), catalog(f"hold {privilege}", who)),
        advice=advice,
    )


def _holders(db: Snapshot, table: Table, privilege: str) -> frozenset[str]:
    """Bound roles that hold it, but for those that a policy lets delete every row, and whom a graver one names."""
    holders = bound_holders(db, table, {privilege})
    if not holders:
        return holders
    required = {column.name for column in table.columns if column.not_null}
    free = (
        governed(policy, holders)
        for policy in table.policies
        if policy.permissive and covers(policy, "delete") and policy.using
        and is_always_true(policy.using, required, saying_true(db))
    )  # fmt: skip
    graver = bound_holders(db, table, {TRUNCATE}) if privilege != TRUNCATE else frozenset[str]()
    return holders - frozenset[str]().union(*free) - graver - _by_default(db, table.name.schema, privilege)


def _by_default(db: Snapshot, schema: str, privilege: str) -> frozenset[str]:
    return frozenset(
        grant.grantee
        for grant in db.default_grants
        if grant.grantee in API_ROLES and grant.privilege == privilege and grant.schema in {"", schema}
    )
