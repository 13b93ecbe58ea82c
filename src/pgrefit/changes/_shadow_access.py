"""Who may do what with the new table, and what fires on it: policies, grants, triggers, set when it takes the place."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Table

from ._granted import role
from ._retarget import trigger_on
from ._trigger_made import fired, trigger_again


def withdrawn(table: Table, on: Relation) -> Iterator[Statement]:
    """Take from everybody but the owner what was granted on the table and its columns."""
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
        yield from trigger_again(trigger, on, trigger_on(trigger.definition, on))


def no_triggers(table: Table, on: Relation) -> Iterator[Statement]:
    """Drop these."""
    return (ddl("DROP TRIGGER IF EXISTS {name} ON {on}", name=trigger.name, on=on) for trigger in table.triggers)


def silenced(table: Table, on: Relation) -> Iterator[Statement]:
    """What follows another table gets rows as that one's triggers made them: here they must not fire again."""
    return (fired(t, on, "disabled") for t in table.triggers if t.enabled != "disabled")


def awakened(table: Table, on: Relation) -> Iterator[Statement]:
    """The opposite: each as it was."""
    return (fired(t, on, t.enabled) for t in table.triggers if t.enabled != "disabled")
