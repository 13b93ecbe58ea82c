"""From the parse trees of CREATE TABLE and ALTER TABLE to what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.lint import actions as a
from pgrefit.lint.specs import ColumnSpec, ConstraintKind, ConstraintSpec
from pgrefit.lint.types import type_of
from pgrefit.model.names import Relation, fit
from pgrefit.model.sql_tree import nodes

KINDS: dict[int, ConstraintKind] = {
    pb.CONSTR_PRIMARY: "primary key", pb.CONSTR_UNIQUE: "unique", pb.CONSTR_CHECK: "check",
    pb.CONSTR_FOREIGN: "foreign key", pb.CONSTR_EXCLUSION: "exclusion", pb.CONSTR_NOTNULL: "not null",
}  # fmt: skip
SUFFIXES = {"primary key": "pkey", "unique": "key", "check": "check", "foreign key": "fkey", "exclusion": "excl",
            "not null": "not_null"}  # fmt: skip
COLUMN_ACTIONS: dict[int, type[a.ColumnAction]] = {
    pb.AT_SetNotNull: a.SetNotNull, pb.AT_DropNotNull: a.DropNotNull, pb.AT_AddIdentity: a.AddIdentity,
    pb.AT_SetExpression: a.SetExpression,
}  # fmt: skip
GENTLE = {  # ALTER TABLE that takes less than ACCESS EXCLUSIVE
    pb.AT_SetStatistics, pb.AT_SetRelOptions, pb.AT_ResetRelOptions, pb.AT_SetOptions, pb.AT_ResetOptions,
    pb.AT_EnableTrig, pb.AT_DisableTrig, pb.AT_EnableAlwaysTrig, pb.AT_EnableReplicaTrig, pb.AT_EnableTrigAll,
    pb.AT_DisableTrigAll, pb.AT_EnableTrigUser, pb.AT_DisableTrigUser, pb.AT_ClusterOn, pb.AT_DropCluster,
}  # fmt: skip


def relation(name: pb.RangeVar, schema: str) -> Relation:
    """The relation that a name without schema means."""
    return Relation(name.schemaname or schema, name.relname)


def constant(node: pb.Node) -> str:  # noqa: PLR0911 - a table, not a procedure
    """A constant's text, '' for anything else; true and false for booleans."""
    if node.HasField("type_cast"):
        return constant(node.type_cast.arg)
    if node.HasField("string"):
        return str(node.string.sval)
    if node.HasField("integer"):
        return str(node.integer.ival)
    if node.HasField("boolean"):
        return "true" if node.boolean.boolval else "false"
    value = node.a_const
    match value.WhichOneof("val") if node.HasField("a_const") else None:
        case "sval":
            return str(value.sval.sval)
        case "ival":
            return str(value.ival.ival)
        case "fval":
            return str(value.fval.fval)
        case "boolval":
            return "true" if value.boolval.boolval else "false"
        case _:
            return ""


def create_table(stmt: pb.CreateStmt, schema: str) -> a.CreateTable:
    """CREATE TABLE."""
    table = relation(stmt.relation, schema)
    columns = [column(item.column_def, table) for item in stmt.table_elts if item.HasField("column_def")]
    own = [item.constraint for item in stmt.table_elts if item.HasField("constraint")]
    constraints = [spec for c in [*own, *(n.constraint for n in stmt.constraints)] if (spec := constraint(c, table))]
    parents = tuple(relation(item.range_var, schema) for item in stmt.inh_relations)
    partition = stmt.HasField("partbound")
    return a.CreateTable(
        table=table, columns=tuple(columns), if_not_exists=stmt.if_not_exists,
        constraints=(*(c for col in columns for c in col.constraints), *constraints),
        temporary=stmt.relation.relpersistence == "t", partitioned=stmt.HasField("partspec"),
        like=tuple(relation(i.table_like_clause.relation, schema) for i in stmt.table_elts
                   if i.HasField("table_like_clause")),
        partition_of=parents[0] if partition and parents else None, inherits=() if partition else parents,
        default_partition=stmt.partbound.is_default,
    )  # fmt: skip


