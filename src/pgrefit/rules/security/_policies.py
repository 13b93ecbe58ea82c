"""Policies, the functions that they call, and what they let through."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.model.sql_tree import is_readable, nodes, parse_expression, value_of
from pgrefit.rules._bodies import bodies, source
from pgrefit.rules._effects import settled

CURRENT_SETTING = Relation("pg_catalog", "current_setting")
EQUALITIES = {pb.AEXPR_OP, pb.AEXPR_OP_ANY}
COMMANDS = ("select", "insert", "update", "delete")
PRIVILEGES = {command: command.upper() for command in COMMANDS}
PRIVILEGED = frozenset({
    "admin", "administrator", "backend", "backup", "batch", "bot", "cron", "daemon", "dba", "etl", "ingest", "internal",
    "job", "jobs", "maintenance", "manager", "migration", "migrations", "migrator", "monitor", "owner", "postgres",
    "replication", "root", "scheduler", "server", "service", "superuser", "supervisor", "support", "sync", "system",
    "worker",
})  # fmt: skip
"""Words in names of roles that are meant to see more than others."""


def protected(observation: Observation) -> Iterator[Table]:
    """The user's tables that have policies."""
    return (table for table in observation.snapshot.own_tables() if table.policies)


def conditions(policy: Policy) -> Iterator[Expression]:
    """What a policy asks of a row, as far as it can be read."""
    return (condition for condition in (policy.using, policy.check) if condition and is_readable(condition))


def seen_by(policy: Policy, command: str) -> Expression | None:
    """The condition that decides which rows a command finds; None where it finds none."""
    return None if command == "insert" else policy.using


def written_by(policy: Policy, command: str) -> Expression | None:
    """The condition that a new version of a row must meet: USING where no other is given."""
    if command not in {"insert", "update"}:
        return None
    return policy.check if policy.check is not None or policy.command == "insert" else policy.using


def stable_functions(observation: Observation) -> frozenset[Relation]:
    """Functions that return one value, the same for the whole statement.

    Whether they say so, or do nothing but read. A name that also has another form is left out: the tree does not tell
    which is called.
    """
    functions = [f for f in observation.snapshot.functions if f.kind == "function"]
    reading = settled(observation.snapshot)
    several = {f.name for f in functions if f.returns.startswith(("SETOF ", "TABLE("))}
    volatile = {f.name for f in functions if f.volatility == "volatile"} - reading
    stable = {f.name for f in functions if f.volatility == "stable"}
    return frozenset({CURRENT_SETTING, *((stable | reading) - volatile - several)})


def seen_to(db: Snapshot, table: Table, column: str, command: str) -> bool:
    """Whether a trigger that fires before the command may look after a column: its function names it, or is unread."""
    for trigger in table.triggers:
        if trigger.timing == "before" and command in trigger.events and trigger.enabled != "disabled":
            body = next((one for one in bodies(db) if one.function.name == trigger.function), None)
            if body is None or column.lower() in source(body.definition).lower():
                return True
    return False


def columns_of_asker(condition: Expression) -> tuple[str, ...]:
    """Columns at the top of a condition that are compared for equality with what is asked anew, not with the row."""
    pairs = (_sides(node.a_expr) for node in _outside_of_selects(value_of(parse_expression(condition))))
    return tuple(dict.fromkeys(column for pair in pairs for column in _columns_of_asker(*pair)))


def _outside_of_selects(node: pb.Node) -> Iterator[pb.Node]:
    """Equalities joined by AND, OR and NOT, those with any of several values too."""
    if node.HasField("bool_expr"):
        for arg in node.bool_expr.args:
            yield from _outside_of_selects(arg)
    elif node.HasField("a_expr") and node.a_expr.kind in EQUALITIES and node.a_expr.name[-1].string.sval == "=":
        yield node


def _sides(equality: pb.A_Expr) -> tuple[pb.Node, pb.Node]:
    return _bare(equality.lexpr), _bare(equality.rexpr)


def _columns_of_asker(one: pb.Node, other: pb.Node) -> Iterator[str]:
    for column, value in ((one, other), (other, one)):
        if column.HasField("column_ref") and _asks(value):
            yield column.column_ref.fields[-1].string.sval


def _asks(value: pb.Node) -> bool:
    inner = list(nodes(value))
    asks = any(node.HasField("func_call") or node.HasField("sqlvalue_function") for node in inner)
    return asks and not any(node.HasField("column_ref") or node.HasField("range_var") for node in inner)


def _bare(node: pb.Node) -> pb.Node:
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return node
