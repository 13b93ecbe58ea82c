"""Queries that look for a rare value of a column that has another value nearly everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from postgast import pg_query_pb2 as pb

from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.model.ddl import Expression, Literal, expression
from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation, fit
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.model.sql_tree import columns_of, is_readable
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import statistic
from pgrefit.rules.workload._texts import Source, Text, column_of, selects, sources, table_named, texts

NEARLY_ALL = 0.95  # share of the rows with the common value
FEWEST_ROWS = 2000
MUCH = 3.0  # times the pages that as many common rows are on
PATH = 3  # pages of an index above its leaves
TOGETHER = 0.9  # correlation from which on rows that follow each other are on the same page
EQUAL = {"="}
TRUE, FALSE = "t", "f"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that a query looks for: a constant as the server prints it, None for NULL."""

    table: Table
    column: str
    value: str | None

    @property
    def condition(self) -> Expression:
        """What it says of a row."""
        if self.value is None:
            return expression("{c} IS NULL", c=self.column)
        if self.table.column(self.column).type == "boolean":
            return expression("{c}" if self.value == TRUE else "NOT {c}", c=self.column)
        return expression("{c} = {v}", c=self.column, v=Literal(self.value))


@dataclass(slots=True)
class Uses:
    """The queries that look for a value, and by which columns they sort what they find."""

    queries: dict[str, float] = field(default_factory=dict[str, float])  # name: share of the time
    sorted_by: tuple[str, ...] = ()


@rule(
    code="WRK018",
    title="Rare value that no partial index holds",
    why=(
        "Nearly every row has another value: an index of just the rows that are looked for is small, is written for"
        " these alone, and spares the query all the others."
    ),
    workload="""
        -- name: next_jobs
        SELECT id FROM job WHERE state = 'waiting' ORDER BY id LIMIT 20;
        -- name: of_a_state
        -- parameters: SELECT v FROM (VALUES ('done'), ('waiting')) AS known (v)
        SELECT count(*) FROM job WHERE origin = $1;
    """,
    example="""
        CREATE TABLE job (id int PRIMARY KEY, state text NOT NULL, origin text NOT NULL);
        INSERT INTO job SELECT n, CASE WHEN n % 60 = 0 THEN 'waiting' ELSE 'done' END,
                               CASE WHEN n % 60 = 0 THEN 'hand' ELSE 'timer' END FROM generate_series(1, 6000) AS n;
        ANALYZE job;
    """,
    clean="""
        CREATE TABLE job (id int PRIMARY KEY, state text NOT NULL, origin text NOT NULL);
        CREATE INDEX ON job (id) WHERE state = 'waiting';
        INSERT INTO job SELECT n, CASE WHEN n % 60 = 0 THEN 'waiting' ELSE 'done' END,
                               CASE WHEN n % 60 = 0 THEN 'hand' ELSE 'timer' END FROM generate_series(1, 6000) AS n;
        ANALYZE job;
    """,
)
def rare_value_without_partial_index(observation: Observation) -> Iterator[Finding]:
    """Columns of which one value has 95 % of the rows, where a query names another one as a constant.

    Not where a parameter is compared: the plan for all values of it cannot use an index of some rows; in statements
    that the server counted a constant may stand for it. Nor where an index on the column, or on another one that the
    query compares, leads to the rows.
    Source: https://www.postgresql.org/docs/current/indexes-partial.html
    """
    found: dict[tuple[Relation, str], tuple[Wanted, Uses]] = {}
    for text in texts(observation):
        for wanted, sorted_by in _wanted(observation, text):
            _, uses = found.setdefault((wanted.table.name, wanted.column), (wanted, Uses(sorted_by=sorted_by)))
            uses.queries[text.name] = text.share
    for wanted, uses in found.values():
        yield _finding(observation, wanted, uses)