def column(node: pb.ColumnDef, table: Relation) -> ColumnSpec:
    """A column with the constraints that are written behind it."""
    written = [item.constraint for item in node.constraints]
    kinds = {c.contype for c in written}
    generated = next((c for c in written if c.contype == pb.CONSTR_GENERATED), None)
    defaults = [c.raw_expr for c in written if c.contype == pb.CONSTR_DEFAULT and not _is_null(c.raw_expr)]
    specs = tuple(spec for c in written if (spec := constraint(c, table, node.colname)))
    return ColumnSpec(
        name=node.colname, type=type_of(node.type_name), not_null=bool(kinds & {pb.CONSTR_NOTNULL, pb.CONSTR_PRIMARY}),
        default=defaults[0] if defaults else None, identity=pb.CONSTR_IDENTITY in kinds, constraints=specs,
        generated="" if generated is None else "virtual" if generated.generated_kind == "v" else "stored",
        computed_from=_named_in(generated.raw_expr) if generated is not None else frozenset(),
    )  # fmt: skip


def _is_null(node: pb.Node) -> bool:
    """Whether an expression is NULL, with a type or without: as a default, it is none."""
    return _is_null(node.type_cast.arg) if node.HasField("type_cast") else node.a_const.isnull


def _named_in(expression: pb.Node) -> frozenset[str]:
    """Columns that an expression names."""
    used = (n.column_ref.fields[-1].string.sval for n in nodes(expression) if n.HasField("column_ref"))
    return frozenset(used)


def constraint(node: pb.Constraint, table: Relation, of_column: str = "") -> ConstraintSpec | None:
    """A constraint, None where it is a default or the like; `of_column`: the column behind which it is written."""
    kind = KINDS.get(node.contype)
    if kind is None:
        return None
    columns = _columns(node, kind) or ((of_column,) if of_column else ())
    parent = relation(node.pktable, table.schema) if kind == "foreign key" else None
    return ConstraintSpec(
        kind=kind, columns=columns, name=node.conname or _default_name(table, kind, columns), parent=parent,
        parent_columns=tuple(part.string.sval for part in node.pk_attrs), valid=not node.skip_validation,
        index=node.indexname, cascades=node.fk_del_action == "c", node=node,
        not_null=frozenset(columns) if kind == "not null" else required_columns(node.raw_expr),
    )  # fmt: skip


def _columns(node: pb.Constraint, kind: str) -> tuple[str, ...]:
    match kind:
        case "foreign key":
            return tuple(part.string.sval for part in node.fk_attrs)
        case "check":
            used = (n.column_ref.fields[-1].string.sval for n in nodes(node.raw_expr) if n.HasField("column_ref"))
            return tuple(dict.fromkeys(used))
        case "exclusion":
            return tuple(item.list.items[0].index_elem.name for item in node.exclusions)
        case _:
            return tuple(part.string.sval for part in node.keys)


def _default_name(table: Relation, kind: str, columns: Sequence[str]) -> str:
    """The name that the server gives, where it is free."""
    middle = () if kind == "primary key" or (kind == "check" and len(columns) != 1) else columns
    return fit("_".join([table.name, *middle, SUFFIXES[kind]]))


def required_columns(condition: pb.Node) -> frozenset[str]:
    """Columns of which a condition says, alone or joined by AND, that they are not NULL: as the server concludes it."""
    if condition.HasField("bool_expr") and condition.bool_expr.boolop == pb.AND_EXPR:
        return frozenset[str]().union(*map(required_columns, condition.bool_expr.args))
    test = condition.null_test
    said = condition.HasField("null_test") and test.nulltesttype == pb.IS_NOT_NULL and test.arg.HasField("column_ref")
    return frozenset({test.arg.column_ref.fields[-1].string.sval}) if said else frozenset()


