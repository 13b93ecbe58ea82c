"""What functions with their owner's rights do for their callers."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import UnreadableError, function_name, parse_expression
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._effects import called_name, calls, meant
from pgrefit.rules._trees import Tree

TRIGGER_RESULTS = frozenset({"trigger", "event_trigger"})
WHO_ASKS = frozenset({
    "current_setting", "has_database_privilege", "has_function_privilege", "has_schema_privilege",
    "has_table_privilege", "inet_client_addr", "jwt", "pg_has_role", "uid",
})  # fmt: skip
VALUES_OF_CALLER = frozenset({pb.SVFOP_SESSION_USER})


def asks_who(tree: Tree) -> bool:
    """Whether it looks at who asks, or at what the session was given; CURRENT_USER would be the owner."""
    session = any(value.op in VALUES_OF_CALLER for value in tree.all(pb.SQLValueFunction))
    return session or any(called_name(call) in WHO_ASKS for call in calls(tree))


@lookup.remembered
def asking(db: Snapshot) -> frozenset[Relation]:
    """The user's functions that look at who asks, or call one that does."""
    read = bodies(db)
    found = {body.function.name for body in read if any(map(asks_who, body.trees))}
    while True:
        more = {b.function.name for b in read if b.function.name not in found and _calls_one(db, b, found)}
        if not more:
            return frozenset(found)
        found |= more


def _calls_one(db: Snapshot, body: Body, wanted: Collection[Relation]) -> bool:
    return any(f.name in wanted for tree in body.trees for call in calls(tree) for f in meant(db, call))


@lookup.remembered
def called_by_policies(db: Snapshot) -> frozenset[Relation]:
    """Functions that policies call: whoever reads the table must be able to execute them."""
    found = (e for t in db.tables for policy in t.policies for e in (policy.using, policy.check) if e)
    return frozenset(name for condition in found for name in functions_in(condition))


def functions_in(condition: Expression) -> Iterator[Relation]:
    """Functions that an expression as the server prints it calls; none where it cannot be read."""
    try:
        tree = Tree(parse_expression(condition))
    except UnreadableError:
        return
    yield from (function_name(call) for call in calls(tree))
