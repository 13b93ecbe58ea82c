"""Who may do what with the new table, and what fires on it: policies, grants, triggers, set when it takes the place."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant, Policy, Table, Trigger

from ._key_grants import option, role
from ._retarget import trigger_on

ENABLED = {"origin": "ENABLE", "always": "ENABLE ALWAYS", "replica": "ENABLE REPLICA", "disabled": "DISABLE"}


def grants(kind: str, on: Relation, owner: str, held: tuple[Grant, ...]) -> Iterator[Statement]:
    """The privileges on a TABLE or SEQUENCE, where they are not those that its owner has by default."""
    if not held:
        return
    object_ = expression("{kind} {on}", kind=raw(Expression(kind)), on=on)
    if owner:
        yield ddl("REVOKE ALL ON {on} FROM {owner}", on=raw(object_), owner=owner)
    for grant in held:
        yield ddl("GRANT {p} ON {on} TO {to} {option}", p=raw(Expression(grant.privilege)), on=raw(object_),
                  to=role(grant.grantee), option=raw(option(grant)))  # fmt: skip


def column_grants(table: Table, on: Relation) -> Iterator[Statement]:
    """The privileges on single columns."""
    for column in table.columns:
        for grant in column.grants:
            yield ddl("GRANT {p} ({c}) ON {on} TO {to} {option}", p=raw(Expression(grant.privilege)), c=column.name,
                      on=on, to=role(grant.grantee), option=raw(option(grant)))  # fmt: skip


def withdrawn(table: Table, on: Relation) -> Iterator[Statement]:
    """Take from everybody but the owner what these two gave."""
    columns = (grant for column in table.columns for grant in column.grants)
    for grantee in dict.fromkeys(grant.grantee for grant in (*table.grants, *columns)):
        if grantee != table.owner:
            yield ddl("REVOKE ALL ON {on} FROM {to}", on=on, to=role(grantee))


def row_security(table: Table, on: Relation) -> Iterator[Statement]:
    """Policies and flags."""
    for policy in table.policies:
        yield from _policy(policy, on)
    if table.row_security:
        yield ddl("ALTER TABLE {on} ENABLE ROW LEVEL SECURITY", on=on)
    if table.force_row_security:
        yield ddl("ALTER TABLE {on} FORCE ROW LEVEL SECURITY", on=on)


def no_row_security(table: Table, on: Relation) -> Iterator[Statement]:
    """Take these away again."""
    if table.row_security:
        yield ddl("ALTER TABLE {on} DISABLE ROW LEVEL SECURITY", on=on)
    if table.force_row_security:
        yield ddl("ALTER TABLE {on} NO FORCE ROW LEVEL SECURITY", on=on)
    for policy in table.policies:
        yield ddl("DROP POLICY IF EXISTS {name} ON {on}", name=policy.name, on=on)


def _policy(policy: Policy, on: Relation) -> Iterator[Statement]:
    roles = joined([expression("{r}", r=name) for name in policy.roles]) if policy.roles else Expression("PUBLIC")
    using = expression("USING ({e})", e=raw(policy.using)) if policy.using is not None else Expression("")
    check = expression("WITH CHECK ({e})", e=raw(policy.check)) if policy.check is not None else Expression("")
    yield ddl(
        "CREATE POLICY {name} ON {on} AS {kind} FOR {command} TO {roles} {using} {check}",
        name=policy.name, on=on, kind=raw(Expression("PERMISSIVE" if policy.permissive else "RESTRICTIVE")),
        command=raw(Expression(policy.command.upper())), roles=raw(roles), using=raw(using), check=raw(check),
    )  # fmt: skip
    if policy.comment:
        yield ddl("COMMENT ON POLICY {name} ON {on} IS {comment}",
                  name=policy.name, on=on, comment=Literal(policy.comment))  # fmt: skip


def triggers(table: Table, on: Relation) -> Iterator[Statement]:
    """The triggers of the table, on another."""
    for trigger in table.triggers:
        yield trigger_on(trigger.definition, on)
        if trigger.enabled != "origin":
            yield _enabled(trigger, on, ENABLED[trigger.enabled])
        if trigger.comment:
            yield ddl("COMMENT ON TRIGGER {name} ON {on} IS {comment}",
                      name=trigger.name, on=on, comment=Literal(trigger.comment))  # fmt: skip


def no_triggers(table: Table, on: Relation) -> Iterator[Statement]:
    """Drop these."""
    return (ddl("DROP TRIGGER IF EXISTS {name} ON {on}", name=trigger.name, on=on) for trigger in table.triggers)


def silenced(table: Table, on: Relation) -> Iterator[Statement]:
    """What follows another table gets rows as that one's triggers made them: here they must not fire again."""
    return (_enabled(t, on, "DISABLE") for t in table.triggers if t.enabled != "disabled")


def awakened(table: Table, on: Relation) -> Iterator[Statement]:
    """The opposite: each as it was."""
    return (_enabled(t, on, ENABLED[t.enabled]) for t in table.triggers if t.enabled != "disabled")


def _enabled(trigger: Trigger, on: Relation, how: str) -> Statement:
    return ddl("ALTER TABLE {on} {how} TRIGGER {name}", on=on, how=raw(Expression(how)), name=trigger.name)
