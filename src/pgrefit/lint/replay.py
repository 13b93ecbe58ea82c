"""Takes the model of the schema over a statement."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

from pgrefit.lint import actions as a
from pgrefit.lint.migration import Statement
from pgrefit.lint.state import (
    ColumnState,
    IndexState,
    State,
    TableState,
    ViewState,
    as_column,
    as_constraint,
    rename_in,
    renamed,
)
from pgrefit.lint.types import UNKNOWN
from pgrefit.model.names import Relation


def replay(state: State, statement: Statement) -> None:
    """Let the state be what it is after the statement."""
    for action in statement.actions:
        if isinstance(action, a.AddEnumValue):
            state.enum_values[action.table, action.value] = statement.transaction
        change = _CHANGES.get(type(action))
        if change:
            change(state, action)


def _create_table(state: State, action: a.CreateTable) -> None:
    if action.if_not_exists and state.find(action.table):
        return
    table = TableState(
        made_in=state.file, partitioned=action.partitioned,
        whole=not (action.like or action.partition_of or action.inherits or action.from_select),
        columns={c.name: as_column(c, state.file) for c in action.columns},
        constraints={c.name: as_constraint(c) for c in action.constraints},
    )  # fmt: skip
    for spec in action.constraints:
        if spec.kind == "primary key":
            _require(table, spec.columns)
    for model in (*action.like, *action.inherits, *((action.partition_of,) if action.partition_of else ())):
        if (known := state.find(model)) is not None:
            table.columns |= deepcopy(known.columns)
            table.whole = known.whole
    if action.partition_of and (parent := state.find(action.partition_of)):
        parent.partitions.add(action.table)
        parent.default_partition = action.table if action.default_partition else parent.default_partition
    state.tables[action.table] = table


def _require(table: TableState, columns: tuple[str, ...]) -> None:
    for name in columns:
        table.columns.setdefault(name, ColumnState(type=UNKNOWN)).not_null = True


def _add_column(state: State, action: a.AddColumn) -> None:
    table = state.made(action.table)
    if action.if_not_exists and action.column.name in table.columns:
        return
    table.columns[action.column.name] = as_column(action.column, state.file)
    for spec in action.column.constraints:
        table.constraints[spec.name] = as_constraint(spec)


def _drop_column(state: State, action: a.DropColumn) -> None:
    table = state.made(action.table)
    table.columns.pop(action.column, None)
    table.constraints = {n: c for n, c in table.constraints.items() if action.column not in c.columns}
    gone = [name for name, i in state.indexes.items() if i.table == action.table and action.column in i.keys]
    for name in gone:
        del state.indexes[name]


def _rename_column(state: State, action: a.RenameColumn) -> None:
    table = state.made(action.table)
    if action.column in table.columns:
        table.columns[action.to] = table.columns.pop(action.column)
    rename_in(table, action.column, action.to)
    for index in state.indexes.values():
        if index.table == action.table:
            index.keys = renamed(index.keys, action.column, action.to)


def _alter_type(state: State, action: a.AlterType) -> None:
    column = state.made(action.table).columns.setdefault(action.column, ColumnState(type=UNKNOWN))
    column.type = action.type


def _set_not_null(state: State, action: a.SetNotNull) -> None:
    _require(state.made(action.table), (action.column,))


def _drop_not_null(state: State, action: a.DropNotNull) -> None:
    column = state.made(action.table).columns.get(action.column)
    if column:
        column.not_null = False


def _add_constraint(state: State, action: a.AddConstraint) -> None:
    table, spec = state.made(action.table), action.constraint
    made = as_constraint(spec)
    if spec.index:
        index = state.indexes.pop(action.table.beside(spec.index), None)
        made.columns = index.keys if index else made.columns
    table.constraints[spec.name] = made
    if spec.kind == "primary key":
        _require(table, made.columns)
    elif spec.kind == "not null" and spec.valid:
        _require(table, spec.columns)


def _drop_constraint(state: State, action: a.DropConstraint) -> None:
    state.made(action.table).constraints.pop(action.name, None)


def _validate(state: State, action: a.ValidateConstraint) -> None:
    table = state.made(action.table)
    if action.name in table.constraints:
        constraint = table.constraints[action.name]
        constraint.valid = True
        if constraint.kind == "not null":
            _require(table, constraint.columns)


def _attach(state: State, action: a.AttachPartition) -> None:
    parent = state.made(action.table)
    parent.partitions.add(action.partition)
    parent.default_partition = action.partition if action.default else parent.default_partition


def _detach(state: State, action: a.DetachPartition) -> None:
    parent = state.made(action.table)
    parent.partitions.discard(action.partition)
    if parent.default_partition == action.partition:
        parent.default_partition = None


def _row_security(state: State, action: a.RowSecurity) -> None:
    state.made(action.table).row_security = action.enable


def _rename(state: State, action: a.RenameObject) -> None:
    new = Relation(action.to, action.table.name) if action.schema else action.table.beside(action.to)
    if action.kind == "table" or (action.kind == "object" and action.table in state.tables):
        _move(state.tables, action.table, new)
        for index in state.indexes.values():
            index.table = new if index.table == action.table else index.table
    elif action.kind == "view":
        _move(state.views, action.table, new)
    elif action.kind == "index":
        _move(state.indexes, action.table, new)
    elif action.kind == "type":
        _move(state.types, action.table, new)
    elif action.kind.startswith("constraint "):
        _move(state.made(action.table).constraints, action.kind.removeprefix("constraint "), action.to)


Key = TypeVar("Key")
Thing = TypeVar("Thing")


def _move(things: dict[Key, Thing], old: Key, new: Key) -> None:
    if old in things:
        things[new] = things.pop(old)


def _create_index(state: State, action: a.CreateIndex) -> None:
    state.indexes[action.name] = IndexState(
        table=action.table, keys=action.keys, unique=action.unique, partial=action.partial, method=action.method,
        made_in=state.file,
    )  # fmt: skip


def _drop(state: State, action: a.Drop) -> None:
    name = action.table
    if action.kind == "table":
        state.tables.pop(name, None)
        state.indexes = {n: i for n, i in state.indexes.items() if i.table != name}
    elif action.kind in {"view", "materialized view"} and name in state.views:
        state.dropped_views[name] = state.views.pop(name)
    elif action.kind == "index":
        state.indexes.pop(name, None)
    elif action.kind == "policy" and action.on:
        state.made(action.on).policies.pop(name.name, None)
    elif action.kind == "trigger" and action.on:
        state.made(action.on).triggers.pop(name.name, None)
    elif action.kind == "schema":
        state.tables = {n: t for n, t in state.tables.items() if n.schema != name.name}
    if action.cascade and action.kind in {"table", "view"}:
        for view, _ in list(state.views_of(name)):
            state.dropped_views[view] = state.views.pop(view)


def _create_view(state: State, action: a.CreateView) -> None:
    state.views[action.table] = ViewState(
        reads=action.reads, columns=action.columns, security_invoker=action.security_invoker,
        materialized=action.materialized, made_in=state.file,
    )  # fmt: skip


def _view_options(state: State, action: a.AlterViewOptions) -> None:
    if action.table in state.views:
        state.views[action.table].security_invoker = action.security_invoker


def _create_policy(state: State, action: a.CreatePolicy) -> None:
    state.made(action.table).policies[action.name] = action.columns


def _create_trigger(state: State, action: a.CreateTrigger) -> None:
    state.made(action.table).triggers[action.name] = action.columns


def _create_function(state: State, action: a.CreateFunction) -> None:
    state.functions[action.table] = action.volatility


def _create_type(state: State, action: a.CreateType) -> None:
    state.types[action.table] = state.file


_CHANGES: dict[type[a.Action], Callable[[State, Any], None]] = {
    a.CreateTable: _create_table, a.AddColumn: _add_column, a.DropColumn: _drop_column,
    a.RenameColumn: _rename_column, a.AlterType: _alter_type, a.SetNotNull: _set_not_null,
    a.DropNotNull: _drop_not_null, a.AddConstraint: _add_constraint, a.DropConstraint: _drop_constraint,
    a.ValidateConstraint: _validate, a.AttachPartition: _attach, a.DetachPartition: _detach,
    a.RowSecurity: _row_security, a.RenameObject: _rename, a.CreateIndex: _create_index, a.Drop: _drop,
    a.CreateView: _create_view, a.AlterViewOptions: _view_options, a.CreatePolicy: _create_policy,
    a.CreateTrigger: _create_trigger, a.CreateFunction: _create_function, a.CreateType: _create_type,
}  # fmt: skip
