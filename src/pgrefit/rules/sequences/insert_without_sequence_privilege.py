"""A role that may insert into a table, but may not take a number from the sequence of its default."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.grant_privileges import GrantPrivileges
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Role, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._sequences import Draw, draws

PUBLIC = ""
TAKES = {"USAGE", "UPDATE"}
WRITES_ALL = "pg_write_all_data"


@rule(
    code="SEQ006",
    title="INSERT granted without the sequence",
    why=(
        "The privilege on the table does not reach to the sequence of its default: each INSERT of that role fails with"
        " “permission denied for sequence”, unless it brings a number of its own."
    ),
    example="""
        CREATE TABLE guest (id serial PRIMARY KEY, name text);
        GRANT SELECT, INSERT ON guest TO PUBLIC;
    """,
    clean="""
        CREATE TABLE guest (id serial PRIMARY KEY, name text);
        GRANT SELECT, INSERT ON guest TO PUBLIC;
        GRANT USAGE ON SEQUENCE guest_id_seq TO PUBLIC;
        CREATE TABLE visitor (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
        GRANT INSERT (name) ON visitor TO PUBLIC;
        CREATE TABLE member (id serial PRIMARY KEY, name text);
        GRANT SELECT ON member TO PUBLIC;
        GRANT INSERT ON member TO pg_write_all_data;
    """,
)
def insert_without_sequence_privilege(observation: Observation) -> Iterator[Finding]:
    """Defaults with nextval() of tables into which roles may insert that may not use the sequence."""
    roles = {role.name: role for role in observation.snapshot.roles}
    for draw in draws(observation.snapshot):
        refused = () if draw.column.identity else tuple(sorted(_refused(draw, roles)))
        if refused:
            everybody = PUBLIC in refused
            yield Finding(
                object=str(draw.sequence.name),
                message=f"may not be used by {'everybody' if everybody else ', '.join(refused)}, who may insert into"
                f" {draw.table.name}",
                severity=Severity.WARNING,
                evidence=(
                    catalog("roles that may insert and not take a number",
                            tuple(role or "PUBLIC" for role in refused)),
                    catalog("default", str(draw.column.default)),
                ),
                remedy=(GrantPrivileges(on=draw.sequence.name, kind="sequence", privileges=("usage",),
                                        roles=tuple(role or "public" for role in refused)),),
            )  # fmt: skip


def _refused(draw: Draw, roles: dict[str, Role]) -> Iterator[str]:
    allowed = {draw.sequence.owner, *(g.grantee for g in draw.sequence.grants if g.privilege in TAKES)}
    for name in _inserters(draw.table) - allowed if PUBLIC not in allowed else ():
        role = roles.get(name)
        known = name == PUBLIC or role is not None
        if known and not (role and role.superuser) and not _groups(name, roles) & {*allowed, WRITES_ALL}:
            yield name


def _inserters(table: Table) -> set[str]:
    grants = [*table.grants, *(grant for column in table.columns for grant in column.grants)]
    return {grant.grantee for grant in grants if grant.privilege == "INSERT"} - {table.owner}


def _groups(name: str, roles: dict[str, Role]) -> set[str]:
    """The roles whose privileges it has: its own, and those of all roles that it is a member of."""
    found: set[str] = set()
    left = [name]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left.extend(roles[one].member_of if one in roles else ())
    return found
