"""Functions that policies call with a column of the row, and that query tables each time."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import function_name, nodes, parse_expression, value_of
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._effects import named_tables, tables_meant
from pgrefit.rules.security._policies import columns_of_asker


def searching_calls(db: Snapshot, condition: Expression) -> Iterator[tuple[Relation, str]]:
    """The tables that functions called for each row query, and the calls.

    Where equality with who asks comes first, few rows are left to call it for; what stands in a sub-select is the
    planner's.
    """
    searching = _searching(db)
    if not any(function.name in condition for function in searching):
        return
    value = value_of(parse_expression(condition))
    either = any(n.HasField("bool_expr") and n.bool_expr.boolop != pb.AND_EXPR for n in nodes(value))
    if columns_of_asker(condition) and not either:
        return
    for call in _outside_of_selects(value):
        if any(node.HasField("column_ref") for argument in call.args for node in nodes(argument)):
            for table in searching.get(function_name(call), ()):
                yield table, f"{function_name(call)}()"


def _outside_of_selects(node: pb.Node) -> Iterator[pb.FuncCall]:
    within = {id(n.func_call) for link in nodes(node) if link.HasField("sub_link") for n in nodes(link)
              if n.HasField("func_call")}  # fmt: skip
    yield from (n.func_call for n in nodes(node) if n.HasField("func_call") and id(n.func_call) not in within)


@lookup.remembered
def _searching(db: Snapshot) -> dict[Relation, tuple[Relation, ...]]:
    """Functions that the planner cannot take into the query, and the tables that they query."""
    found = ((body.function.name, _queried(db, body)) for body in bodies(db) if _stays_apart(body))
    return {name: tables for name, tables in found if tables}


def _stays_apart(body: Body) -> bool:
    """Whether it is run call by call: in PL/pgSQL, with its owner's rights, or with settings of its own.

    Source: https://wiki.postgresql.org/wiki/Inlining_of_SQL_functions.
    """
    function = body.function
    called = function.kind == "function" and function.returns != "trigger" and bool(function.arguments)
    return called and (function.language == "plpgsql" or function.security_definer or bool(function.settings))


def _queried(db: Snapshot, body: Body) -> tuple[Relation, ...]:
    named = (table for tree in body.trees for table in named_tables(tree))
    return tuple(dict.fromkeys(table.name for name in named for table in tables_meant(db, name)))
