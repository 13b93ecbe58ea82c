"""Statements that people wrote: taken apart, and examined for what does not fit a step."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.model.names import Relation
from pgrefit.model.sql_tree import UnreadableError, parse_sql

from ._reading import unqualified

OUTSIDE = {  # never in a transaction
    "vacuum_stmt": "VACUUM", "createdb_stmt": "CREATE DATABASE", "dropdb_stmt": "DROP DATABASE",
    "create_table_space_stmt": "CREATE TABLESPACE", "drop_table_space_stmt": "DROP TABLESPACE",
    "alter_system_stmt": "ALTER SYSTEM",
}  # fmt: skip
LOCAL = frozenset({pb.VAR_SET_VALUE, pb.VAR_SET_DEFAULT, pb.VAR_SET_CURRENT})
RESETS = frozenset({pb.VAR_RESET, pb.VAR_RESET_ALL})


def split(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Single statements, each text being one or more of them; UnreadableError where one is not SQL."""
    try:
        return tuple(part.strip() for text in texts for part in postgast.split(text) if part.strip())
    except postgast.PgQueryError as error:
        raise UnreadableError(str(error)) from error


def relations_named(statement: str) -> tuple[Relation, ...]:
    """The qualified relations that a statement names, each once."""
    ranges = postgast.find_nodes(parse_sql(statement), pb.RangeVar)
    return tuple(dict.fromkeys(Relation(r.schemaname, r.relname) for r in ranges if r.schemaname))


def unfit(statement: str, *, in_transaction: bool) -> Iterator[str]:
    """Why a statement cannot be one of a step, in words."""
    tree = parse_sql(statement)
    node = tree.stmts[0].stmt
    kind = node.WhichOneof("node")
    if kind == "transaction_stmt":
        yield f"{statement}: transactions are begun and ended for you"
    if kind == "copy_stmt" and not node.copy_stmt.filename:
        yield "COPY from or to the client: nobody is there to send or take the rows"
    if kind in {"prepare_stmt", "execute_stmt", "listen_stmt", "unlisten_stmt", "declare_cursor_stmt", "fetch_stmt"}:
        yield f"{statement}: lives in a session, and each attempt may have another one"
    yield from _settings(node)
    if in_transaction:
        yield from _outside_only(node, kind)
    yield from (f"names {name} without a schema" for name in unqualified(tree))


def _settings(node: pb.Node) -> Iterator[str]:
    said = node.variable_set_stmt
    if node.HasField("variable_set_stmt") and ((said.kind in LOCAL and not said.is_local) or said.kind in RESETS):
        yield f"SET {said.name} outlasts the step: write SET LOCAL"


def _outside_only(node: pb.Node, kind: str | None) -> Iterator[str]:
    where = "runs in no transaction: say in_transaction = false, with that statement alone"
    if kind == "vacuum_stmt" and not node.vacuum_stmt.is_vacuumcmd:
        return  # ANALYZE
    if kind in OUTSIDE:
        yield f"{OUTSIDE[kind]} {where}"
    if _is_concurrent(node):
        yield f"CONCURRENTLY {where}"
    if kind == "reindex_stmt" and node.reindex_stmt.kind > pb.REINDEX_OBJECT_TABLE:
        yield f"REINDEX of more than a table {where}"


def _is_concurrent(node: pb.Node) -> bool:
    """Of REFRESH MATERIALIZED VIEW it may be in a transaction."""
    if node.HasField("alter_table_stmt"):
        commands = (c.alter_table_cmd for c in node.alter_table_stmt.cmds)
        return any(map(_detaches, commands))
    reindex = node.reindex_stmt.params if node.HasField("reindex_stmt") else ()
    return bool(
        (node.HasField("index_stmt") and node.index_stmt.concurrent)
        or (node.HasField("drop_stmt") and node.drop_stmt.concurrent)
        or any(option.def_elem.defname == "concurrently" for option in reindex)
    )


def _detaches(command: pb.AlterTableCmd) -> bool:
    return any(part.concurrent for part in postgast.find_nodes(command, pb.PartitionCmd))


def faults_of_proof(proof: str) -> Iterator[str]:
    """Why a text is no statement that returns one boolean."""
    try:
        statements = split((proof,))
        if len(statements) != 1 or not parse_sql(statements[0]).stmts[0].stmt.HasField("select_stmt"):
            yield "is not one SELECT"
            return
    except UnreadableError as error:
        yield f"is not readable: {error}"
        return
    tree = parse_sql(proof)
    select = tree.stmts[0].stmt.select_stmt
    if select.op == pb.SETOP_NONE and len(select.target_list) != 1:
        yield "does not return one column"
    if not _has(tree, pb.ColumnRef, pb.FuncCall, pb.RangeVar, pb.SubLink):
        yield "is the same before and after: it asks for nothing"
    if _has(tree, pb.LockingClause) or select.HasField("into_clause"):
        yield "does more than ask"
    if _has(tree, pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt):
        yield "changes rows"


def _has(tree: pb.ParseResult, *kinds: type[Message]) -> bool:
    return any(True for kind in kinds for _ in postgast.find_nodes(tree, kind))
