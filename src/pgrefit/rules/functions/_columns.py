"""Columns that static statements name, of tables that do not have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.snapshot import Snapshot, Table, View
from pgrefit.rules._bodies import Body, parameters
from pgrefit.rules._effects import by_bare_name, called_name, calls, named_tables
from pgrefit.rules._trees import Tree
from pgrefit.rules.functions._missing import meant_by, queries
from pgrefit.rules.functions._use import attached

OF_EVERY_TABLE = frozenset({"cmax", "cmin", "ctid", "oid", "tableoid", "xmax", "xmin"})
WHICH_TABLE = frozenset(
    {"tg_relid", "tg_relname", "tg_table_name", "tg_table_schema", "tg_argv", "tg_name", "tg_nargs"}
)
ROW_TYPE = "%rowtype"
ROWS = frozenset({"new", "old"})
OTHER_SOURCES = (pb.RangeSubselect, pb.RangeFunction, pb.CommonTableExpr, pb.SubLink, pb.RangeTableFunc)
ROW_AS_DOCUMENT = frozenset({"hstore", "row_to_json", "to_json", "to_jsonb"})


def missing_columns(db: Snapshot, body: Body) -> tuple[str, ...]:
    """Such columns as `table.column`, each once."""
    found = [*_of_triggers(db, body), *_of_rows(db, body)]
    for query in queries(body):
        found += [*_targets(db, body, query), *_qualified(db, body, query), *_bare(db, body, query)]
    return tuple(dict.fromkeys(found))


def _targets(db: Snapshot, body: Body, query: Tree) -> Iterator[str]:
    """Of INSERT (…) and UPDATE SET."""
    for insert in query.all(pb.InsertStmt):
        yield from _absent(meant_by(db, body, insert.relation), [node.res_target.name for node in insert.cols])
    for update in query.all(pb.UpdateStmt):
        yield from _absent(meant_by(db, body, update.relation), [node.res_target.name for node in update.target_list])


def _absent(relation: Table | View | None, columns: list[str]) -> Iterator[str]:
    if relation is not None:
        there = {column.name for column in relation.columns}
        yield from (relation.name.column(column) for column in columns if column and column not in there)


def _qualified(db: Snapshot, body: Body, query: Tree) -> Iterator[str]:
    """After the alias or name of a table, where the statement has that alias once and PL/pgSQL knows no such name."""
    known = _aliases(db, body, query)
    for column in query.all(pb.ColumnRef):
        path = [field.string.sval for field in column.fields if field.HasField("string")]
        relation = known.get(path[0]) if len(path) == 2 and len(path) == len(column.fields) else None
        if relation and path[1] not in OF_EVERY_TABLE and path[1] not in by_bare_name(db):
            yield from _absent(relation, [path[1]])


def _bare(db: Snapshot, body: Body, query: Tree) -> Iterator[str]:
    """Without a table before them, where all that the statement reads are tables of which the columns are known."""
    tables = query.all(pb.RangeVar)
    if not tables or any(query.all(kind) for kind in OTHER_SOURCES) or any(table.alias.colnames for table in tables):
        return
    named = [meant_by(db, body, table) for table in tables]
    relations = [relation for relation in named if relation is not None]
    if len(relations) < len(named):
        return
    known = {column.name for relation in relations for column in relation.columns} | OF_EVERY_TABLE
    known |= {
        *body.variables,
        *_names_of_parameters(body),
        *(table.alias.aliasname or table.relname for table in tables),
    }
    known |= {target.name for target in query.all(pb.ResTarget) if target.name}
    for column in query.all(pb.ColumnRef):
        name = column.fields[0].string.sval if len(column.fields) == 1 else ""
        if name and not {name, name.lower()} & known and not name.lower().startswith("tg_"):
            yield relations[0].name.column(name)


def _aliases(db: Snapshot, body: Body, query: Tree) -> dict[str, Table | View | None]:
    taken = {body.function.name.name.lower(), *body.variables, *_names_of_parameters(body)}
    found: defaultdict[str, list[Table | View | None]] = defaultdict(list)
    tables = {id(table) for table in named_tables(query)}
    for table in query.all(pb.RangeVar):
        certain = id(table) in tables and not table.alias.colnames
        found[table.alias.aliasname or table.relname].append(meant_by(db, body, table) if certain else None)
    for kind in (pb.RangeSubselect, pb.RangeFunction, pb.JoinExpr):
        taken |= {other.alias.aliasname for other in query.all(kind)}
    taken |= {cte.ctename for cte in query.all(pb.CommonTableExpr)}
    return {alias: tables[0] for alias, tables in found.items() if len(tables) == 1 and alias not in taken}


def _names_of_parameters(body: Body) -> Iterator[str]:
    return (parameter.name.lower() for parameter in parameters(body.definition))


def _of_rows(db: Snapshot, body: Body) -> Iterator[str]:
    """Fields of variables that hold a row of a table: `name%ROWTYPE`."""
    for variable, type_ in body.variables.items():
        if type_.endswith(ROW_TYPE) and variable not in ROWS:
            schema, _, name = type_.removesuffix(ROW_TYPE).rpartition(".")
            relation = meant_by(db, body, pb.RangeVar(schemaname=schema.strip('"'), relname=name.strip('"')))
            paths = (c.fields for tree in body.trees for c in tree.all(pb.ColumnRef) if len(c.fields) == 2)
            named = (f[1].string.sval for f in paths if f[0].string.sval.lower() == variable)
            yield from _absent(relation, list(dict.fromkeys(name for name in named if name)))


def _of_triggers(db: Snapshot, body: Body) -> Iterator[str]:
    """After NEW and OLD, of a table whose triggers run the function and that does not have the column.

    Not where the function finds out which table it is run for, or what columns the row has.
    """
    relations = attached(db).get(body.function.name, ())
    paths = [[field.string.sval.lower() if n == 0 else field.string.sval for n, field in enumerate(column.fields)]
             for tree in body.trees for column in tree.all(pb.ColumnRef)]  # fmt: skip
    told_apart = any(path and path[0] in WHICH_TABLE for path in paths)
    if told_apart or any(called_name(call) in ROW_AS_DOCUMENT for tree in body.trees for call in calls(tree)):
        return
    used = dict.fromkeys((path[0], path[1]) for path in paths if len(path) >= 2 and path[0] in ROWS and path[1])
    for row, name in used:
        without = [r for r in relations if name not in OF_EVERY_TABLE and all(c.name != name for c in r.columns)]
        if without:
            of_some = "" if len(without) == len(relations) else f" (of {', '.join(str(r.name) for r in without)})"
            yield f"{row.upper()}.{name}{of_some}"
