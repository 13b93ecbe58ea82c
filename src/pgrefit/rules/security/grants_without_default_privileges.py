"""Privileges on all tables of a schema, and none on the next one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import DefaultGrant, Snapshot, Table
from pgrefit.rules._access import OPEN_ROLES, bound_holders
from pgrefit.rules._ask import catalog
from pgrefit.rules._families import tables_by_schema

READS = frozenset({"SELECT"})
ENOUGH_TABLES = 3


@rule(
    code="SEC031",
    title="Privileges that the next table will lack",
    why=(
        "GRANT is about the tables that are there. The one that the next migration makes is refused to the role that"
        " uses all the others, and nothing tells before the first query fails."
    ),
    example="""
        CREATE SCHEMA shop;
        CREATE TABLE shop.a (id int PRIMARY KEY); CREATE TABLE shop.b (id int PRIMARY KEY);
        CREATE TABLE shop.c (id int PRIMARY KEY); CREATE TABLE shop.d (id int PRIMARY KEY);
        CREATE TABLE shop.e (id int PRIMARY KEY);
        GRANT USAGE ON SCHEMA shop TO pg_monitor;
        GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA shop TO pg_monitor;
    """,
    clean="""
        CREATE SCHEMA shop;
        CREATE TABLE shop.a (id int PRIMARY KEY); CREATE TABLE shop.b (id int PRIMARY KEY);
        CREATE TABLE shop.c (id int PRIMARY KEY); CREATE TABLE shop.d (id int PRIMARY KEY);
        CREATE TABLE shop.e (id int PRIMARY KEY);
        GRANT USAGE ON SCHEMA shop TO pg_monitor, pg_signal_backend;
        GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA shop TO pg_monitor;
        GRANT SELECT ON shop.a, shop.b TO pg_signal_backend;
        ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT, INSERT ON TABLES TO pg_monitor;
    """,
)
def grants_without_default_privileges(observation: Observation) -> Iterator[Finding]:
    """Schemas of which a role may read every table of their owner, who has no default privileges there for anybody.

    The roles of an API are left out: what is shown to the world is granted one by one on purpose.

    And such whose default privileges are another role's, that has made none of the tables.
    """
    db = observation.snapshot
    for schema, found in tables_by_schema(observation).items():
        owner = Counter(table.owner for table in found).most_common(1)[0][0]
        given = [g for g in db.default_grants if g.kind == "table" and g.schema in {"", schema}]
        if not any(grant.role == owner for grant in given):
            yield from _lacking(db, schema, [table for table in found if table.owner == owner], given)


def _lacking(db: Snapshot, schema: str, found: list[Table], given: list[DefaultGrant]) -> Iterator[Finding]:
    """Of the tables of one owner."""
    readers = bound_holders(db, found[0], READS) - OPEN_ROLES
    for table in found[1:]:
        readers &= bound_holders(db, table, READS) if readers else readers
    owner = found[0].owner
    makers = {table.owner for table in db.tables if table.name.schema == schema}
    elsewhere = [
        grant for grant in given if grant.schema == schema and grant.grantee in readers and grant.role not in makers
    ]
    if elsewhere:
        said = f"its default privileges are those of {elsewhere[0].role}, which owns no table there: {owner} makes them"
        yield _finding(schema, said, tuple(sorted({grant.grantee for grant in elsewhere})), owner)
    elif readers and len(found) >= ENOUGH_TABLES and not given:
        who = tuple(sorted(readers))
        yield _finding(
            schema, f"{', '.join(who)} may use all tables that {owner} made, and not the next one", who, owner
        )


def _finding(schema: str, said: str, who: tuple[str, ...], owner: str) -> Finding:
    return Finding(
        object=dotted(schema),
        message=said,
        severity=Severity.INFO,
        evidence=(catalog("granted table by table to", who), catalog("owner of the tables", owner)),
        advice=f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA … GRANT … ON TABLES TO those roles",
    )
