"""A trigger made again as it was observed."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Trigger

ENABLED = {"origin": "ENABLE", "always": "ENABLE ALWAYS", "replica": "ENABLE REPLICA", "disabled": "DISABLE"}


def trigger_again(trigger: Trigger, on: Relation, definition: Statement) -> Iterator[Statement]:
    """The trigger by that definition, fired when it was, with its comment."""
    yield definition
    if trigger.enabled != "origin":
        yield fired(trigger, on, trigger.enabled)
    if trigger.comment:
        yield ddl("COMMENT ON TRIGGER {name} ON {on} IS {text}", name=trigger.name, on=on,
                  text=Literal(trigger.comment))  # fmt: skip


def fired(trigger: Trigger, on: Relation, when: str) -> Statement:
    """Let it fire in that kind of session: origin, replica, always or disabled."""
    return ddl("ALTER TABLE {on} {how} TRIGGER {name}", on=on, how=raw(Expression(ENABLED[when])), name=trigger.name)
