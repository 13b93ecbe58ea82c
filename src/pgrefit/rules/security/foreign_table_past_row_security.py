"""A foreign table in reach of roles that row security keeps to their own rows elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._access import OPEN_ROLES, READS, WRITES, bound_holders, is_users, secured, shown
from pgrefit.rules._ask import catalog


@rule(
    code="SEC027",
    title="Foreign table that no policy guards",
    why=(
        "A foreign table cannot have row security: whoever may read it sees every row of the other server that its user"
        " mapping sees, though the same roles see only their own rows in the tables beside it."
    ),
    example="""
        CREATE FOREIGN DATA WRAPPER far;
        CREATE SERVER far FOREIGN DATA WRAPPER far;
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE FOREIGN TABLE parcel (id int, owner text) SERVER far;
        GRANT SELECT ON letter, parcel TO PUBLIC;
    """,
    clean="""
        CREATE FOREIGN DATA WRAPPER far;
        CREATE SERVER far FOREIGN DATA WRAPPER far;
        CREATE TABLE letter (id int PRIMARY KEY, owner text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        GRANT SELECT ON letter TO PUBLIC;
        CREATE FOREIGN TABLE parcel (id int, owner text) SERVER far;
        CREATE FOREIGN TABLE stamp (id int, owner text) SERVER far;
        GRANT SELECT ON stamp TO pg_monitor;
    """,
)
def foreign_table_past_row_security(observation: Observation) -> Iterator[Finding]:
    """Foreign tables that roles may use who are bound by row security on other tables."""
    db = observation.snapshot
    for table in db.tables:
        if table.kind == "foreign table" and is_users(db, table):
            bound = bound_holders(db, table, READS | WRITES) & _bound(db)
            if bound:
                yield Finding(
                    object=str(table.name),
                    message=f"{', '.join(sorted(map(shown, bound)))} may use all its rows: no policy can guard it",
                    severity=Severity.WARNING if bound & OPEN_ROLES else Severity.INFO,
                    evidence=(catalog("may use it", tuple(sorted(map(shown, bound)))),),
                    advice="take the privileges away, and let them ask through a view or function that filters",
                )


@lookup.remembered
def _bound(db: Snapshot) -> frozenset[str]:
    """Who uses tables with row security and is held to it."""
    return frozenset(role for table in secured(db) for role in bound_holders(db, table, READS | WRITES))
