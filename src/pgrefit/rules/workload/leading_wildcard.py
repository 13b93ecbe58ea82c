"""LIKE with a pattern that begins with anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import columns_of, is_readable, nodes
from pgrefit.rules._ask import statistic
from pgrefit.rules.workload._counted import whole_reads
from pgrefit.rules.workload._plans import plan_nodes
from pgrefit.rules.workload._texts import Source, Text, column_of, selects, sources, texts

FEWEST_ROWS = 2000
FEW = 0.05  # of the rows found
FEWEST_LETTERS = 3  # that an index of trigrams needs in a row
WILDCARDS = re.compile("[%_]")
LIKE = {pb.AEXPR_LIKE, pb.AEXPR_ILIKE}
EQUAL = {pb.AEXPR_OP, pb.AEXPR_OP_ANY, pb.AEXPR_IN}
QUERY = """
    -- name: search
    -- parameters: SELECT n::text FROM generate_series(1, 5) AS n
    SELECT id FROM person WHERE name ILIKE '%' || $1::text || '%';
"""
PEOPLE = """
    CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO person SELECT n, 'person ' || n FROM generate_series(1, {rows}) AS n;
    ANALYZE person;
"""


@rule(
    code="WRK013",
    title="LIKE with a leading wildcard",
    why="No ordered index finds what begins with anything: each call reads every row of the table.",
    workload=QUERY,
    example=PEOPLE.format(rows=12_000),
    clean=PEOPLE.format(rows=1000),
)
def leading_wildcard(observation: Observation) -> Iterator[Finding]:
    """Such patterns on columns of large tables that no index but an ordered one has, and no other condition narrows.

    Source: https://www.postgresql.org/docs/current/indexes-types.html, and for what finds such patterns
    https://www.postgresql.org/docs/current/pgtrgm.html.
    """
    told: set[str] = set()
    for text in texts(observation):
        for table, column in dict.fromkeys(_searched(observation, text)):
            rows = observation.rows(table.name)
            if rows >= FEWEST_ROWS and not _is_indexed(table, column):
                advice = "an index USING gin with gin_trgm_ops (extension pg_trgm) serves it, or full text search"
                said = f"reads all {rows:,} rows of {table.name} to find a part of {column}"
                yield text.finding(said, statistic("rows", rows), advice=advice)
                told.add(text.name)
    yield from _unseen(observation, told)


def _unseen(observation: Observation, told: set[str]) -> Iterator[Finding]:
    """Statements whose patterns the server has left out, and that read the whole table for the few rows they find."""
    for one in whole_reads(observation):
        rows = observation.rows(one.table.name)
        indexed = any(_is_indexed(one.table, column) for column in one.columns)
        few = rows >= FEWEST_ROWS and one.rows < FEW * rows
        if one.by_pattern and few and not indexed and one.text.name not in told:
            yield one.text.finding(
                f"reads all {rows:,} rows of {one.table.name} to find a pattern in {', '.join(one.columns)}",
                statistic("rows", rows), statistic("rows a call", round(one.rows, 1)),
                advice="an index USING gin with gin_trgm_ops (extension pg_trgm) serves any pattern; one with"
                " text_pattern_ops those of LIKE that begin with letters",
            )  # fmt: skip


def _searched(observation: Observation, text: Text) -> Iterator[tuple[Table, str]]:
    """Tables and columns of such patterns, where the table is read as a whole."""
    if not any(node.HasField("a_expr") and node.a_expr.kind in LIKE for node in text.nodes):
        return
    for select in selects(text):
        among = sources(observation, text, select)
        for node in nodes(select.where_clause):
            if not node.HasField("a_expr") or not _is_like_anything(node.a_expr):
                continue
            found = column_of(_within_case(node.a_expr.lexpr), among)
            if found is not None and _is_read_whole(text, select, found[0], among):
                yield found


def _is_like_anything(comparison: pb.A_Expr) -> bool:
    """Whether it is LIKE, not NOT LIKE, with a wildcard first and enough after it for an index to find it by."""
    if comparison.kind not in LIKE or comparison.name[0].string.sval.startswith("!"):
        return False
    pattern = _bare(comparison.rexpr)
    if pattern.HasField("a_const") and max(map(len, WILDCARDS.split(pattern.a_const.sval.sval))) < FEWEST_LETTERS:
        return False
    while pattern.HasField("a_expr"):
        pattern = _bare(pattern.a_expr.lexpr)
    return bool(pattern.HasField("a_const") and pattern.a_const.sval.sval.startswith(("%", "_")))


def _is_read_whole(text: Text, select: pb.SelectStmt, table: Table, among: tuple[Source, ...]) -> bool:
    """As its plan says; without one, whether no equality is on a column that an index begins with."""
    if text.profile and text.profile.plan:
        return any(n.kind == "Seq Scan" and n.relation == table.name.name for n in plan_nodes(text.profile.plan))
    firsts = {index.columns[0] for index in table.indexes if index.valid}
    comparisons = [node.a_expr for node in nodes(select.where_clause) if node.HasField("a_expr")]
    comparisons += [node.a_expr for item in select.from_clause for node in nodes(item) if node.HasField("a_expr")]
    sides = [side for one in comparisons if one.kind in EQUAL for side in (one.lexpr, one.rexpr)]
    compared = (column_of(side, among) for side in sides)
    return not any(found and found[0] is table and found[1] in firsts for found in compared)


def _within_case(node: pb.Node) -> pb.Node:
    """What stands in lower() or upper()."""
    node = _bare(node)
    call = node.func_call if node.HasField("func_call") else None
    return call.args[0] if call and call.funcname[-1].string.sval in {"lower", "upper"} and call.args else node


def _bare(node: pb.Node) -> pb.Node:
    """Without the casts around it."""
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return node


def _is_indexed(table: Table, column: str) -> bool:
    """Whether an index of another kind than btree or hash is on the column, or on an expression over it."""
    keys = (key for index in table.indexes if index.method not in {"btree", "hash", "brin"} for key in index.keys)
    return any(is_readable(key.expression) and column in columns_of(key.expression) for key in keys)
