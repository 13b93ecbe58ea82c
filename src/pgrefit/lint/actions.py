"""What statements of a migration do, in the simple form that rules read. Names are qualified; `node` is the tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from postgast import pg_query_pb2 as pb

from pgrefit.lint.specs import ColumnSpec, ConstraintSpec
from pgrefit.lint.types import TypeName
from pgrefit.model.names import Relation

ObjectKind = Literal[
    "table", "view", "materialized view", "index", "sequence", "schema", "type", "domain", "function", "trigger",
    "policy", "extension", "database", "publication", "owned", "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a statement does; an ALTER TABLE does several."""

    table: Relation  # the table, index, view or other object that it is done to


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable(Action):
    """CREATE TABLE, also AS SELECT."""

    columns: tuple[ColumnSpec, ...] = ()
    constraints: tuple[ConstraintSpec, ...] = ()  # of columns as well
    if_not_exists: bool = False
    temporary: bool = False
    like: tuple[Relation, ...] = ()
    partition_of: Relation | None = None
    default_partition: bool = False
    partitioned: bool = False
    inherits: tuple[Relation, ...] = ()
    from_select: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn(Action):
    """ALTER TABLE … ADD COLUMN."""

    column: ColumnSpec
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnAction(Action):
    """ALTER TABLE … on one column."""

    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn(ColumnAction):
    """DROP COLUMN."""

    cascade: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameColumn(ColumnAction):
    """RENAME COLUMN, or ATTRIBUTE of a type."""

    to: str
    attribute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterType(ColumnAction):
    """ALTER COLUMN … TYPE; `using` is the expression as written, '' where there is none."""

    type: TypeName
    using: str = ""
    trivial_using: bool = False  # the column itself, or a cast of it to the new type


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNotNull(ColumnAction):
    """ALTER COLUMN … SET NOT NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNotNull(ColumnAction):
    """ALTER COLUMN … DROP NOT NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDefault(ColumnAction):
    """ALTER COLUMN … SET DEFAULT, or DROP DEFAULT."""

    drops: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddIdentity(ColumnAction):
    """ALTER COLUMN … ADD GENERATED … AS IDENTITY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetExpression(ColumnAction):
    """ALTER COLUMN … SET EXPRESSION of a generated column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint(Action):
    """ALTER TABLE … ADD CONSTRAINT."""

    constraint: ConstraintSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint(Action):
    """ALTER TABLE … DROP CONSTRAINT."""

    name: str
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateConstraint(Action):
    """ALTER TABLE … VALIDATE CONSTRAINT."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachPartition(Action):
    """ALTER TABLE … ATTACH PARTITION; `bound` is the partition's, as written."""

    partition: Relation
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachPartition(Action):
    """ALTER TABLE … DETACH PARTITION."""

    partition: Relation
    concurrently: bool = False
    finalize: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSecurity(Action):
    """ALTER TABLE … ENABLE or DISABLE ROW LEVEL SECURITY."""

    enable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTablespace(Action):
    """ALTER TABLE … SET TABLESPACE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLogged(Action):
    """ALTER TABLE … SET LOGGED, UNLOGGED or ACCESS METHOD: all rewrite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherAlter(Action):
    """Any other ALTER TABLE. `exclusive`: it takes ACCESS EXCLUSIVE, for a moment."""

    exclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameObject(Action):
    """RENAME of a table, view, index, schema, type or constraint; or, where `schema`, SET SCHEMA."""

    kind: str
    to: str
    schema: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex(Action):
    """CREATE INDEX on `table`; a key that is an expression is ''."""

    name: Relation
    keys: tuple[str, ...]
    include: tuple[str, ...] = ()
    method: str = "btree"
    unique: bool = False
    partial: bool = False
    concurrently: bool = False
    if_not_exists: bool = False
    only: bool = False  # ON ONLY a partitioned table: builds nothing
    node: pb.IndexStmt = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Action):
    """DROP of one object. `table` is the object; `on` the table that a trigger or policy hangs on."""

    kind: ObjectKind
    concurrently: bool = False
    cascade: bool = False
    if_exists: bool = False
    on: Relation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindex(Action):
    """REINDEX; `table` is the index, table or schema."""

    concurrently: bool = False
    kind: str = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate(Action):
    """TRUNCATE of one table."""

    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite(Action):
    """VACUUM FULL or CLUSTER."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacuum(Action):
    """VACUUM without FULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh(Action):
    """REFRESH MATERIALIZED VIEW."""

    concurrently: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTable(Action):
    """LOCK TABLE, in a mode that at least stops writes."""

    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRows(Action):
    """UPDATE, DELETE or MERGE of a table, also behind WITH."""

    command: Literal["update", "delete", "merge"]
    where: bool
    batch: bool = False  # a LIMIT, or a range of a column between two bounds, says how many rows at most
    equal: frozenset[str] = frozenset()  # columns that are compared with constants
    assigned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertRows(Action):
    """INSERT; `select` where the rows come from a query over tables."""

    select: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateView(Action):
    """CREATE VIEW or MATERIALIZED VIEW."""

    materialized: bool = False
    replace: bool = False
    security_invoker: bool = False
    reads: frozenset[Relation] = frozenset()
    columns: frozenset[str] = frozenset()  # column names that it mentions; '*' where it takes all
    node: pb.Node = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterViewOptions(Action):
    """ALTER VIEW … SET (security_invoker = …)."""

    security_invoker: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePolicy(Action):
    """CREATE POLICY on `table`."""

    name: str
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrigger(Action):
    """CREATE TRIGGER on `table`."""

    name: str
    row: bool
    conditional: bool  # has a WHEN, or fires on updates of some columns alone
    columns: tuple[str, ...] = ()  # of UPDATE OF
    writes: bool = True  # fires on INSERT, UPDATE or DELETE


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFunction(Action):
    """CREATE FUNCTION; volatility as declared."""

    volatility: str = "volatile"
    language: str = "sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFunction(Action):
    """CALL, or SELECT of a function; `table` is the function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateType(Action):
    """CREATE TYPE; `labels` of an enum, None for any other type."""

    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEnumValue(Action):
    """ALTER TYPE … ADD VALUE."""

    value: str
    placed: bool  # BEFORE or AFTER another
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameEnumValue(Action):
    """ALTER TYPE … RENAME VALUE."""

    value: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDomain(Action):
    """CREATE DOMAIN."""

    constrained: bool
    base: TypeName


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstrainDomain(Action):
    """ALTER DOMAIN … ADD CONSTRAINT or SET NOT NULL."""

    valid: bool = True
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVariable(Action):
    """SET, RESET or set_config(); `table` is empty. `values` is empty for DEFAULT and RESET."""

    name: str
    values: tuple[str, ...]
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction(Action):
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT …; `table` is empty. chain: COMMIT or ROLLBACK AND CHAIN."""

    kind: Literal["begin", "commit", "rollback", "chain", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBody(Action):
    """DO; `table` is empty."""

    language: str = "plpgsql"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWide(Action):
    """CREATE or DROP DATABASE, TABLESPACE, ALTER SYSTEM, …: never within a transaction."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Action):
    """Anything else; `table` is empty."""
