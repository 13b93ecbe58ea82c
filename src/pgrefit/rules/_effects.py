"""What statements do: which tables they name and write to, which functions they call, whether they only read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Function, Snapshot, Table
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._trees import Tree

VOLATILE = frozenset({
    "clock_timestamp", "currval", "dblink", "dblink_exec", "gen_random_bytes", "gen_random_uuid", "lastval", "nextval",
    "pg_notify", "pg_sleep", "random", "random_normal", "set_config", "setseed", "setval", "timeofday", "txid_current",
    "pg_current_xact_id", "uuid_generate_v1", "uuid_generate_v4", "uuidv4", "uuidv7",
})  # fmt: skip
"""The server's own functions (and those of its extensions) that answer otherwise each time, or change something."""

OF_THE_MOMENT = frozenset({
    "current_query", "current_schema", "current_schemas", "current_setting", "inet_client_addr", "inet_client_port",
    "now", "pg_backend_pid", "statement_timestamp", "transaction_timestamp",
})  # fmt: skip
"""The server's own that answer otherwise in another transaction or session."""

Judge = Callable[[Function], bool]
LOCKING_PREFIX = ("pg_advisory", "pg_try_advisory", "lo_")
WRITING = (pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt)


def written_to(tree: Tree) -> Iterator[pb.RangeVar]:
    """The tables that a statement puts rows into, changes or empties."""
    for kind in WRITING:
        yield from (statement.relation for statement in tree.all(kind))
    for statement in tree.all(pb.TruncateStmt):
        yield from (node.range_var for node in statement.relations)


def made(tree: Tree) -> Iterator[str]:
    """Names of the tables that a statement creates."""
    yield from (statement.relation.relname for statement in tree.all(pb.CreateStmt))
    yield from (into.rel.relname for into in tree.all(pb.IntoClause))
    yield from (view.view.relname for view in tree.all(pb.ViewStmt))


def named_tables(tree: Tree) -> Iterator[pb.RangeVar]:
    """The tables and views that queries and data changing statements name; what WITH names is none."""
    common = {cte.ctename for cte in tree.all(pb.CommonTableExpr)}
    own = set(made(tree))
    for table in tree.all(pb.RangeVar):
        if table.schemaname or table.relname not in common | own:
            yield table


def calls(tree: Tree) -> list[pb.FuncCall]:
    """Calls of functions, outermost first."""
    return tree.all(pb.FuncCall)


def called_name(call: pb.FuncCall) -> str:
    """The function's name without its schema."""
    return str(call.funcname[-1].string.sval)


@lookup.remembered
def by_bare_name(db: Snapshot) -> dict[str, tuple[Function, ...]]:
    """Functions by their names without schema."""
    found: defaultdict[str, list[Function]] = defaultdict(list)
    for function in db.functions:
        found[function.name.name].append(function)
    return {name: tuple(functions) for name, functions in found.items()}


def meant(db: Snapshot, call: pb.FuncCall) -> tuple[Function, ...]:
    """The functions of the database that a call may mean, whatever their arguments."""
    schema = call.funcname[-2].string.sval if len(call.funcname) > 1 else ""
    return tuple(f for f in by_bare_name(db).get(called_name(call), ()) if schema in {"", f.name.schema})


@lookup.remembered
def settled(db: Snapshot) -> frozenset[Relation]:
    """Functions that are declared volatile, as they are where nothing is said, though all that they do is read."""
    known = {id(body.function): body for body in bodies(db)}
    judged: dict[int, bool] = {}

    def reads_only(function: Function) -> bool:
        body = known.get(id(function))
        if function.volatility != "volatile":
            return True
        if body is None or id(function) in judged:
            return judged.get(id(function), False)
        judged[id(function)] = False  # while it is looked at: what calls itself is not settled
        judged[id(function)] = _selects_only(body) and all(
            _harmless(call, meant(db, call), reads_only) for tree in body.trees for call in calls(tree)
        )
        return judged[id(function)]

    functions = [f for f in db.functions if f.kind == "function" and f.volatility == "volatile"]
    wild = {f.name for f in functions if not reads_only(f)}
    return frozenset({f.name for f in functions} - wild)


def _harmless(call: pb.FuncCall, functions: tuple[Function, ...], reads_only: Judge) -> bool:
    if functions:
        return all(map(reads_only, functions))
    name = called_name(call)
    return name not in VOLATILE and not name.startswith(LOCKING_PREFIX)


def _selects_only(body: Body) -> bool:
    if body.executed or body.function.returns in {"void", "trigger", "event_trigger"}:
        return False
    return all(_is_select(tree) for tree in body.statements)


def _is_select(tree: Tree) -> bool:
    locks = any(select.locking_clause or select.HasField("into_clause") for select in tree.all(pb.SelectStmt))
    return (
        isinstance(tree.root, pb.Node) and tree.root.HasField("select_stmt") and not locks and not any(written_to(tree))
    )


@lookup.remembered
def tables_by_bare_name(db: Snapshot) -> dict[str, tuple[Table, ...]]:
    """Tables by their names without schema."""
    found: defaultdict[str, list[Table]] = defaultdict(list)
    for table in db.tables:
        found[table.name.name].append(table)
    return {name: tuple(tables) for name, tables in found.items()}


def tables_meant(db: Snapshot, named: pb.RangeVar) -> tuple[Table, ...]:
    """The tables that a name in a statement may mean."""
    return tuple(t for t in tables_by_bare_name(db).get(named.relname, ())
                 if named.schemaname in {"", t.name.schema})  # fmt: skip
