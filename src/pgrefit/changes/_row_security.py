"""Row security policies: how they are made, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot

from . import _proof as proof
from ._batches import literals
from ._locks import strongest
from ._reading import reads, unreadable

LETTERS = {"all": "*", "select": "r", "insert": "a", "update": "w", "delete": "d"}
READS_ROWS = frozenset({"select", "delete"})


def find_policy(db: Snapshot, table: Relation, name: str) -> Policy | None:
    """The table's policy of that name, or None."""
    found = db.find_table(table)
    return next((policy for policy in found.policies if policy.name == name), None) if found else None


def unsound(table: Relation, policy: Policy) -> Iterator[Obstacle]:
    """What the server would refuse of a policy, whatever the table."""
    about = f"policy {policy.name} of {table}"
    if policy.command == "insert" and policy.using is not None:
        yield Obstacle(about, "is for INSERT, which has WITH CHECK alone")
    if policy.command in READS_ROWS and policy.check is not None:
        yield Obstacle(about, f"is for {policy.command.upper()}, which has USING alone")
    yield from unreadable(about, "USING", policy.using)
    yield from unreadable(about, "WITH CHECK", policy.check)


def create_policy(table: Relation, policy: Policy) -> Iterator[Statement]:
    """CREATE POLICY, with its comment."""
    parts = [expression("USING ({e})", e=raw(policy.using))] if policy.using is not None else []
    parts += [expression("WITH CHECK ({e})", e=raw(policy.check))] if policy.check is not None else []
    yield ddl(
        "CREATE POLICY {name} ON {table} AS {kind} FOR {command} TO {roles} {parts}",
        name=policy.name, table=table, kind=raw(Expression("PERMISSIVE" if policy.permissive else "RESTRICTIVE")),
        command=raw(Expression(policy.command.upper())), roles=raw(role_list(policy.roles)),
        parts=raw(joined(parts, " ")),
    )  # fmt: skip
    if policy.comment:
        yield ddl("COMMENT ON POLICY {name} ON {table} IS {comment}",
                  name=policy.name, table=table, comment=Literal(policy.comment))  # fmt: skip


def drop_policy(table: Relation, name: str) -> Statement:
    """DROP POLICY where it is there."""
    return ddl("DROP POLICY IF EXISTS {name} ON {table}", name=name, table=table)


def locks_of_policies(db: Snapshot, table: Relation, *policies: Policy) -> tuple[Lock, ...]:
    """What making or dropping policies locks: the table, and what their conditions read."""
    read = (lock for policy in policies for part in (policy.using, policy.check) for lock in reads(db, part))
    return strongest((Lock(table, LockMode.ACCESS_EXCLUSIVE), *read))


def policy_is(table: Relation, policy: Policy) -> Statement:
    """Whether the policy is there, for that command and those roles, with the parts that it should have."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_policy AS p WHERE p.polrelid = {oid} AND p.polname = {name}"
        " AND p.polcmd = {command} AND p.polpermissive = {permissive} AND {roles} AND (p.polqual IS NOT NULL) = {using}"
        " AND (p.polwithcheck IS NOT NULL) = {check})",
        oid=raw(proof.oid_of(table)), name=Literal(policy.name), command=Literal(LETTERS[policy.command]),
        permissive=policy.permissive, roles=raw(_has_roles(policy.roles)), using=policy.using is not None,
        check=policy.check is not None,
    )  # fmt: skip


def _has_roles(roles: tuple[str, ...]) -> Expression:
    named = tuple(sorted(set(named_roles(roles))))
    if len(named) < len(set(roles)) or not roles:
        return Expression("0 = ANY (p.polroles)")
    return expression(
        "ARRAY(SELECT r.rolname::text COLLATE \"C\" FROM pg_catalog.pg_roles AS r WHERE r.oid = ANY (p.polroles)"
        " ORDER BY 1) = {names}::text[]",
        names=raw(literals(named)),
    )  # fmt: skip


def policy_there(table: Relation, name: str) -> Statement:
    """Whether the table has a policy of that name."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = {oid} AND polname = {name})",
        oid=raw(proof.oid_of(table)), name=Literal(name),
    )  # fmt: skip


def is_public(role: str) -> bool:
    """Whether a name stands for PUBLIC; no role may be called so."""
    return role.lower() in {"", "public"}


def named_roles(roles: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are roles, without PUBLIC."""
    return tuple(role for role in roles if not is_public(role))


def role_list(roles: tuple[str, ...]) -> Expression:
    """Roles as GRANT and CREATE POLICY take them; PUBLIC where there are none."""
    listed = [Expression("PUBLIC") if is_public(role) else expression("{r}", r=role) for role in roles]
    return joined(listed) if listed else Expression("PUBLIC")


def whom(roles: tuple[str, ...]) -> str:
    """The roles for people."""
    return ", ".join("everybody" if is_public(role) else role for role in roles) or "everybody"
