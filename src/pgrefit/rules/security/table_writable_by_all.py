"""A table that every role may write to."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.revoke_privileges import RevokePrivileges
from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import EVERYBODY, is_users, may_enter, secured
from pgrefit.rules._ask import catalog, statistic

WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")


@rule(
    code="SEC026",
    title="Table that everybody may write to",
    why=(
        "What is granted to PUBLIC is granted to every role there is and will be, a read-only or a monitoring login"
        " among them: each may change or empty the table."
    ),
    example="""
        CREATE TABLE price (id int PRIMARY KEY, amount int);
        GRANT SELECT, UPDATE ON price TO PUBLIC;
    """,
    clean="""
        CREATE TABLE price (id int PRIMARY KEY, amount int);
        GRANT SELECT ON price TO PUBLIC;
        GRANT SELECT, UPDATE ON price TO pg_monitor;
        CREATE SCHEMA shut;
        CREATE TABLE shut.price (id int PRIMARY KEY, amount int);
        GRANT UPDATE ON shut.price TO PUBLIC;
    """,
)
def table_writable_by_all(observation: Observation) -> Iterator[Finding]:
    """Tables without row security on which PUBLIC holds a privilege to write, in schemas that it may look up.

    Where other tables of the schema have row security, table-without-row-security tells it.
    """
    db = observation.snapshot
    for table in db.tables:
        held = tuple(p for p in WRITES if any(g.grantee == EVERYBODY and g.privilege == p for g in table.grants))
        if held and _is_open(db, table):
            yield Finding(
                object=str(table.name),
                message=f"every role may {', '.join(held)}",
                severity=Severity.WARNING,
                evidence=(catalog("granted to PUBLIC", held), statistic("rows", observation.rows(table.name))),
                remedy=(RevokePrivileges(kind="table", on=table.name, privileges=tuple(p.lower() for p in held),
                                         roles=("public",)),),
            )  # fmt: skip


def _is_open(db: Snapshot, table: Table) -> bool:
    told = table.name.schema in _guarded(db) or table.partition_of is not None or table.row_security
    return not told and is_users(db, table) and may_enter(db, EVERYBODY, table.name.schema)


@lookup.remembered
def _guarded(db: Snapshot) -> frozenset[str]:
    return frozenset(table.name.schema for table in secured(db))
