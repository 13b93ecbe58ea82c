"""An index that begins with what queries ask a range of, and has what they compare behind it."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.workload._texts import Source, Text, column_of, recurring_texts, selects, sources
from pgrefit.rules.workload._wanted import and_ed, compared_in

FEWEST_ROWS = 2000
RANGE = {"<", ">", "<=", ">="}
BETWEEN = {pb.AEXPR_BETWEEN, pb.AEXPR_BETWEEN_SYM}
QUERY = """
    -- name: letters
    SELECT id FROM message WHERE channel = 'letter' AND arrived >= '2025-01-03' AND arrived < '2025-01-05';
"""
TABLE = """
    CREATE TABLE message (id int PRIMARY KEY, channel text NOT NULL, arrived timestamptz NOT NULL);
    INSERT INTO message SELECT n, CASE n % 40 WHEN 0 THEN 'letter' ELSE 'web' END,
                               '2025-01-01'::timestamptz + n * interval '1 minute' FROM generate_series(1, 9000) AS n;
    CREATE INDEX message_arrived ON message ({keys});
    ANALYZE message;
"""


@rule(
    code="WRK025",
    title="Index with the range before the equality",
    why="It is read over the whole range, for every value of the column behind: the other way round it leads straight"
    " to the rows.",
    workload=QUERY,
    example=TABLE.format(keys="arrived, channel"),
    clean=TABLE.format(keys="channel, arrived"),
)
def range_before_equality(observation: Observation) -> Iterator[Finding]:
    """Queries that compare one column with a value and ask a range of another, by which their only index begins.

    Source: https://www.postgresql.org/docs/current/indexes-multicolumn.html.
    """
    told: set[tuple[str, str]] = set()
    right = _compared_somewhere(observation)
    for text in recurring_texts(observation):
        for table, index, equal, ranged in _crossed(observation, text):
            served = (table.name, ranged) in right
            if not served and (str(index.name), equal) not in told and observation.rows(table.name) >= FEWEST_ROWS:
                told.add((str(index.name), equal))
                yield _finding(text, index, equal, ranged)


def _compared_somewhere(observation: Observation) -> set[tuple[Relation, str]]:
    """Columns that some query compares with a value: an index that begins with one is right for that."""
    return {
        found
        for text in recurring_texts(observation)
        for select in selects(text)
        for found in compared_in(select.where_clause, sources(observation, text, select))
    }


def _finding(text: Text, index: Index, equal: str, ranged: str) -> Finding:
    query = " ".join(text.sql.split())
    return Finding(
        object=str(index.name),
        message=f"begins with {ranged}, of which {text.name} asks a range, and has {equal}, which it compares, behind",
        severity=Severity.INFO,
        evidence=(
            catalog("definition", str(index.definition)), catalog("query", query[:300]),
            statistic("share of time", text.share),
        ),
        advice=f"an index that begins with {equal}, {ranged}; it can take the place of this one where nothing asks for"
        f" {ranged} alone",
    )  # fmt: skip


def _crossed(observation: Observation, text: Text) -> Iterator[tuple[Table, Index, str, str]]:
    for select in selects(text):
        among = sources(observation, text, select)
        if len(among) != 1:
            continue
        table = among[0].table
        equal = {column for name, column in compared_in(select.where_clause, among) if name == table.name}
        ranged = set(_ranged(select.where_clause, among)) - equal
        indexes = [index for index in table.indexes if index.valid and index.method == "btree"]
        if not equal or not ranged or any(index.columns[0] in equal for index in indexes):
            continue
        for index in indexes:
            behind = [column for column in index.columns[1:] if column in equal]
            if index.columns[0] in ranged and behind and index.predicate is None:
                yield table, index, behind[0], index.columns[0]


def _ranged(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[str]:
    for part in and_ed(condition):
        one = part.a_expr
        ordered = part.HasField("a_expr") and (one.kind in BETWEEN or {n.string.sval for n in one.name} <= RANGE)
        for side in (one.lexpr, one.rexpr) if ordered else ():
            found = column_of(side, among)
            if found:
                yield found[1]
