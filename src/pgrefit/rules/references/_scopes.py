"""Which columns of which tables stand behind the names that a statement uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

from postgast import pg_query_pb2 as pb

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table, View
from pgrefit.model.sql_tree import UnreadableError, parse_sql

Place = tuple[Relation, str]
Columns = dict[str, Place | None]  # of an item of FROM, by name; None where a column is computed
Scope = dict[str, Columns]  # by alias
Statement: TypeAlias = pb.SelectStmt | pb.UpdateStmt | pb.DeleteStmt
STATEMENTS = (pb.SelectStmt, pb.UpdateStmt, pb.DeleteStmt)


class Scopes:
    """Resolves names to columns of tables, through aliases, sub-selects, common table expressions and views."""

    def __init__(self, db: Snapshot) -> None:
        self._named: defaultdict[str, list[Table | View]] = defaultdict(list)
        relations: list[Table | View] = [*db.own_tables(), *db.views]
        for relation in relations:
            self._named[relation.name.name].append(relation)
        self._columns: dict[Relation, Columns] = {}

    def columns_of(self, relation: Table | View) -> Columns:
        """Columns of a table; of a view those that its query passes on."""
        known = self._columns.get(relation.name)
        if known is None:
            self._columns[relation.name] = {}  # while a view is read that names itself
            known = self._columns[relation.name] = (
                _own(relation) if isinstance(relation, Table) else self._of_view(relation)
            )
        return known

    def within(self, statement: Statement, ctes: Scope) -> tuple[Scope, Scope]:
        """What the aliases of a statement stand for, and its common table expressions with those around it."""
        for node in statement.with_clause.ctes:
            cte = node.common_table_expr
            names = [name.string.sval for name in cte.aliascolnames]
            ctes = {**ctes, cte.ctename: _renamed(self._outputs(cte.ctequery, ctes), names)}
        items = list(statement.using_clause if isinstance(statement, pb.DeleteStmt) else statement.from_clause)
        found = dict(source for item in items for source in self.sources(item, ctes))
        if not isinstance(statement, pb.SelectStmt):
            found |= dict(self._relation(statement.relation, {}))
        return found, ctes

    def sources(self, item: pb.Node, ctes: Scope) -> Iterator[tuple[str, Columns]]:
        """The aliases of an item of FROM."""
        if item.HasField("join_expr"):
            yield from self.sources(item.join_expr.larg, ctes)
            yield from self.sources(item.join_expr.rarg, ctes)
        elif item.HasField("range_var"):
            yield from self._relation(item.range_var, ctes)
        elif item.HasField("range_subselect"):
            alias = item.range_subselect.alias
            names = [name.string.sval for name in alias.colnames]
            yield alias.aliasname, _renamed(self._outputs(item.range_subselect.subquery, ctes), names)

    def first_output(self, query: pb.Node, scope: Scope, ctes: Scope) -> Place | None:
        """What the first column of a sub-select is."""
        return next(iter(self._outputs(query, ctes, scope).values()), None)

    def place(self, node: pb.Node, scope: Scope) -> Place | None:
        """The column that an expression is, casts aside; None for any other, and where it is not clear which."""
        while node.HasField("type_cast"):
            node = node.type_cast.arg
        if not node.HasField("column_ref") or not node.column_ref.fields[-1].HasField("string"):
            return None
        path = [field.string.sval for field in node.column_ref.fields]
        if len(path) > 1:
            return scope.get(path[-2], {}).get(path[-1])
        owners = {columns[path[0]] for columns in scope.values() if path[0] in columns}
        return owners.pop() if len(owners) == 1 else None

    def _relation(self, source: pb.RangeVar, ctes: Scope) -> Iterator[tuple[str, Columns]]:
        """The one that is meant: of the schema that is named, else the only one, else the one in public."""
        name, alias = source.relname, source.alias.aliasname or source.relname
        near = self._named.get(name, [])
        schema = source.schemaname or ("public" if len(near) > 1 else "")
        if not source.schemaname and name in ctes:
            yield alias, ctes[name]
            return
        for relation in near:
            if schema in {"", relation.name.schema}:
                yield alias, self.columns_of(relation)

    def _of_view(self, view: View) -> Columns:
        try:
            statements = parse_sql(view.definition).stmts
        except UnreadableError:
            return {}
        return self._outputs(statements[0].stmt, {}) if statements else {}

    def _outputs(self, query: pb.Node, ctes: Scope, around: Scope | None = None) -> Columns:
        """The columns of a query's result; none of a union's: they may come from several tables."""
        select = query.select_stmt
        if not query.HasField("select_stmt") or select.op != pb.SETOP_NONE:
            return {}
        scope, _ = self.within(select, ctes)
        found: Columns = {}
        for target in (node.res_target for node in select.target_list):
            found |= self._output(target, {**(around or {}), **scope}, scope, len(found))
        return found

    def _output(self, target: pb.ResTarget, scope: Scope, own: Scope, number: int) -> Columns:
        fields = target.val.column_ref.fields
        if not fields or not fields[-1].HasField("a_star"):
            named = fields[-1].string.sval if fields else f"?{number}"
            return {target.name or named: self.place(target.val, scope)}
        wanted = [own.get(fields[-2].string.sval, {})] if len(fields) > 1 else own.values()
        return {name: place for columns in wanted for name, place in columns.items()}


def _own(table: Table) -> Columns:
    return {column.name: (table.name, column.name) for column in table.columns}


def _renamed(columns: Columns, names: list[str]) -> Columns:
    """Columns of an item whose alias names the first of them anew."""
    known = list(columns.items())
    return dict([*zip(names, (place for _, place in known), strict=False), *known[len(names) :]])
