"""Safe SQL to offer instead of what was written."""

from __future__ import annotations

import postgast
from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.lint.migration import Statement
from pgrefit.lint.reading_tables import expression_text
from pgrefit.lint.specs import ConstraintSpec
from pgrefit.model.ddl import Expression, ddl, raw
from pgrefit.model.names import Relation, fit
from pgrefit.model.sql_tree import parse_expression, value_of

LATER = "-- afterwards, in a transaction of its own:"
ALONE = "-- outside of a transaction, without lock_timeout:"
RELEASE = "-- once no running code needs it any more, in a later release:"


def script(*lines: str) -> str:
    """Statements and comments below each other; statements get their semicolon."""
    return "\n".join(line if line.startswith("--") or line.endswith(";") else f"{line};" for line in lines if line)


def text_of(kind: str, stmt: Message) -> str:
    """A statement's parse tree as text; `kind` names the field of the node."""
    tree = pb.ParseResult()
    getattr(tree.stmts.add().stmt, kind).CopyFrom(stmt)
    return postgast.deparse(tree)


def concurrently(stmt: pb.IndexStmt, name: str, *, unless_there: bool | None = None) -> str:
    """CREATE INDEX as written, but CONCURRENTLY and with a name that can be dropped after a failure."""
    changed = pb.IndexStmt()
    changed.CopyFrom(stmt)
    changed.concurrent, changed.idxname = True, name
    changed.if_not_exists = stmt.if_not_exists if unless_there is None else unless_there
    return text_of("index_stmt", changed)


def not_valid(table: Relation, spec: ConstraintSpec) -> str:
    """ALTER TABLE … ADD CONSTRAINT … NOT VALID, then its validation."""
    node = pb.Constraint()
    node.CopyFrom(spec.node)
    node.conname, node.skip_validation, node.initially_valid = spec.name, True, False
    if spec.kind == "foreign key" and not node.fk_attrs:
        node.fk_attrs.extend(pb.Node(string=pb.String(sval=column)) for column in spec.columns)
    stmt = pb.AlterTableStmt(objtype=pb.OBJECT_TABLE)
    stmt.relation.schemaname, stmt.relation.relname, stmt.relation.inh = table.schema, table.name, True
    stmt.relation.relpersistence = "p"
    command = stmt.cmds.add().alter_table_cmd
    command.subtype, command.behavior = pb.AT_AddConstraint, pb.DROP_RESTRICT
    getattr(command, "def").constraint.CopyFrom(node)
    return script(
        text_of("alter_table_stmt", stmt),
        LATER,
        ddl("ALTER TABLE {table} VALIDATE CONSTRAINT {name}", table=table, name=spec.name),
    )


def required(table: Relation, column: str) -> str:
    """NOT NULL by a check that was validated before."""
    name = fit(f"{table.name}_{column}", "_not_null")
    return script(
        ddl("ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({c} IS NOT NULL) NOT VALID", t=table, n=name, c=column),
        LATER,
        ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {n}", t=table, n=name),
        LATER,
        ddl("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL", t=table, c=column),
        ddl("ALTER TABLE {t} DROP CONSTRAINT {n}", t=table, n=name),
    )


def key_by_index(table: Relation, spec: ConstraintSpec) -> str:
    """A primary key or unique constraint from an index that was built beside the application's work."""
    index = fit(spec.name, "_idx") if spec.kind == "unique" else spec.name
    build = ddl("CREATE UNIQUE INDEX CONCURRENTLY {i} ON {t} ({c})", i=index, t=table, c=spec.columns)
    if spec.kind == "primary key":
        use = ddl("ALTER TABLE {t} ADD CONSTRAINT {n} PRIMARY KEY USING INDEX {i}", t=table, n=spec.name, i=index)
    else:
        use = ddl("ALTER TABLE {t} ADD CONSTRAINT {n} UNIQUE USING INDEX {i}", t=table, n=spec.name, i=index)
    return script(ALONE, build, LATER, use)


def own_text(statement: Statement) -> str:
    """The statement as written, with its semicolon."""
    return script(statement.text.strip())


def batched(statement: Statement) -> str:
    """One batch of an UPDATE or DELETE; '' where its WHERE does not say which rows are still to be changed."""
    node = statement.node
    kind = str(node.WhichOneof("node"))
    if kind not in {"update_stmt", "delete_stmt"}:
        return ""
    stmt = pb.UpdateStmt() if kind == "update_stmt" else pb.DeleteStmt()
    stmt.CopyFrom(getattr(node, kind))
    if _joined(stmt) or stmt.HasField("with_clause"):
        return ""
    if not stmt.HasField("where_clause"):
        still = _still_to_change(stmt)
        if not still:
            return ""
        stmt.where_clause.CopyFrom(value_of(parse_expression(still)))
    rows = text_of("select_stmt", _some_of(stmt))
    stmt.where_clause.CopyFrom(value_of(parse_expression(f"ctid = ANY (ARRAY({rows}))")))
    return script(
        "-- again and again until it changes no row, each time in a transaction of its own:", text_of(kind, stmt)
    )


def _still_to_change(stmt: pb.UpdateStmt | pb.DeleteStmt) -> str:
    """A condition for the rows that are left; '' where an UPDATE sets something other than constants."""
    if isinstance(stmt, pb.DeleteStmt):
        return "true"
    targets = [item.res_target for item in stmt.target_list]
    if any(target.indirection or not target.val.HasField("a_const") for target in targets):
        return ""
    return " OR ".join(
        ddl("{c} IS DISTINCT FROM {v}", c=target.name, v=raw(Expression(expression_text(target.val))))
        for target in targets
    )


def _joined(stmt: pb.UpdateStmt | pb.DeleteStmt) -> bool:
    return bool(stmt.from_clause if isinstance(stmt, pb.UpdateStmt) else stmt.using_clause)


def _some_of(stmt: pb.UpdateStmt | pb.DeleteStmt) -> pb.SelectStmt:
    """SELECT ctid of some rows FROM the table WHERE the statement's condition."""
    select = pb.SelectStmt()
    select.CopyFrom(postgast.parse("SELECT ctid FROM t WHERE true LIMIT 5000").stmts[0].stmt.select_stmt)
    select.from_clause[0].range_var.CopyFrom(stmt.relation)
    select.where_clause.CopyFrom(stmt.where_clause)
    return select
