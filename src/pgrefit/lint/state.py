"""What the files before a statement, or the catalog, have made: a light model of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pgrefit.lint.reading_tables import required_columns
from pgrefit.lint.specs import ColumnSpec, ConstraintKind, ConstraintSpec
from pgrefit.lint.types import TypeName, type_from_text
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Snapshot, Table
from pgrefit.model.sql_tree import is_readable, parse_expression, value_of


@dataclass(kw_only=True)
class ColumnState:
    """A column as far as it is known."""

    type: TypeName
    not_null: bool = False
    added_in: str = ""  # the file that added it
    computed_from: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class ConstraintState:
    """A constraint as far as it is known."""

    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    parent: Relation | None = None
    valid: bool = True
    not_null: frozenset[str] = frozenset()  # columns that it keeps from being NULL, once valid
    expression: str = ""


@dataclass(kw_only=True)
class IndexState:
    """An index as far as it is known; a key that is an expression is ''."""

    table: Relation
    keys: tuple[str, ...]
    unique: bool = False
    partial: bool = False
    method: str = "btree"
    made_in: str = ""


@dataclass(kw_only=True)
class TableState:
    """A table. `made_in`: the file that made it, '' where it was there before; `whole`: all its columns are known."""

    made_in: str = ""
    whole: bool = True
    columns: dict[str, ColumnState] = field(default_factory=dict[str, ColumnState])
    constraints: dict[str, ConstraintState] = field(default_factory=dict[str, ConstraintState])
    row_security: bool = False
    policies: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    triggers: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    partitions: set[Relation] = field(default_factory=set[Relation])
    default_partition: Relation | None = None
    partitioned: bool = False

    @property
    def proven(self) -> frozenset[str]:
        """Columns that a validated constraint keeps from being NULL."""
        return frozenset(name for c in self.constraints.values() if c.valid for name in c.not_null)

    def key(self, kind: ConstraintKind) -> Iterator[ConstraintState]:
        """Its constraints of a kind."""
        return (c for c in self.constraints.values() if c.kind == kind)


@dataclass(kw_only=True)
class ViewState:
    """A view: what it reads, and whether as its caller."""

    reads: frozenset[Relation]
    columns: frozenset[str]
    security_invoker: bool = False
    materialized: bool = False
    made_in: str = ""


class State:
    """The schema so far; `apply` takes it a statement further."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        """Start from nothing, or from a database."""
        self.tables: dict[Relation, TableState] = {}
        self.indexes: dict[Relation, IndexState] = {}
        self.views: dict[Relation, ViewState] = {}
        self.dropped_views: dict[Relation, ViewState] = {}  # in this file
        self.types: dict[Relation, str] = {}  # the file that made each
        self.enum_values: dict[tuple[Relation, str], int | None] = {}  # added in this file, by which transaction
        self.functions: dict[Relation, str] = {}  # volatility
        self.file = ""
        if snapshot:
            _load(self, snapshot)

    def begin(self, file: str) -> None:
        """What is made from here on is made by this file."""
        self.file = file
        self.dropped_views, self.enum_values = {}, {}

    def find(self, name: Relation) -> TableState | None:
        """The table of that name; where it is only known in another schema, that one."""
        exact = self.tables.get(name)
        if exact is not None or name.schema != "public":
            return exact
        others = [table for other, table in self.tables.items() if other.name == name.name]
        return others[0] if len(others) == 1 else None

    def is_new(self, name: Relation) -> bool:
        """Whether this file made the table, or the materialized view: nobody uses it yet, and it is empty or ours."""
        table, view = self.find(name), self.views.get(name)
        made = [thing.made_in for thing in (table, view) if thing is not None]
        return bool(made) and made[0] == self.file != ""

    def column(self, table: Relation, name: str) -> ColumnState | None:
        """A column, where it is known."""
        found = self.find(table)
        return found.columns.get(name) if found else None

    def indexes_of(self, table: Relation) -> Iterator[IndexState]:
        """The table's indexes, those of its keys included."""
        yield from (index for index in self.indexes.values() if index.table == table)
        found = self.find(table)
        for c in found.constraints.values() if found else ():
            if c.kind in {"primary key", "unique"}:
                yield IndexState(table=table, keys=c.columns, unique=True)

    def views_of(self, table: Relation) -> Iterator[tuple[Relation, ViewState]]:
        """Views that read a table."""
        return ((name, view) for name, view in self.views.items() if table in view.reads)

    def references_to(self, table: Relation) -> Iterator[tuple[Relation, ConstraintState]]:
        """Foreign keys of other tables that point at a table."""
        for name, other in self.tables.items():
            for c in other.key("foreign key"):
                if c.parent == table and name != table:
                    yield name, c

    def made(self, name: Relation) -> TableState:
        """The table's entry, made where there is none yet: of a table that was there before."""
        found = self.find(name)
        if found is None:
            found = self.tables[name] = TableState(whole=False)
        return found


