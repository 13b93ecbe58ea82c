"""The schema of a database as observed at one moment: pure structure, no sizes, no counters (see statistics)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from . import lookup
from .ddl import Expression
from .names import Relation

TableKind = Literal["table", "partitioned table", "foreign table"]
ConstraintKind = Literal["primary key", "unique", "check", "foreign key", "exclusion", "not null", "trigger"]
FkAction = Literal["no action", "restrict", "cascade", "set null", "set default"]
Command = Literal["all", "select", "insert", "update", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, view or composite type; `type` is format_type()'s text."""

    name: str
    position: int
    type: str
    not_null: bool = False
    default: Expression | None = None
    identity: Literal["", "always", "by default"] = ""
    generated: Literal["", "stored", "virtual"] = ""
    collation: str = ""
    storage: str = ""
    compression: str = ""
    statistics_target: int | None = None
    options: tuple[str, ...] = ()
    comment: str = ""
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One privilege held by one role ('' is PUBLIC)."""

    grantee: str
    privilege: str
    grantable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A constraint of a table; `definition` is pg_get_constraintdef()'s text."""

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    definition: Expression
    expression: Expression | None = None  # of a check
    validated: bool = True
    enforced: bool = True
    checked: bool = True  # else the triggers that check it are disabled
    deferrable: bool = False
    deferred: bool = False
    inherited: bool = False  # comes from a parent or partitioned table
    parent: Relation | None = None  # of a foreign key: the referenced table
    parent_columns: tuple[str, ...] = ()
    on_delete: FkAction = "no action"
    on_update: FkAction = "no action"
    match: Literal["simple", "full", "partial"] = "simple"
    index: Relation | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexKey:
    """One key of an index: a column (then `column` is set) or an expression."""

    column: str | None
    expression: Expression  # the column's quoted name, or the expression
    opclass: str  # qualified name of the operator class
    default_opclass: bool = True
    collation: str = ""
    descending: bool = False
    nulls_first: bool = False
    statistics_target: int | None = None  # of an expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index; `definition` is pg_get_indexdef()'s text."""

    name: Relation
    method: str
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...] = ()
    predicate: Expression | None = None
    unique: bool = False
    primary: bool = False
    nulls_not_distinct: bool = False
    valid: bool = True
    ready: bool = True
    clustered: bool = False
    replica_identity: bool = False
    options: tuple[str, ...] = ()
    constraint: str | None = None
    partition_of: Relation | None = None
    definition: Expression
    comment: str = ""

    @property
    def columns(self) -> tuple[str | None, ...]:
        """Key columns in order; None stands for an expression."""
        return tuple([key.column for key in self.keys])  # asked for very often: a list is faster

    def serves(self, columns: tuple[str, ...]) -> bool:
        """Whether a lookup by equality on all of these columns can descend this index."""
        leading = self.columns[: len(columns)]
        usable = self.valid and self.predicate is None and self.method in {"btree", "hash"}
        return usable and len(leading) == len(columns) and set(leading) == set(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger that a user made; `definition` is pg_get_triggerdef()'s text."""

    name: str
    definition: Expression
    function: Relation
    timing: Literal["before", "after", "instead of"]
    events: tuple[str, ...]  # insert, update, delete, truncate
    row: bool
    enabled: Literal["origin", "always", "replica", "disabled"] = "origin"
    update_columns: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A row security policy."""

    name: str
    command: Command
    permissive: bool = True
    roles: tuple[str, ...] = ()  # () is PUBLIC
    using: Expression | None = None
    check: Expression | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with all that hangs on it."""

    name: Relation
    kind: TableKind = "table"
    owner: str = ""
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    policies: tuple[Policy, ...] = ()
    grants: tuple[Grant, ...] = ()
    persistence: Literal["permanent", "unlogged"] = "permanent"
    partition_key: Expression | None = None  # of a partitioned table
    partition_of: Relation | None = None
    partition_bound: Expression | None = None
    inherits: tuple[Relation, ...] = ()
    row_security: bool = False
    force_row_security: bool = False
    replica_identity: Literal["default", "nothing", "full", "index"] = "default"
    options: tuple[str, ...] = ()
    comment: str = ""
    extension: str = ""  # the extension that owns it
    unread: str = ""  # why its definitions were not, or not all, read: then it is there for what speaks of it alone

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Columns of the primary key; empty where there is none."""
        for constraint in self.constraints:  # asked for a million times in a large schema
            if constraint.kind == "primary key":
                return constraint.columns
        return ()

    @property
    def row_key(self) -> tuple[str, ...]:
        """Columns that identify a row: the primary key, else a plain unique index over NOT NULL columns, else ()."""
        if self.primary_key:
            return self.primary_key
        required = {c.name for c in self.columns if c.not_null}
        for index in self.indexes:
            columns = tuple(c for c in index.columns if c is not None)
            whole = len(columns) == len(index.keys) and set(columns) <= required
            if index.unique and index.valid and index.predicate is None and whole:
                return columns
        return ()

    @property
    def foreign_keys(self) -> tuple[Constraint, ...]:
        """The foreign keys of the table."""
        return tuple([c for c in self.constraints if c.kind == "foreign key"])  # a list, as for an index's columns

    @property
    def checks(self) -> tuple[Constraint, ...]:
        """The check constraints of the table."""
        return tuple(c for c in self.constraints if c.kind == "check")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view or materialized view; `reads` are the relations and columns it depends on."""

    name: Relation
    materialized: bool = False
    owner: str = ""
    columns: tuple[Column, ...] = ()
    definition: Expression
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    options: tuple[str, ...] = ()  # security_invoker=true, …
    grants: tuple[Grant, ...] = ()
    comment: str = ""
    extension: str = ""
    unread: str = ""  # why its definition was not read, and is not its own


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUse:
    """An object (view, policy, function, trigger, index, constraint, …) that depends on a column, by pg_depend."""

    table: Relation
    column: str
    kind: str  # view, policy, trigger, generated column, index, constraint, publication, statistics, function
    name: str  # names the dependent object for people, as pg_describe_object does
    relation: Relation | None = None  # the view or table that the dependent object is or hangs on
    member: str = ""  # name of the policy, trigger, index, constraint or column


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A sequence; `owned_by` is (table, column)."""

    name: Relation
    type: str
    start: int
    minimum: int
    maximum: int
    increment: int
    cycle: bool
    cache: int = 1
    owned_by: tuple[Relation, str] | None = None
    identity: bool = False
    persistence: Literal["permanent", "unlogged"] = "permanent"
    owner: str = ""
    grants: tuple[Grant, ...] = ()
    comment: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function, procedure or aggregate."""

    name: Relation
    arguments: str  # pg_get_function_identity_arguments()
    returns: str
    kind: Literal["function", "procedure", "aggregate", "window"] = "function"
    language: str
    volatility: Literal["immutable", "stable", "volatile"] = "volatile"
    security_definer: bool = False
    leakproof: bool = False
    strict: bool = False
    parallel: str = "unsafe"
    settings: tuple[str, ...] = ()
    definition: Expression | None = None  # None for aggregates, and where it was not read
    owner: str = ""
    grants: tuple[Grant, ...] = ()
    comment: str = ""
    extension: str = ""
    unread: str = ""  # why its definition was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class UserType:
    """An enum, domain, composite or range type."""

    name: Relation
    kind: Literal["enum", "domain", "composite", "range"]
    values: tuple[str, ...] = ()  # of an enum, in order
    base: str = ""  # of a domain
    not_null: bool = False
    default: Expression | None = None
    checks: tuple[Constraint, ...] = ()
    columns: tuple[Column, ...] = ()  # of a composite
    subtype: str = ""  # of a range
    owner: str = ""
    comment: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role of the cluster (system roles pg_* left out)."""

    name: str
    superuser: bool = False
    can_login: bool = False
    inherit: bool = True
    bypass_rls: bool = False
    create_role: bool = False
    create_db: bool = False
    replication: bool = False
    member_of: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A schema (namespace)."""

    name: str
    owner: str = ""
    grants: tuple[Grant, ...] = ()
    comment: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultGrant:
    """What a role grants on the objects of a kind that it will make (ALTER DEFAULT PRIVILEGES); '' is every schema."""

    role: str
    schema: str = ""
    kind: Literal["table", "sequence"]
    grantee: str  # '' is PUBLIC
    privilege: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An installed extension."""

    name: str
    version: str
    schema: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedStatistics:
    """A CREATE STATISTICS object."""

    name: Relation
    table: Relation
    definition: Expression
    target: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A publication of logical replication."""

    name: str
    all_tables: bool
    tables: tuple[Relation, ...] = ()
    definition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole schema of one database. System schemas and pgrefit's own are left out."""

    database: str
    server_version: int  # server_version_num
    schemas: tuple[Schema, ...] = ()
    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    functions: tuple[Function, ...] = ()
    types: tuple[UserType, ...] = ()
    extensions: tuple[Extension, ...] = ()
    statistics: tuple[ExtendedStatistics, ...] = ()
    publications: tuple[Publication, ...] = ()
    roles: tuple[Role, ...] = ()
    uses: tuple[ColumnUse, ...] = ()
    whole_uses: tuple[ColumnUse, ...] = ()  # of a table as such, or of its row type; `column` is ''
    event_triggers: tuple[str, ...] = ()
    disabled_event_triggers: tuple[str, ...] = ()
    default_grants: tuple[DefaultGrant, ...] = ()
    open_to_all: bool = False  # everybody may create schemas in it
    database_settings: tuple[str, ...] = ()  # ALTER DATABASE … SET, as name=value
    format: str = field(default="pgrefit/snapshot/1")

    def table(self, name: Relation) -> Table:
        """The table of that name; KeyError where there is none."""
        found = lookup.tables(self).get(name)
        if found is None:
            raise KeyError(str(name))
        return found

    def find_table(self, name: Relation) -> Table | None:
        """The table of that name, or None."""
        return lookup.tables(self).get(name)

    def own_tables(self) -> tuple[Table, ...]:
        """Tables that belong to the user, not to an extension, and were read whole."""
        return lookup.own_tables(self)

    def unread(self) -> Iterator[Table | View | Function]:
        """What was not, or not wholly, read: it says why."""
        things: tuple[Table | View | Function, ...] = (*self.tables, *self.views, *self.functions)
        return (thing for thing in things if thing.unread)

    def references_to(self, name: Relation) -> tuple[tuple[Table, Constraint], ...]:
        """Foreign keys that point at a table."""
        return lookup.references(self).get(name, ())

    def uses_of(self, table: Relation, column: str) -> tuple[ColumnUse, ...]:
        """What depends on a column."""
        return lookup.uses(self).get((table, column), ())

    def uses_of_whole(self, table: Relation) -> tuple[ColumnUse, ...]:
        """What depends on a table as such or on the type of its rows, and is no part of it."""
        return tuple(use for use in self.whole_uses if use.table == table)
