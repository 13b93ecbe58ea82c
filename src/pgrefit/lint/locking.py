"""Which lock an action takes, and whether it holds it for long. Source: the manual's chapter on explicit locking."""

from __future__ import annotations

from pgrefit.lint import actions as a
from pgrefit.lint.migration import Statement
from pgrefit.lint.site import Course
from pgrefit.lint.state import State
from pgrefit.lint.tools import BOOKKEEPING
from pgrefit.lint.transactions import must_run_alone
from pgrefit.lint.types import UNKNOWN, effect_of_change
from pgrefit.lint.volatility import volatile_calls
from pgrefit.model.locks import LockMode

EXCLUSIVE = (
    a.AddColumn, a.ColumnAction, a.DropConstraint, a.RowSecurity, a.SetTablespace, a.SetLogged, a.Truncate, a.Rewrite,
)  # fmt: skip
DROPS_TABLE_LOCK = {"table", "view", "materialized view", "index", "policy", "trigger"}


def go_on(course: Course, statement: Statement, state: State, *, has_timeout: bool) -> None:
    """Let the course know what a statement locks; `state` is the schema before it."""
    for action in statement.actions:
        if is_strong(action, state) and not has_timeout:
            course.waited = True
        if statement.transaction is not None:
            held = course.held.setdefault(statement.transaction, {})
            if isinstance(action, a.Drop):
                held.pop(action.table, None)  # nobody waits for what is dropped in the same transaction
            elif locks(action) is LockMode.ACCESS_EXCLUSIVE and not state.is_new(action.table):
                held[action.table] = None


def is_strong(action: a.Action, state: State) -> bool:
    """Whether writers of a table in use wait for the action, and would wait behind it."""
    mode = locks(action)
    strong = mode is not None and mode.blocks_writes and bool(action.table.name)
    if isinstance(action, a.Drop) and (index := state.indexes.get(action.table)) is not None:
        return strong and not must_run_alone(action) and not state.is_new(index.table)
    return strong and not must_run_alone(action) and not state.is_new(action.table)


def locks(action: a.Action) -> LockMode | None:  # noqa: C901, PLR0911 - a table, not a procedure
    """The lock on the action's own table; None where there is none to speak of."""
    match action:
        case a.AddConstraint(constraint=spec):
            return LockMode.SHARE_ROW_EXCLUSIVE if spec.kind == "foreign key" else LockMode.ACCESS_EXCLUSIVE
        case a.ValidateConstraint() | a.AttachPartition() | a.Vacuum():
            return LockMode.SHARE_UPDATE_EXCLUSIVE
        case a.DetachPartition():
            return LockMode.SHARE_UPDATE_EXCLUSIVE if action.concurrently else LockMode.ACCESS_EXCLUSIVE
        case a.OtherAlter():
            return LockMode.ACCESS_EXCLUSIVE if action.exclusive else LockMode.SHARE_UPDATE_EXCLUSIVE
        case a.CreateIndex() | a.Reindex():
            return LockMode.SHARE_UPDATE_EXCLUSIVE if action.concurrently else LockMode.SHARE
        case a.RenameObject():
            return LockMode.ACCESS_EXCLUSIVE if action.kind in {"table", "view"} else None
        case a.Drop():
            return LockMode.ACCESS_EXCLUSIVE if action.kind in DROPS_TABLE_LOCK and not action.concurrently else None
        case a.CreateTrigger():
            return LockMode.SHARE_ROW_EXCLUSIVE
        case a.CreatePolicy() | a.LockTable():
            return LockMode.ACCESS_EXCLUSIVE
        case a.ChangeRows() | a.InsertRows():
            return LockMode.ROW_EXCLUSIVE
        case _:
            return LockMode.ACCESS_EXCLUSIVE if isinstance(action, EXCLUSIVE) else None


def takes_long(action: a.Action, state: State) -> bool:  # noqa: C901, PLR0911 - a table, not a procedure
    """Whether its time grows with the rows of a table that was there before."""
    if state.is_new(action.table):
        return False
    match action:
        case a.ChangeRows():
            return not is_small(action, state)
        case a.InsertRows():
            return action.select
        case a.CreateTable():
            return action.from_select
        case a.CreateIndex() | a.Reindex():
            return not action.concurrently
        case a.AddConstraint(constraint=spec):
            return spec.valid and not spec.index
        case a.SetNotNull():
            return not _proven(action, state)
        case a.AlterType():
            column = state.column(action.table, action.column)
            return effect_of_change(column.type if column else UNKNOWN, action.type) != "none"
        case a.SetExpression():
            return True
        case a.AddColumn(column=spec):
            calls = volatile_calls(spec.default, state)[0] if spec.default is not None else []
            return bool(calls) or spec.generated == "stored" or spec.identity or spec.serial
        case _:
            return isinstance(action, (a.ValidateConstraint, a.Rewrite, a.Refresh, a.SetTablespace, a.SetLogged))


def is_small(action: a.ChangeRows, state: State) -> bool:
    """Whether so few rows are changed that it is done at once: a batch, or rows that a key names."""
    table = state.find(action.table)
    if action.batch or action.table.name in BOOKKEEPING:
        return True
    if table is None or not table.whole:
        return bool(action.equal - set(action.assigned))  # what is assigned is hardly a key
    keys = [index.keys for index in state.indexes_of(action.table) if index.unique]
    return any(set(key) <= action.equal for key in keys)


def _proven(action: a.SetNotNull, state: State) -> bool:
    table, column = state.find(action.table), state.column(action.table, action.column)
    return (table is not None and action.column in table.proven) or (column is not None and column.not_null)