def _wanted(observation: Observation, text: Text) -> Iterator[tuple[Wanted, tuple[str, ...]]]:
    for condition, among, order in _conditions(observation, text):
        compared = dict(_compared(condition, among))
        for wanted in (*_constants(condition, among), *_guessed(observation, text, condition, among, order)):
            told = {column for table, column in compared if table == wanted.table.name}
            if _is_rare(observation, wanted) and not _is_indexed(wanted, told):
                yield wanted, tuple(column for table, column in order if table == wanted.table.name)


def _conditions(
    observation: Observation, text: Text
) -> Iterator[tuple[pb.Node, tuple[Source, ...], list[tuple[Relation, str]]]]:
    """The WHERE of each SELECT, UPDATE and DELETE, the tables it speaks of, and what the rows are sorted by."""
    for select in selects(text):
        among = sources(observation, text, select)
        order = [column_of(item.sort_by.node, among) for item in select.sort_clause]
        yield select.where_clause, among, [(found[0].name, found[1]) for found in order if found]
    for node in text.nodes:
        for kind in ("update_stmt", "delete_stmt"):
            if node.HasField(kind):
                statement = getattr(node, kind)
                table = table_named(observation, statement.relation)
                alias = statement.relation.alias.aliasname or statement.relation.relname
                yield statement.where_clause, (Source(alias, table),) if table else (), []


def _and_ed(condition: pb.Node) -> Iterator[pb.Node]:
    """The parts of a condition that must all hold."""
    if condition.HasField("bool_expr") and condition.bool_expr.boolop == pb.AND_EXPR:
        for part in condition.bool_expr.args:
            yield from _and_ed(part)
    else:
        yield condition


