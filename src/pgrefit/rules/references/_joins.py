"""Which columns the queries, views and SQL functions of a database compare with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Function, Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError, children, nodes, parse_sql
from pgrefit.model.workload import Workload

Place = tuple[Relation, str]
Aliases = dict[str, Table]
MOST_FUNCTIONS = 2000


class Joins:
    """Pairs of columns that are compared for equality, both ways."""

    def __init__(self, db: Snapshot) -> None:
        self.pairs: defaultdict[Place, set[Place]] = defaultdict(set)
        self._named: defaultdict[str, list[Table]] = defaultdict(list)
        for table in db.own_tables():
            self._named[table.name.name].append(table)

    def read(self, sql: str) -> None:
        """Take in what statements compare; what cannot be read is passed over."""
        try:
            self._walk(parse_sql(sql), {})
        except UnreadableError:
            return

    def _walk(self, message: Message, aliases: Aliases) -> None:
        if isinstance(message, (pb.SelectStmt, pb.UpdateStmt, pb.DeleteStmt)):
            aliases = {**aliases, **self._aliases(message)}
        if isinstance(message, pb.JoinExpr):
            self._using(message)
        if isinstance(message, pb.A_Expr) and message.kind == pb.AEXPR_OP and _operator(message) == "=":
            self._pair(self._place(message.lexpr, aliases), self._place(message.rexpr, aliases))
        for child in children(message):
            self._walk(child, aliases)

    def _pair(self, one: Place | None, other: Place | None) -> None:
        if one and other and one != other:
            self.pairs[one].add(other)
            self.pairs[other].add(one)

    def _aliases(self, statement: pb.SelectStmt | pb.UpdateStmt | pb.DeleteStmt) -> Aliases:
        sources = list(statement.using_clause if isinstance(statement, pb.DeleteStmt) else statement.from_clause)
        found = {alias: table for source in sources for alias, table in self._sources(source)}
        if not isinstance(statement, pb.SelectStmt):
            found |= dict(self._of(statement.relation))
        return found

    def _sources(self, item: pb.Node) -> Iterator[tuple[str, Table]]:
        if item.HasField("join_expr"):
            yield from self._sources(item.join_expr.larg)
            yield from self._sources(item.join_expr.rarg)
        elif item.HasField("range_var"):
            yield from self._of(item.range_var)

    def _of(self, source: pb.RangeVar) -> Iterator[tuple[str, Table]]:
        """The table that is meant: of the schema that is named, else the only one, else the one in public."""
        near = self._named.get(source.relname, [])
        schema = source.schemaname or ("public" if len(near) > 1 else "")
        for table in near:
            if schema in {"", table.name.schema}:
                yield source.alias.aliasname or source.relname, table

    def _place(self, node: pb.Node, aliases: Aliases) -> Place | None:
        while node.HasField("type_cast"):
            node = node.type_cast.arg
        if not node.HasField("column_ref") or not node.column_ref.fields[-1].HasField("string"):
            return None
        path = [field.string.sval for field in node.column_ref.fields]
        if len(path) > 1:
            table = aliases.get(path[-2])
            return (table.name, path[-1]) if table and _has(table, path[-1]) else None
        owners = {table.name for table in aliases.values() if _has(table, path[0])}
        return (owners.pop(), path[0]) if len(owners) == 1 else None

    def _using(self, join: pb.JoinExpr) -> None:
        for node in join.using_clause:
            column = node.string.sval
            sides = [
                {table.name for _, table in self._sources(side) if _has(table, column)}
                for side in (join.larg, join.rarg)
            ]
            if all(len(side) == 1 for side in sides):
                self._pair((sides[0].pop(), column), (sides[1].pop(), column))


def _has(table: Table, column: str) -> bool:
    return any(c.name == column for c in table.columns)


def _operator(comparison: pb.A_Expr) -> str:
    return comparison.name[-1].string.sval if comparison.name else ""


def compared(observation: Observation) -> dict[Place, frozenset[Place]]:
    """For each column those that it is compared with, in views, SQL functions and queries of the workload."""
    found = _in_schema(observation.snapshot)
    queries = _in_workload(observation.workload, observation.snapshot) if observation.workload.queries else {}
    return {place: found.get(place, frozenset()) | queries.get(place, frozenset()) for place in found.keys() | queries}


@remembered
def _in_schema(db: Snapshot) -> dict[Place, frozenset[Place]]:
    joins = Joins(db)
    for view in db.views:
        if not view.extension:
            joins.read(view.definition)
    for function in db.functions[:MOST_FUNCTIONS]:
        for body in _bodies(function) if function.language == "sql" and not function.extension else ():
            joins.read(body)
    return _frozen(joins)


def _bodies(function: Function) -> Iterator[str]:
    """The text between the quotes, or the whole definition where the body is part of it."""
    try:
        tree = parse_sql(function.definition or "")
    except UnreadableError:
        return
    quoted = [
        part.string.sval
        for node in nodes(tree) if node.HasField("def_elem") and node.def_elem.defname == "as"
        for part in node.def_elem.arg.list.items
    ]  # fmt: skip
    yield from quoted or [function.definition or ""]


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
