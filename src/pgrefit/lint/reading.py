"""From a statement's parse tree to what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.lint import actions as a
from pgrefit.lint.reading_rows import delete, insert, merge, update
from pgrefit.lint.reading_tables import alter_table, constant, create_table, relation
from pgrefit.lint.types import type_of
from pgrefit.model.names import Relation
from pgrefit.model.sql_tree import nodes

NOTHING = Relation("", "")
STOPS_WRITES = 5  # ShareLock, as LockStmt numbers modes
DROPPED: dict[int, a.ObjectKind] = {
    pb.OBJECT_TABLE: "table", pb.OBJECT_FOREIGN_TABLE: "table", pb.OBJECT_VIEW: "view",
    pb.OBJECT_MATVIEW: "materialized view", pb.OBJECT_INDEX: "index", pb.OBJECT_SEQUENCE: "sequence",
    pb.OBJECT_SCHEMA: "schema", pb.OBJECT_TYPE: "type", pb.OBJECT_DOMAIN: "domain", pb.OBJECT_FUNCTION: "function",
    pb.OBJECT_PROCEDURE: "function", pb.OBJECT_ROUTINE: "function", pb.OBJECT_TRIGGER: "trigger",
    pb.OBJECT_POLICY: "policy", pb.OBJECT_EXTENSION: "extension", pb.OBJECT_PUBLICATION: "publication",
}  # fmt: skip
RENAMED = {
    pb.OBJECT_TABLE: "table", pb.OBJECT_FOREIGN_TABLE: "table", pb.OBJECT_VIEW: "view", pb.OBJECT_MATVIEW: "view",
    pb.OBJECT_SCHEMA: "schema", pb.OBJECT_INDEX: "index", pb.OBJECT_TYPE: "type", pb.OBJECT_DOMAIN: "type",
    pb.OBJECT_FUNCTION: "function", pb.OBJECT_PROCEDURE: "function", pb.OBJECT_ROUTINE: "function",
    pb.OBJECT_TABCONSTRAINT: "constraint", pb.OBJECT_SEQUENCE: "sequence",
}  # fmt: skip
OF_TRANSACTIONS = {
    pb.TRANS_STMT_BEGIN: "begin", pb.TRANS_STMT_START: "begin", pb.TRANS_STMT_COMMIT: "commit",
    pb.TRANS_STMT_ROLLBACK: "rollback",
}  # fmt: skip
SERVER_WIDE = {
    "createdb_stmt": "CREATE DATABASE", "create_table_space_stmt": "CREATE TABLESPACE",
    "drop_table_space_stmt": "DROP TABLESPACE", "alter_system_stmt": "ALTER SYSTEM",
}  # fmt: skip


def read_actions(node: pb.Node, schema: str) -> tuple[a.Action, ...]:
    """What the statement does; `schema` is where names without one are found or made."""
    kind = str(node.WhichOneof("node") or "")
    if kind in SERVER_WIDE:
        return (a.ServerWide(table=NOTHING, command=SERVER_WIDE[kind]),)
    reader = _READERS.get(kind)
    found = tuple(reader(getattr(node, kind), schema)) if reader else ()
    return (*found, *_behind_with(getattr(node, kind), schema)) or (a.Other(table=NOTHING),)


def _behind_with(stmt: Message, schema: str) -> Iterator[a.Action]:
    """What the parts of a WITH do that change rows."""
    if isinstance(stmt, pb.SelectStmt | pb.InsertStmt | pb.UpdateStmt | pb.DeleteStmt | pb.MergeStmt):
        for item in stmt.with_clause.ctes:
            query = item.common_table_expr.ctequery
            if not query.HasField("select_stmt"):
                yield from (x for x in read_actions(query, schema) if isinstance(x, (a.ChangeRows, a.InsertRows)))


def _create_table(stmt: pb.CreateStmt, schema: str) -> Iterator[a.Action]:
    yield create_table(stmt, schema)


def _create_table_as(stmt: pb.CreateTableAsStmt, schema: str) -> Iterator[a.Action]:
    into = stmt.into.rel
    if stmt.objtype == pb.OBJECT_MATVIEW:
        yield _view(into, stmt.query, schema, materialized=True)
    else:
        yield a.CreateTable(table=relation(into, schema), temporary=into.relpersistence == "t", from_select=True)


def _create_view(stmt: pb.ViewStmt, schema: str) -> Iterator[a.Action]:
    yield _view(stmt.view, stmt.query, schema, replace=stmt.replace, options=stmt.options)


def _view(
    name: pb.RangeVar, query: pb.Node, schema: str, *, materialized: bool = False, replace: bool = False,
    options: Iterable[pb.Node] = (),
) -> a.CreateView:  # fmt: skip
    reads, columns = _reads(query, schema)
    return a.CreateView(
        table=relation(name, schema), materialized=materialized, replace=replace, reads=reads, columns=columns,
        security_invoker=_invoker(options) is True, node=query,
    )  # fmt: skip


def _reads(query: pb.Node, schema: str) -> tuple[frozenset[Relation], frozenset[str]]:
    found = list(nodes(query))
    tables = {relation(node.range_var, schema) for node in found if node.HasField("range_var")}
    fields = [node.column_ref.fields[-1] for node in found if node.HasField("column_ref")]
    return frozenset(tables), frozenset(f.string.sval if f.HasField("string") else "*" for f in fields)


def _invoker(options: Iterable[pb.Node]) -> bool | None:
    """What the options say of security_invoker; None where nothing."""
    for option in options:
        if option.def_elem.defname == "security_invoker":
            said = constant(option.def_elem.arg) if option.def_elem.HasField("arg") else "true"
            return said.lower() in {"true", "on", "1", "yes"}
    return None


def _alter_table(stmt: pb.AlterTableStmt, schema: str) -> Iterator[a.Action]:
    if stmt.objtype == pb.OBJECT_VIEW:
        for cmd in stmt.cmds:
            if cmd.alter_table_cmd.subtype == pb.AT_SetRelOptions:
                said = _options(cmd)
                if said is not None:
                    yield a.AlterViewOptions(table=relation(stmt.relation, schema), security_invoker=said)
    elif stmt.objtype == pb.OBJECT_TABLE:
        yield from alter_table(stmt, schema)
    elif stmt.objtype in {pb.OBJECT_INDEX, pb.OBJECT_MATVIEW, pb.OBJECT_FOREIGN_TABLE, pb.OBJECT_TYPE}:
        yield from map(_without_rows, alter_table(stmt, schema))


def _without_rows(action: a.Action) -> a.Action:
    """What ALTER INDEX, MATERIALIZED VIEW, FOREIGN TABLE or TYPE does: none has rows that are read or rewritten."""
    kept = (a.DropColumn, a.SetTablespace, a.SetLogged, a.OtherAlter)
    exclusive = not isinstance(action, a.AttachPartition)
    return action if isinstance(action, kept) else a.OtherAlter(table=action.table, exclusive=exclusive)


def _move_all(stmt: pb.AlterTableMoveAllStmt, _schema: str) -> Iterator[a.Action]:
    yield a.SetTablespace(table=Relation("", f"all in tablespace {stmt.orig_tablespacename}"))


def _options(cmd: pb.Node) -> bool | None:
    return _invoker(getattr(cmd.alter_table_cmd, "def").list.items)


def _rename(stmt: pb.RenameStmt, schema: str) -> Iterator[a.Action]:
    on = relation(stmt.relation, schema)
    if stmt.rename_type in {pb.OBJECT_COLUMN, pb.OBJECT_ATTRIBUTE}:
        attribute = stmt.rename_type == pb.OBJECT_ATTRIBUTE
        yield a.RenameColumn(table=on, column=stmt.subname, to=stmt.newname, attribute=attribute)
    elif stmt.rename_type == pb.OBJECT_SCHEMA:
        yield a.RenameObject(table=Relation("", stmt.subname), kind="schema", to=stmt.newname)
    elif stmt.rename_type == pb.OBJECT_TABCONSTRAINT:
        yield a.RenameObject(table=on, kind=f"constraint {stmt.subname}", to=stmt.newname)
    elif stmt.rename_type in RENAMED:
        known = _named(stmt.object, schema) if stmt.HasField("object") else on
        yield a.RenameObject(table=known, kind=RENAMED[stmt.rename_type], to=stmt.newname)


def _set_schema(stmt: pb.AlterObjectSchemaStmt, schema: str) -> Iterator[a.Action]:
    kind = RENAMED.get(stmt.object_type, "object")
    known = _named(stmt.object, schema) if stmt.HasField("object") else relation(stmt.relation, schema)
    yield a.RenameObject(table=known, kind=kind, to=stmt.newschema, schema=True)


def _create_index(stmt: pb.IndexStmt, schema: str) -> Iterator[a.Action]:
    table = relation(stmt.relation, schema)
    keys = tuple(param.index_elem.name for param in stmt.index_params)
    words = "_".join(key or "expr" for key in keys)
    yield a.CreateIndex(
        table=table, name=table.beside(stmt.idxname or f"{table.name}_{words}_idx"), keys=keys,
        include=tuple(param.index_elem.name for param in stmt.index_including_params), unique=stmt.unique,
        method=stmt.access_method or "btree", partial=stmt.HasField("where_clause"), concurrently=stmt.concurrent,
        if_not_exists=stmt.if_not_exists, only=not stmt.relation.inh, node=stmt,
    )  # fmt: skip


def _drop(stmt: pb.DropStmt, schema: str) -> Iterator[a.Action]:
    kind = DROPPED.get(stmt.remove_type, "other")
    for item in stmt.objects:
        on, name = None, _named(item, schema)
        if kind in {"trigger", "policy"}:
            path = [part.string.sval for part in item.list.items]
            on, name = _qualified(path[:-1], schema), Relation("", path[-1])
        yield a.Drop(
            table=name, kind=kind, concurrently=stmt.concurrent, cascade=stmt.behavior == pb.DROP_CASCADE,
            if_exists=stmt.missing_ok, on=on,
        )  # fmt: skip


def _drop_database(stmt: pb.DropdbStmt, _schema: str) -> Iterator[a.Action]:
    yield a.Drop(table=Relation("", stmt.dbname), kind="database", if_exists=stmt.missing_ok)
    yield a.ServerWide(table=NOTHING, command="DROP DATABASE")


def _drop_owned(stmt: pb.DropOwnedStmt, _schema: str) -> Iterator[a.Action]:
    for item in stmt.roles:
        yield a.Drop(
            table=Relation("", item.role_spec.rolename or "the user"), kind="owned",
            cascade=stmt.behavior == pb.DROP_CASCADE,
        )  # fmt: skip


def _named(node: pb.Node, schema: str) -> Relation:
    """The object that a list of names, a type or a function with arguments names."""
    if node.HasField("list"):
        path = [part.string.sval for part in node.list.items]
    elif node.HasField("type_name"):
        path = [part.string.sval for part in node.type_name.names]
    elif node.HasField("object_with_args"):
        path = [part.string.sval for part in node.object_with_args.objname]
    else:
        return Relation("", node.string.sval)
    return _qualified(path, schema)


def _qualified(path: list[str], schema: str) -> Relation:
    return Relation(path[-2] if len(path) > 1 else schema, path[-1] if path else "")


def _reindex(stmt: pb.ReindexStmt, schema: str) -> Iterator[a.Action]:
    kinds = {
        pb.REINDEX_OBJECT_INDEX: "index", pb.REINDEX_OBJECT_TABLE: "table", pb.REINDEX_OBJECT_SCHEMA: "schema",
        pb.REINDEX_OBJECT_SYSTEM: "system",
    }  # fmt: skip
    on = relation(stmt.relation, schema) if stmt.HasField("relation") else Relation("", stmt.name)
    yield a.Reindex(table=on, concurrently=_has(stmt.params, "concurrently"), kind=kinds.get(stmt.kind, "database"))


def _has(options: Iterable[pb.Node], name: str) -> bool:
    said = [o.def_elem for o in options if o.def_elem.defname == name]
    return any(not o.HasField("arg") or constant(o.arg).lower() not in {"false", "off", "0", "no"} for o in said)


def _truncate(stmt: pb.TruncateStmt, schema: str) -> Iterator[a.Action]:
    for item in stmt.relations:
        yield a.Truncate(table=relation(item.range_var, schema), cascade=stmt.behavior == pb.DROP_CASCADE)


def _vacuum(stmt: pb.VacuumStmt, schema: str) -> Iterator[a.Action]:
    if not stmt.is_vacuumcmd:
        return
    full = _has(stmt.options, "full")
    tables = [relation(item.vacuum_relation.relation, schema) for item in stmt.rels] or [NOTHING]
    for table in tables:
        yield a.Rewrite(table=table, command="VACUUM FULL") if full else a.Vacuum(table=table)


def _cluster(stmt: pb.ClusterStmt, schema: str) -> Iterator[a.Action]:
    yield a.Rewrite(table=relation(stmt.relation, schema) if stmt.HasField("relation") else NOTHING, command="CLUSTER")


def _refresh(stmt: pb.RefreshMatViewStmt, schema: str) -> Iterator[a.Action]:
    yield a.Refresh(table=relation(stmt.relation, schema), concurrently=stmt.concurrent)


def _lock(stmt: pb.LockStmt, schema: str) -> Iterator[a.Action]:
    if stmt.mode >= STOPS_WRITES:
        for item in stmt.relations:
            yield a.LockTable(table=relation(item.range_var, schema), mode=stmt.mode)


def _create_policy(stmt: pb.CreatePolicyStmt, schema: str) -> Iterator[a.Action]:
    columns = _reads(stmt.qual, schema)[1] | _reads(stmt.with_check, schema)[1]
    yield a.CreatePolicy(table=relation(stmt.table, schema), name=stmt.policy_name, columns=columns)


def _create_trigger(stmt: pb.CreateTrigStmt, schema: str) -> Iterator[a.Action]:
    columns = tuple(part.string.sval for part in stmt.columns)
    writes = bool(stmt.events & (4 | 8 | 16))  # TRIGGER_TYPE_INSERT, DELETE, UPDATE
    yield a.CreateTrigger(
        table=relation(stmt.relation, schema), name=stmt.trigname, row=stmt.row, columns=columns, writes=writes,
        conditional=stmt.HasField("when_clause") or bool(columns),
    )  # fmt: skip


def _create_function(stmt: pb.CreateFunctionStmt, schema: str) -> Iterator[a.Action]:
    said = [o.def_elem.arg.string.sval for o in stmt.options if o.def_elem.defname == "volatility"]
    language = [o.def_elem.arg.string.sval for o in stmt.options if o.def_elem.defname == "language"]
    name = _qualified([part.string.sval for part in stmt.funcname], schema)
    yield a.CreateFunction(
        table=name, volatility=said[0] if said else "volatile", language=language[0] if language else "sql"
    )


def _create_enum(stmt: pb.CreateEnumStmt, schema: str) -> Iterator[a.Action]:
    name = _qualified([part.string.sval for part in stmt.type_name], schema)
    yield a.CreateType(table=name, labels=tuple(part.string.sval for part in stmt.vals))


def _create_composite(stmt: pb.CompositeTypeStmt, schema: str) -> Iterator[a.Action]:
    yield a.CreateType(table=relation(stmt.typevar, schema))


def _alter_enum(stmt: pb.AlterEnumStmt, schema: str) -> Iterator[a.Action]:
    name = _qualified([part.string.sval for part in stmt.type_name], schema)
    if stmt.old_val:
        yield a.RenameEnumValue(table=name, value=stmt.old_val, to=stmt.new_val)
    else:
        placed, known = bool(stmt.new_val_neighbor), stmt.skip_if_new_val_exists
        yield a.AddEnumValue(table=name, value=stmt.new_val, placed=placed, if_not_exists=known)


def _create_domain(stmt: pb.CreateDomainStmt, schema: str) -> Iterator[a.Action]:
    kinds = {item.constraint.contype for item in stmt.constraints}
    name = _qualified([part.string.sval for part in stmt.domainname], schema)
    constrained = bool(kinds & {pb.CONSTR_CHECK, pb.CONSTR_NOTNULL})
    yield a.CreateDomain(table=name, constrained=constrained, base=type_of(stmt.type_name))


def _alter_domain(stmt: pb.AlterDomainStmt, schema: str) -> Iterator[a.Action]:
    name = _qualified([part.string.sval for part in stmt.type_name], schema)
    if stmt.subtype in {"C", "O"}:  # ADD CONSTRAINT, SET NOT NULL
        said = getattr(stmt, "def").constraint
        yield a.ConstrainDomain(table=name, valid=not said.skip_validation, name=said.conname)


def _set(stmt: pb.VariableSetStmt, _schema: str) -> Iterator[a.Action]:
    values = tuple(constant(arg) for arg in stmt.args) if stmt.kind == pb.VAR_SET_VALUE else ()
    yield a.SetVariable(table=NOTHING, name=stmt.name.lower(), values=values, local=stmt.is_local)


def _select(stmt: pb.SelectStmt, schema: str) -> Iterator[a.Action]:
    for target in stmt.target_list:
        call = target.res_target.val.func_call
        if target.res_target.val.HasField("func_call") and call.funcname[-1].string.sval == "set_config":
            name, value, local = (constant(arg) for arg in call.args)
            yield a.SetVariable(
                table=NOTHING, name=name.lower(), values=(value,) if value else (), local=local == "true"
            )
        elif target.res_target.val.HasField("func_call"):
            yield a.CallFunction(table=_qualified([part.string.sval for part in call.funcname], schema))
    if stmt.HasField("into_clause"):
        into = stmt.into_clause.rel
        yield a.CreateTable(table=relation(into, schema), temporary=into.relpersistence == "t", from_select=True)


def _call(stmt: pb.CallStmt, schema: str) -> Iterator[a.Action]:
    yield a.CallFunction(table=_qualified([part.string.sval for part in stmt.funccall.funcname], schema))


def _transaction(stmt: pb.TransactionStmt, _schema: str) -> Iterator[a.Action]:
    kind: Any = "chain" if stmt.chain else OF_TRANSACTIONS.get(stmt.kind, "other")
    yield a.Transaction(table=NOTHING, kind=kind)


def _do(stmt: pb.DoStmt, _schema: str) -> Iterator[a.Action]:
    said = [arg.def_elem.arg.string.sval for arg in stmt.args if arg.def_elem.defname == "language"]
    yield a.RunBody(table=NOTHING, language=said[0] if said else "plpgsql")


Reader = Callable[[Any, str], Iterator[a.Action]]
_READERS: dict[str, Reader] = {
    "create_stmt": _create_table, "create_table_as_stmt": _create_table_as, "view_stmt": _create_view,
    "alter_table_stmt": _alter_table, "alter_table_move_all_stmt": _move_all, "rename_stmt": _rename,
    "alter_object_schema_stmt": _set_schema,
    "index_stmt": _create_index, "drop_stmt": _drop, "drop_owned_stmt": _drop_owned, "dropdb_stmt": _drop_database,
    "reindex_stmt": _reindex, "truncate_stmt": _truncate, "vacuum_stmt": _vacuum, "cluster_stmt": _cluster,
    "refresh_mat_view_stmt": _refresh, "lock_stmt": _lock,
    "update_stmt": update, "delete_stmt": delete, "insert_stmt": insert, "merge_stmt": merge,
    "create_policy_stmt": _create_policy, "create_trig_stmt": _create_trigger,
    "create_function_stmt": _create_function, "create_enum_stmt": _create_enum,
    "composite_type_stmt": _create_composite, "alter_enum_stmt": _alter_enum, "create_domain_stmt": _create_domain,
    "alter_domain_stmt": _alter_domain, "variable_set_stmt": _set, "select_stmt": _select,
    "transaction_stmt": _transaction, "do_stmt": _do, "call_stmt": _call,
}  # fmt: skip
