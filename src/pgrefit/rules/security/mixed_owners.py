"""Tables that belong to another role than their neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import memberships, roles, schema_owners
from pgrefit.rules._ask import catalog
from pgrefit.rules._families import tables_by_schema

FEW = 0.2  # share of the tables of a schema that may look like an accident
ENOUGH_TABLES = 5


@rule(
    code="SEC017",
    title="Tables of another owner",
    why=(
        "Only its owner may alter a table. One that somebody made under another role stops the next migration with"
        " “must be owner of table”, and default privileges were not applied to it."
    ),
    example="""
        CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);
        CREATE TABLE d (id int PRIMARY KEY); CREATE TABLE e (id int PRIMARY KEY);
        ALTER TABLE e OWNER TO pg_monitor;
    """,
    clean="""
        CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);
        CREATE TABLE d (id int PRIMARY KEY); CREATE TABLE e (id int PRIMARY KEY); CREATE TABLE f (id int PRIMARY KEY);
        ALTER TABLE d OWNER TO pg_monitor;
        ALTER TABLE e OWNER TO pg_monitor;
        ALTER TABLE f OWNER TO pg_monitor;
        CREATE SCHEMA monitor;
        CREATE TABLE monitor.g (id int PRIMARY KEY);
        ALTER TABLE monitor.g OWNER TO pg_monitor;
    """,
)
def mixed_owners(observation: Observation) -> Iterator[Finding]:
    """Schemas of which few tables have another owner than all the rest, and whose role cannot act for that owner.

    In a schema that belongs to a role of its own, it need not be few; all may be another's, a login or superuser.
    """
    db = observation.snapshot
    for schema, found in tables_by_schema(observation).items():
        owners = Counter(table.owner for table in found)
        usual, count = max(owners.items(), key=lambda each: (each[1], each[0] == schema_owners(db).get(schema)))
        able = {usual} | memberships(db, usual)
        odd = [table for table in found if table.owner not in able]
        few = len(found) >= ENOUGH_TABLES and count >= (1 - FEW) * len(found)
        if odd and (few or (count >= len(odd) and _is_home(db, schema, usual))):
            yield Finding(
                object=dotted(schema),
                message=f"{len(odd)} of {len(found)} tables do not belong to {usual}, as the others do",
                severity=Severity.INFO,
                evidence=tuple(catalog(f"owned by {owner}", tuple(str(t.name) for t in odd if t.owner == owner))
                               for owner in sorted({table.owner for table in odd})),
                advice=f"ALTER TABLE … OWNER TO {usual}, unless it is meant to be so",
            )  # fmt: skip
        else:
            yield from _in_another_home(db, schema, found)


def _in_another_home(db: Snapshot, schema: str, found: list[Table]) -> Iterator[Finding]:
    """All tables of a login or superuser, in a schema that another role made, which has tables of its own elsewhere."""
    home = schema_owners(db).get(schema, "")
    owner = roles(db).get(found[0].owner)
    lodger = owner is not None and (owner.can_login or owner.superuser) and owner.name != home
    makes_tables = _is_home(db, schema, home) and any(table.owner == home for table in db.tables)
    related = home in memberships(db, found[0].owner) or found[0].owner in memberships(db, home)
    if lodger and makes_tables and not related and all(table.owner == found[0].owner for table in found):
        yield Finding(
            object=dotted(schema),
            message=f"belongs to {home}, and its tables to {found[0].owner}",
            severity=Severity.INFO,
            evidence=(catalog(f"owned by {found[0].owner}", tuple(str(table.name) for table in found)),),
            advice=f"ALTER TABLE … OWNER TO {home}, and grant {found[0].owner} what it needs",
        )


def _is_home(db: Snapshot, schema: str, usual: str) -> bool:
    """Whether the schema belongs to that owner, and was made for it."""
    role = roles(db).get(usual)
    return schema_owners(db).get(schema) == usual and role is not None and not role.superuser