# -- from the catalog -----------------------------------------------------------------------------------------------


def _load(state: State, snapshot: Snapshot) -> None:
    for table in snapshot.tables:
        state.tables[table.name] = _table(table)
        for index in table.indexes:
            state.indexes[index.name] = IndexState(
                table=table.name, keys=tuple(column or "" for column in index.columns), unique=index.unique,
                partial=index.predicate is not None, method=index.method,
            )  # fmt: skip
    for table in snapshot.tables:
        if table.partition_of and table.partition_of in state.tables:
            parent = state.tables[table.partition_of]
            parent.partitions.add(table.name)
            if table.partition_bound == "DEFAULT":
                parent.default_partition = table.name
    for view in snapshot.views:
        reads = frozenset(use.table for use in snapshot.uses if use.relation == view.name)
        columns = frozenset(use.column for use in snapshot.uses if use.relation == view.name)
        invoker = any(option in {"security_invoker=true", "security_invoker=on"} for option in view.options)
        state.views[view.name] = ViewState(
            reads=reads, columns=columns, security_invoker=invoker, materialized=view.materialized
        )
    for function in snapshot.functions:
        state.functions[function.name] = function.volatility


def _table(table: Table) -> TableState:
    return TableState(
        columns={c.name: ColumnState(type=type_from_text(c.type), not_null=c.not_null) for c in table.columns},
        constraints={c.name: known for c in table.constraints if (known := _constraint(c))},
        row_security=table.row_security, partitioned=table.kind == "partitioned table",
        policies={p.name: frozenset() for p in table.policies},
        triggers={t.name: t.update_columns for t in table.triggers},
    )  # fmt: skip


def _constraint(c: Constraint) -> ConstraintState | None:
    if c.kind == "trigger":
        return None
    proves = frozenset(c.columns) if c.kind == "not null" else frozenset[str]()
    if c.kind == "check" and c.expression and is_readable(c.expression):
        proves = required_columns(value_of(parse_expression(c.expression)))
    return ConstraintState(
        kind=c.kind, columns=c.columns, parent=c.parent, valid=c.validated, expression=c.expression or "",
        not_null=proves,
    )  # fmt: skip


def as_column(spec: ColumnSpec, file: str) -> ColumnState:
    """A column that a statement makes."""
    required = spec.not_null or spec.serial or spec.identity
    return ColumnState(
        type=spec.type.stored, not_null=required, added_in=file, computed_from=spec.computed_from
    )  # fmt: skip


def as_constraint(spec: ConstraintSpec) -> ConstraintState:
    """A constraint that a statement makes."""
    return ConstraintState(
        kind=spec.kind, columns=spec.columns, parent=spec.parent, valid=spec.valid, not_null=spec.not_null
    )


def renamed(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    """Names with one of them changed."""
    return tuple(new if name == old else name for name in names)


def rename_in(table: TableState, old: str, new: str) -> None:
    """Let the table's own constraints follow a renamed column."""
    for name, c in table.constraints.items():
        table.constraints[name] = replace(
            c, columns=renamed(c.columns, old, new),
            not_null=frozenset(renamed(tuple(c.not_null), old, new)),
        )  # fmt: skip