def _compared(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[tuple[tuple[Relation, str], bool]]:
    """Columns that are compared with something by =."""
    for part in _and_ed(condition):
        for side in (part.a_expr.lexpr, part.a_expr.rexpr) if _is_equality(part) else ():
            found = column_of(side, among)
            if found:
                yield (found[0].name, found[1]), True


def _constants(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[Wanted]:
    for part in _and_ed(condition):
        value: str | None = None
        if _is_equality(part):
            place, value = part.a_expr.lexpr, _constant(part.a_expr.rexpr)
            if value is None:
                continue
        elif part.HasField("null_test") and part.null_test.nulltesttype == pb.IS_NULL:
            place = part.null_test.arg
        else:
            place, value = _truth(part)
        found = column_of(place, among) if place is not None else None
        if found and any(column.name == found[1] for column in found[0].columns):
            yield Wanted(found[0], found[1], value)


def _guessed(
    observation: Observation, text: Text, condition: pb.Node, among: tuple[Source, ...],
    order: list[tuple[Relation, str]],
) -> Iterator[Wanted]:  # fmt: skip
    """Of a statement that the server counted, whose constants it left out: what it must have looked for, since each
    call returned no more rows than have it, and read far more pages than so many of the common rows are on.
    """
    counted = next((one for one in observation.statements if text.name == f"statement {one.query_id}"), None)
    if counted is None or len(among) != 1 or _is_summed_up(text):
        return
    statistics = observation.statistics.table(among[0].table.name)
    together = all((s := statistics.column(c)) and abs(s.correlation or 0) >= TOGETHER for _, c in order)
    pages = counted.rows / counted.calls * (statistics.pages / max(1, statistics.rows) if together else 1)
    if counted.blocks_hit + counted.blocks_read < MUCH * (pages + PATH) * counted.calls:
        return
    for (_, name), _ in _compared(condition, among):
        seen = statistics.column(name)
        common, often = _common(seen) if seen else (None, 1.0)
        others = [value for value in seen.values if value != common] if seen else []
        if others and counted.rows <= (1 - often) * statistics.rows * counted.calls:
            yield Wanted(among[0].table, name, others[0])


def _is_summed_up(text: Text) -> bool:
    """Whether what it returns does not tell how many rows it found."""
    return any(node.HasField("func_call") or (node.HasField("select_stmt") and node.select_stmt.group_clause)
               for node in text.nodes)  # fmt: skip


def _truth(part: pb.Node) -> tuple[pb.Node | None, str]:
    """`flag`, `NOT flag`, `flag IS TRUE` and `flag IS FALSE`."""
    if part.HasField("bool_expr") and part.bool_expr.boolop == pb.NOT_EXPR:
        return part.bool_expr.args[0], FALSE
    if part.HasField("boolean_test") and part.boolean_test.booltesttype in {pb.IS_TRUE, pb.IS_FALSE}:
        return part.boolean_test.arg, TRUE if part.boolean_test.booltesttype == pb.IS_TRUE else FALSE
    return (part, TRUE) if part.HasField("column_ref") else (None, "")


def _is_equality(part: pb.Node) -> bool:
    plain = part.HasField("a_expr") and part.a_expr.kind == pb.AEXPR_OP
    return plain and {name.string.sval for name in part.a_expr.name} == EQUAL


def _constant(node: pb.Node) -> str | None:
    """A constant as pg_stats prints it; None for a parameter, or anything else."""
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    if not node.HasField("a_const") or node.a_const.isnull:
        return None
    if node.a_const.HasField("boolval"):
        return TRUE if node.a_const.boolval.boolval else FALSE
    if node.a_const.HasField("sval"):
        return str(node.a_const.sval.sval)
    return str(node.a_const.ival.ival) if node.a_const.HasField("ival") else None


def _is_rare(observation: Observation, wanted: Wanted) -> bool:
    statistics = observation.statistics.table(wanted.table.name)
    seen = statistics.column(wanted.column) if statistics.rows >= FEWEST_ROWS else None
    return seen is not None and wanted.value != _common(seen)[0] and _common(seen)[1] >= NEARLY_ALL


def _common(seen: ColumnStatistics) -> tuple[str | None, float]:
    """The value that most rows have, and their share."""
    shares = [(None, seen.null_fraction), *zip(seen.values, seen.frequencies, strict=False)]
    return max(shares, key=lambda pair: pair[1])


def _is_indexed(wanted: Wanted, compared: set[str]) -> bool:
    return any(_leads(index, wanted.column, compared) for index in wanted.table.indexes if index.valid)


def _leads(index: Index, column: str, compared: set[str]) -> bool:
    """Whether it has the rare rows alone, or begins with what is compared."""
    if index.predicate is None:
        return index.columns[0] in {column, *compared}
    return not is_readable(index.predicate) or column in columns_of(index.predicate)


def _finding(observation: Observation, wanted: Wanted, uses: Uses) -> Finding:
    table, share = wanted.table, round(min(1.0, sum(uses.queries.values())), 4)
    seen = observation.statistics.table(table.name).column(wanted.column)
    common, often = _common(seen) if seen else (None, 0.0)
    return Finding(
        object=table.name.column(wanted.column),
        message=f"queries look for {wanted.value or 'NULL'}, which few rows have, and no index holds just these",
        severity=Severity.WARNING if share >= 0.1 else Severity.INFO,
        evidence=(
            statistic("share of rows with another value", round(often, 4)), statistic("this value", common or "NULL"),
            statistic("rows", observation.rows(table.name)),
            Evidence(measure="queries", value=tuple(sorted(uses.queries)), source="workload"),
            Evidence(measure="share of time", value=share, source="workload"),
        ),
        remedy=(_index(wanted, uses),),
        cost=Cost(queries_affected=len(uses.queries), share_of_time=share),
    )  # fmt: skip


def _index(wanted: Wanted, uses: Uses) -> CreateIndex:
    table = wanted.table
    columns = tuple(dict.fromkeys(uses.sorted_by)) or table.primary_key or (wanted.column,)
    return CreateIndex(
        table=table.name, keys=tuple(IndexColumn(column=name) for name in columns), where=wanted.condition,
        name=fit(f"{table.name.name}_{wanted.column}", "_rare_idx"),
    )  # fmt: skip
