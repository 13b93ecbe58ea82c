"""Which statements of a file share a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from pgrefit.lint.actions import (
    Action,
    CreateIndex,
    DetachPartition,
    Drop,
    Reindex,
    Rewrite,
    ServerWide,
    Transaction,
    Vacuum,
)
from pgrefit.lint.tools import Convention

WHOLE = 0
Numbered = Sequence[tuple[tuple[Action, ...], int]]  # actions of each statement, and the body that it is in or 0


def must_run_alone(action: Action) -> bool:
    """Whether the server refuses the action within a transaction."""
    match action:
        case CreateIndex() | Drop() | DetachPartition():
            return action.concurrently
        case Reindex():
            return action.concurrently or action.kind in {"schema", "database", "system"}
        case Rewrite():
            return action.command == "VACUUM FULL"
        case Vacuum() | ServerWide():
            return True
        case _:
            return False


def is_concurrent(action: Action) -> bool:
    """Whether the action is done CONCURRENTLY."""
    kinds = (CreateIndex, Drop, Reindex, DetachPartition)
    return isinstance(action, kinds) and action.concurrently


def assign(convention: Convention, statements: Numbered) -> tuple[list[int | None], bool]:
    """A transaction's number for each statement, None: by itself; and whether that is known rather than assumed.

    A body runs in one transaction even where nothing around it does; that has a negative number.
    """
    begins = any(_kind(actions) == "begin" for actions, _ in statements)
    alone = _wrapping(convention, statements, begins=begins) == "none"
    assigned: list[int | None] = []
    current: int | None = None if alone else WHOLE
    number = WHOLE
    for actions, body in statements:
        kind = "" if body else _kind(actions)
        if kind == "begin" and current is None:
            current = number = number + 1
        assigned.append(-body if body and current is None else current)
        if kind in {"commit", "rollback"}:
            current = None
        elif kind == "chain":
            current = number = number + 1
    return assigned, convention.known or begins or alone


def _kind(actions: tuple[Action, ...]) -> str:
    return next((action.kind for action in actions if isinstance(action, Transaction)), "")


def _wrapping(convention: Convention, statements: Numbered, *, begins: bool) -> str:
    """Whoever writes what cannot run in a transaction, or opens one, knows that the tool opens none."""
    outer = [actions for actions, body in statements if not body]
    lonely = [any(map(must_run_alone, actions)) for actions in outer]
    match convention.transaction:
        case "message":
            return "none" if len(outer) <= 1 or begins else "whole"
        case "whole" if not convention.known:
            return "none" if begins or any(lonely) else "whole"
        case "whole" if convention.tool == "flyway" and lonely and all(lonely):
            return "none"
        case wrapping:
            return wrapping
