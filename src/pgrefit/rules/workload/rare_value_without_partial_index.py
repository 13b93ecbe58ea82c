"""Queries that look for a rare value of a column that has another value nearly everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from postgast import pg_query_pb2 as pb

from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation, fit
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index
from pgrefit.model.sql_tree import columns_of, is_readable
from pgrefit.rules._ask import statistic
from pgrefit.rules.workload._texts import Source, Text, column_of, selects, texts
from pgrefit.rules.workload._texts_of_schema import texts_of_schema
from pgrefit.rules.workload._wanted import Wanted, and_ed, commonest, compared_in, conditions, constants

NEARLY_ALL = 0.95  # share of the rows with the common value
FEWEST_ROWS = 2000
MUCH = 3.0  # times the pages that as many common rows are on
PATH = 3  # pages of an index above its leaves
TOGETHER = 0.9  # correlation from which on rows that follow each other are on the same page


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
    """Columns of which one value has 95 % of the rows, where a query, view or function names another one as a constant.

    Not where a parameter is compared: the plan for all values of it cannot use an index of some rows; in statements
    that the server counted a constant may stand for it. Nor where an index on the column, or on another one that the
    query compares, leads to the rows.
    Source: https://www.postgresql.org/docs/current/indexes-partial.html
    """
    found: dict[tuple[Relation, str], tuple[Wanted, Uses]] = {}
    for text in (*texts(observation), *texts_of_schema(observation)):
        for wanted, sorted_by in _wanted(observation, text):
            _, uses = found.setdefault((wanted.table.name, wanted.column), (wanted, Uses(sorted_by=sorted_by)))
            uses.queries[text.name] = text.share
    for wanted, uses in found.values():
        yield _finding(observation, wanted, uses)


def _wanted(observation: Observation, text: Text) -> Iterator[tuple[Wanted, tuple[str, ...]]]:
    for condition, among, order in conditions(observation, text):
        compared = list(compared_in(condition, among))
        known = (*constants(condition, among), *_present(condition, among))
        for wanted in (*known, *_guessed(observation, text, condition, among, order)):
            told = {column for table, column in compared if table == wanted.table.name}
            if _is_rare(observation, wanted) and not _is_indexed(wanted, told):
                yield wanted, tuple(column for table, column in order if table == wanted.table.name)


def _present(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[Wanted]:
    """Columns that rows must have a value in."""
    for part in and_ed(condition):
        if part.HasField("null_test") and part.null_test.nulltesttype == pb.IS_NOT_NULL:
            found = column_of(part.null_test.arg, among)
            if found:
                yield Wanted(found[0], found[1], None, present=True)


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
    for _, name in compared_in(condition, among):
        seen = statistics.column(name)
        common, often = commonest(seen) if seen else (None, 1.0)
        others = [value for value in seen.values if value != common] if seen else []
        if others and counted.rows <= (1 - often) * statistics.rows * counted.calls:
            yield Wanted(among[0].table, name, others[0])


def _is_summed_up(text: Text) -> bool:
    """Whether what it returns does not tell how many rows it found."""
    told = any(select.group_clause or select.HasField("limit_offset") for select in selects(text))
    return told or any(node.HasField("func_call") for node in text.nodes)


def _is_rare(observation: Observation, wanted: Wanted) -> bool:
    statistics = observation.statistics.table(wanted.table.name)
    seen = statistics.column(wanted.column) if statistics.rows >= FEWEST_ROWS else None
    if seen is not None and wanted.value is None:
        rare = 1 - seen.null_fraction if wanted.present else seen.null_fraction
        return 0 < rare <= 1 - NEARLY_ALL
    return seen is not None and wanted.value != commonest(seen)[0] and commonest(seen)[1] >= NEARLY_ALL


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
    common, often = commonest(seen) if seen else (None, 0.0)
    if seen and wanted.value is None and not wanted.present:
        common, often = "any but NULL", 1 - seen.null_fraction
    wants = "rows that have a value, as few do" if wanted.present else f"{wanted.value or 'NULL'}, which few rows have"
    return Finding(
        object=table.name.column(wanted.column),
        message=f"queries look for {wants}, and no index holds just these",
        severity=Severity.WARNING if share >= 0.1 else Severity.INFO,
        evidence=(
            statistic("share of rows with another value", round(often, 4)), statistic("this value", common or "NULL"),
            statistic("rows", observation.rows(table.name)),
            Evidence(measure="queries", value=tuple(sorted(uses.queries)), source="workload"),
            *((Evidence(measure="share of time", value=share, source="workload"),) if share else ()),
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