def alter_table(stmt: pb.AlterTableStmt, schema: str) -> Iterator[a.Action]:
    """Each command of ALTER TABLE."""
    table = relation(stmt.relation, schema)
    for item in stmt.cmds:
        yield _command(item.alter_table_cmd, table, schema)


def _command(  # noqa: PLR0911 - a table, not a procedure
    cmd: pb.AlterTableCmd, table: Relation, schema: str
) -> a.Action:
    said: Any = getattr(cmd, "def")
    if cmd.subtype in COLUMN_ACTIONS:
        return COLUMN_ACTIONS[cmd.subtype](table=table, column=cmd.name)
    match cmd.subtype:
        case pb.AT_AddColumn:
            return a.AddColumn(table=table, column=column(said.column_def, table), if_not_exists=cmd.missing_ok)
        case pb.AT_DropColumn:
            cascade = cmd.behavior == pb.DROP_CASCADE
            return a.DropColumn(table=table, column=cmd.name, cascade=cascade, if_exists=cmd.missing_ok)
        case pb.AT_AlterColumnType:
            return _alter_type(cmd.name, said.column_def, table)
        case pb.AT_ColumnDefault:
            return a.SetDefault(table=table, column=cmd.name, drops=not cmd.HasField("def"))
        case pb.AT_AddConstraint:
            spec = constraint(said.constraint, table)
            return a.AddConstraint(table=table, constraint=spec) if spec else a.OtherAlter(table=table)
        case pb.AT_DropConstraint:
            return a.DropConstraint(table=table, name=cmd.name, cascade=cmd.behavior == pb.DROP_CASCADE)
        case pb.AT_ValidateConstraint:
            return a.ValidateConstraint(table=table, name=cmd.name)
        case _:
            return _table_command(cmd, table, schema)


def _table_command(  # noqa: PLR0911 - a table, not a procedure
    cmd: pb.AlterTableCmd, table: Relation, schema: str
) -> a.Action:
    said: Any = getattr(cmd, "def").partition_cmd
    match cmd.subtype:
        case pb.AT_AttachPartition:
            return a.AttachPartition(table=table, partition=relation(said.name, schema), default=said.bound.is_default)
        case pb.AT_DetachPartition:
            return a.DetachPartition(table=table, partition=relation(said.name, schema), concurrently=said.concurrent)
        case pb.AT_DetachPartitionFinalize:
            return a.DetachPartition(table=table, partition=relation(said.name, schema), finalize=True)
        case pb.AT_EnableRowSecurity | pb.AT_DisableRowSecurity:
            return a.RowSecurity(table=table, enable=cmd.subtype == pb.AT_EnableRowSecurity)
        case pb.AT_SetTableSpace:
            return a.SetTablespace(table=table)
        case pb.AT_SetLogged | pb.AT_SetUnLogged | pb.AT_SetAccessMethod:
            return a.SetLogged(table=table)
        case _:
            return a.OtherAlter(table=table, exclusive=cmd.subtype not in GENTLE)


def _alter_type(name: str, said: pb.ColumnDef, table: Relation) -> a.AlterType:
    new = type_of(said.type_name)
    if not said.HasField("raw_default"):
        return a.AlterType(table=table, column=name, type=new)
    using = said.raw_default
    bare = using.type_cast.arg if using.HasField("type_cast") and type_of(using.type_cast.type_name) == new else using
    trivial = bare.HasField("column_ref") and bare.column_ref.fields[-1].string.sval == name
    return a.AlterType(table=table, column=name, type=new, using=expression_text(using), trivial_using=trivial)


def expression_text(node: pb.Node) -> str:
    """An expression as text."""
    tree = postgast.parse("SELECT 1")
    tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(node)
    return postgast.deparse(tree).removeprefix("SELECT ")
