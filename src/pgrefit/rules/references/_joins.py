"""Which columns the queries, views, functions and policies of a database compare with each other."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError, children, parse_sql
from pgrefit.model.workload import Workload
from pgrefit.rules._bodies import bodies

from ._scopes import STATEMENTS, Place, Scope, Scopes

EQUALS = {pb.AEXPR_OP, pb.AEXPR_NOT_DISTINCT}
MOST_TRIGGERED = 5  # tables whose rows a trigger function is read with


class Joins:
    """Pairs of columns that are compared for equality, both ways."""

    def __init__(self, db: Snapshot) -> None:
        self.pairs: defaultdict[Place, set[Place]] = defaultdict(set)
        self.scopes = Scopes(db)

    def read(self, sql: str, scope: Scope | None = None) -> None:
        """Take in what statements compare; what cannot be read is passed over."""
        try:
            self.walk(parse_sql(sql), scope or {}, {})
        except UnreadableError:
            return

    def walk(self, message: Message, scope: Scope, ctes: Scope) -> None:
        """Take in what a tree compares."""
        if isinstance(message, STATEMENTS):
            own, ctes = self.scopes.within(message, ctes)
            scope = {**scope, **own}
        if isinstance(message, pb.JoinExpr):
            self._using(message, ctes)
        elif isinstance(message, pb.A_Expr):
            self._equal(message, scope)
        elif isinstance(message, pb.SubLink):
            self._among(message, scope, ctes)
        for child in children(message):
            self.walk(child, scope, ctes)

    def _pair(self, one: Place | None, other: Place | None) -> None:
        if one and other and one != other:
            self.pairs[one].add(other)
            self.pairs[other].add(one)

    def _equal(self, comparison: pb.A_Expr, scope: Scope) -> None:
        """a = b, (a, b) = (c, d)."""
        if comparison.kind not in EQUALS or _operator(comparison) != "=":
            return
        sides = [_items(side) for side in (comparison.lexpr, comparison.rexpr)]
        for left, right in zip(*sides, strict=False):
            self._pair(self.scopes.place(left, scope), self.scopes.place(right, scope))

    def _among(self, link: pb.SubLink, scope: Scope, ctes: Scope) -> None:
        """a IN (SELECT b …)."""
        if link.sub_link_type == pb.ANY_SUBLINK and [part.string.sval for part in link.oper_name] in ([], ["="]):
            self._pair(self.scopes.place(link.testexpr, scope), self.scopes.first_output(link.subselect, scope, ctes))

    def _using(self, join: pb.JoinExpr, ctes: Scope) -> None:
        for node in join.using_clause:
            column = node.string.sval
            sides = [
                {columns[column] for _, columns in self.scopes.sources(side, ctes) if column in columns}
                for side in (join.larg, join.rarg)
            ]
            if all(len(side) == 1 for side in sides):
                self._pair(sides[0].pop(), sides[1].pop())


def _items(node: pb.Node) -> list[pb.Node]:
    return list(node.row_expr.args) if node.HasField("row_expr") else [node]


def _operator(comparison: pb.A_Expr) -> str:
    return comparison.name[-1].string.sval if comparison.name else ""


def compared(observation: Observation) -> dict[Place, frozenset[Place]]:
    """For each column those that it is compared with, in views, functions, policies and queries of the workload."""
    found = _in_schema(observation.snapshot)
    queries = _in_workload(observation.workload, observation.snapshot) if observation.workload.queries else {}
    return {place: found.get(place, frozenset()) | queries.get(place, frozenset()) for place in found.keys() | queries}


@remembered
def _in_schema(db: Snapshot) -> dict[Place, frozenset[Place]]:
    joins = Joins(db)
    for view in db.views:
        if not view.extension:
            joins.read(view.definition)
    triggered = _triggered(db)
    for body in bodies(db):
        scopes = [_rows_of(joins, table) for table in triggered.get(body.function.name, [])[:MOST_TRIGGERED]]
        for scope in scopes or [{}]:
            for tree in body.trees:
                joins.walk(tree.root, scope, {})
    for table in db.own_tables():
        for policy in table.policies:
            for condition in filter(None, (policy.using, policy.check)):
                joins.read(f"SELECT ({condition})", {table.name.name: joins.scopes.columns_of(table)})
    return _frozen(joins)


def _triggered(db: Snapshot) -> dict[Relation, list[Table]]:
    """The tables that each trigger function is called for."""
    found: defaultdict[Relation, list[Table]] = defaultdict(list)
    for table in db.own_tables():
        for function in dict.fromkeys(trigger.function for trigger in table.triggers):
            found[function].append(table)
    return found


def _rows_of(joins: Joins, table: Table) -> Scope:
    columns = joins.scopes.columns_of(table)
    return {"new": columns, "old": columns}


def _in_workload(workload: Workload, db: Snapshot) -> dict[Place, frozenset[Place]]:
    return _read_workload(tuple(query.sql for query in workload.queries), _Tables(db))


class _Tables:
    """A schema that is the same as another one only if it is the same object."""

    def __init__(self, db: Snapshot) -> None:
        self.db = db

    def __hash__(self) -> int:
        return id(self.db)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tables) and other.db is self.db


@lru_cache(maxsize=4)
def _read_workload(queries: tuple[str, ...], tables: _Tables) -> dict[Place, frozenset[Place]]:
    joins = Joins(tables.db)
    for query in queries:
        joins.read(query)
    return _frozen(joins)


def _frozen(joins: Joins) -> dict[Place, frozenset[Place]]:
    return {place: frozenset(others) for place, others in joins.pairs.items()}
