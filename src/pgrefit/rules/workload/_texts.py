"""What the application asks: queries of its workload file, and statements that the server has counted, as trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Cost, Evidence, Finding, Severity
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, QueryProfile
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql
from pgrefit.model.statements import StatementStatistics
from pgrefit.rules.workload._shares import time_of, total_time

LEAST_SHARE = 0.0005  # of the time of what recurs, below which a counted statement is not worth a word
RECURRING = 10  # calls; what ran less often is a load, a migration, a look by hand
MOST_STATEMENTS, MOST_SELDOM = 200, 50
SHOWN = 300  # characters of a statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A query: its name in findings, its tree with all nodes of it, its cost, and how many rows a call returns."""

    name: str
    sql: str
    statement: pb.Node
    nodes: tuple[pb.Node, ...]
    share: float
    rows: float = 0.0
    profile: QueryProfile | None = None
    counted: StatementStatistics | None = None

    @property
    def recurs(self) -> bool:
        """Whether it is the application's, as queries of the workload are, and what the server has counted often."""
        return self.counted is None or self.counted.calls >= RECURRING

    def finding(self, message: str, *evidence: Evidence, advice: str, severity: Severity = Severity.WARNING) -> Finding:
        """What is wrong with it; the query itself, its share of the time and its cost go with it."""
        text = " ".join(self.sql.split())
        own = (
            Evidence(measure="query", value=text if len(text) <= SHOWN else text[:SHOWN] + " …", source="workload"),
            Evidence(measure="share of time", value=self.share, source="workload"),
        )
        cost = Cost(queries_affected=1, share_of_time=self.share)
        return Finding(object=self.name, message=message, severity=severity, evidence=(*own, *evidence), advice=advice,
                       cost=cost)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A table of a FROM clause, by the name that columns of it are qualified with."""

    alias: str
    table: Table


def texts(observation: Observation) -> tuple[Text, ...]:
    """Queries of the present application, and counted statements of some share of the time; all can be read."""
    least = LEAST_SHARE * sum(one.total_ms for one in observation.statements if one.calls >= RECURRING)
    return tuple(t for t in _all_texts(observation) if t.counted is None or t.counted.total_ms >= least)


def recurring_texts(observation: Observation) -> tuple[Text, ...]:
    """Queries of the present application, and the counted statements that recur, however little time they take."""
    return tuple(text for text in _all_texts(observation) if text.recurs)


@remembered
def _all_texts(observation: Observation) -> tuple[Text, ...]:
    return (*_of_workload(observation), *_of_server(observation))


def _of_workload(observation: Observation) -> Iterator[Text]:
    total = total_time(observation)
    for query in observation.workload.of("before").queries:
        statement = _parsed(query.sql)
        if statement is not None:
            profile = observation.profile(query.name)
            share = round(time_of(observation, query) / total, 4) if total else 0.0
            yield Text(name=f"query {query.name}", sql=query.sql, statement=statement,
                       nodes=tuple(nodes(statement)), share=share, profile=profile,
                       rows=profile.rows if profile else 0.0)  # fmt: skip


def _of_server(observation: Observation) -> Iterator[Text]:
    total = sum(one.total_ms for one in observation.statements)
    seen: set[int] = set()
    often = [one for one in observation.statements if one.calls >= RECURRING][:MOST_STATEMENTS]
    seldom = [one for one in observation.statements if one.calls < RECURRING][:MOST_SELDOM]
    for one in (*often, *seldom):
        share = round(one.total_ms / total, 4) if total else 0.0
        if one.query_id is None or one.query_id in seen:
            continue
        seen.add(one.query_id)
        statement = _parsed(one.text)
        if statement is not None:
            yield Text(name=f"statement {one.query_id}", sql=one.text, statement=statement,
                       nodes=tuple(nodes(statement)), share=share,
                       rows=one.rows / one.calls, counted=one)  # fmt: skip


def _parsed(sql: str) -> pb.Node | None:
    try:
        statements = parse_sql(sql).stmts
    except UnreadableError:
        return None
    return statements[0].stmt if statements else None


def selects(text: Text) -> Iterator[pb.SelectStmt]:
    """Every SELECT of a query, the sub-selects too."""
    return (node.select_stmt for node in text.nodes if node.HasField("select_stmt"))


def sources(observation: Observation, text: Text, select: pb.SelectStmt) -> tuple[Source, ...]:
    """The tables that a SELECT of the query names in its own FROM clause, as far as they are known."""
    named_by_query = {node.common_table_expr.ctename for node in text.nodes if node.HasField("common_table_expr")}
    found = (source for item in select.from_clause for source in _sources(observation, item))
    return tuple(source for source in found if source.table.name.name not in named_by_query)


def _sources(observation: Observation, item: pb.Node) -> Iterator[Source]:
    if item.HasField("join_expr"):
        yield from _sources(observation, item.join_expr.larg)
        yield from _sources(observation, item.join_expr.rarg)
    elif item.HasField("range_var"):
        table = table_named(observation, item.range_var)
        if table is not None:
            yield Source(item.range_var.alias.aliasname or item.range_var.relname, table)


def table_named(observation: Observation, name: pb.RangeVar) -> Table | None:
    """The user's table of that name; without a schema the only one of the name, or the one in `public`."""
    if name.schemaname:
        return observation.snapshot.find_table(Relation(name.schemaname, name.relname))
    named = _by_name(observation).get(name.relname, ())
    return next((table for table in named if len(named) == 1 or table.name.schema == "public"), None)


@remembered
def _by_name(observation: Observation) -> dict[str, tuple[Table, ...]]:
    found: dict[str, tuple[Table, ...]] = {}
    for table in observation.snapshot.own_tables():
        found[table.name.name] = (*found.get(table.name.name, ()), table)
    return found


def column_of(node: pb.Node, among: tuple[Source, ...]) -> tuple[Table, str] | None:
    """Table and name of the column that an expression is, casts aside; None where it is none of these tables'."""
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    path = column_path(node)
    if path is None:
        return None
    qualifier, column = path
    owners = [
        source.table
        for source in among
        if qualifier in {"", source.alias} and any(known.name == column for known in source.table.columns)
    ]
    return (owners[0], column) if len(owners) == 1 else None


def column_path(node: pb.Node) -> tuple[str, str] | None:
    """Qualifier ('' for none) and name of a column reference; None where the node is none."""
    if not node.HasField("column_ref") or not node.column_ref.fields[-1].HasField("string"):
        return None
    path = [field.string.sval for field in node.column_ref.fields]
    return (path[-2] if len(path) > 1 else "", path[-1])


def takes_all(select: pb.SelectStmt, source: Source) -> bool:
    """Whether `*` or `alias.*` is in the target list."""
    for target in select.target_list:
        value = target.res_target.val
        if value.HasField("column_ref") and value.column_ref.fields[-1].HasField("a_star"):
            path = [field.string.sval for field in value.column_ref.fields if field.HasField("string")]
            if not path or path[-1] == source.alias:
                return True
    return False
