"""Statements that the server has counted and that read a whole table, call after call, to find a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import nodes
from pgrefit.rules.workload._texts import Source, Text, column_of, column_path, sources, table_named, texts

FEWEST_CALLS = 10
PAGE = 8192
WHOLE = 0.9  # of the table's pages, each call
PAGES_A_ROW = 2  # that a row found by an index costs: one of the index, one of the table
PATH = 10  # pages of an index above its leaves, and of the catalog
TOGETHER = 0.9  # correlation from which on rows that follow each other are on the same page
PATTERNS = {"~~", "~~*", "~", "~*"}
WRITES = 4  # pages that a changed row costs for each index, and for itself


@dataclass(frozen=True, slots=True)
class WholeRead:
    """A statement on one table, the columns of its condition, and what a call of it read and found."""

    text: Text
    table: Table
    columns: tuple[str, ...]
    pages: float
    rows: float
    either: bool = False  # it is an OR over several columns
    by_pattern: bool = False  # it compares with patterns alone


def whole_reads(observation: Observation) -> Iterator[WholeRead]:
    """By the counters alone: as many pages a call as the table has, and far more than the rows that were found need.

    Source: https://www.postgresql.org/docs/current/pgstatstatements.html; the bounds are our judgement.
    """
    for text in texts(observation):
        counted, one = text.counted, _lone_table(observation, text)
        if counted is None or one is None or counted.calls < FEWEST_CALLS or _is_summed_up(text):
            continue
        places, source, writes = one
        found = (column_of(n, (source,)) for place in places for n in nodes(place) if n.HasField("column_ref"))
        columns = tuple(sorted({each[1] for each in found if each}))
        rows, pages = text.rows, (counted.blocks_hit + counted.blocks_read) / counted.calls
        pages -= rows * WRITES * (1 + len(source.table.indexes)) if writes else 0
        needed = rows * _pages_a_row(observation, source.table, columns) + PATH
        if columns and pages >= WHOLE * _whole(observation, source.table, columns) and pages > needed:
            either = any(_is_either(node) for place in places for node in nodes(place))
            yield WholeRead(text, source.table, columns, pages, rows, either, _is_by_pattern(places))


def _pages_a_row(observation: Observation, table: Table, columns: tuple[str, ...]) -> float:
    """What a row costs that an index finds: fewer pages where such rows lie together."""
    seen = observation.statistics.table(table.name)
    if any((c := seen.column(name)) and abs(c.correlation or 0) >= TOGETHER for name in columns) and seen.rows > 0:
        return min(PAGES_A_ROW, PAGES_A_ROW * seen.pages / seen.rows)
    return PAGES_A_ROW


def _is_either(node: pb.Node) -> bool:
    """Whether it is an OR of conditions that name different columns."""
    if not node.HasField("bool_expr") or node.bool_expr.boolop != pb.OR_EXPR:
        return False
    named = [{path[1] for each in nodes(arg) if (path := column_path(each))} for arg in node.bool_expr.args]
    return not named[0].intersection(*named[1:])


def _is_by_pattern(places: tuple[pb.Node, ...]) -> bool:
    """Whether all its columns are compared with LIKE or a regular expression."""
    all_of = [node for place in places for node in nodes(place)]
    like = [n.a_expr for n in all_of if n.HasField("a_expr") and is_pattern(n.a_expr)]
    within = sum(n.HasField("column_ref") for one in like for side in (one.lexpr, one.rexpr) for n in nodes(side))
    return bool(like) and within == sum(node.HasField("column_ref") for node in all_of)


def is_pattern(comparison: pb.A_Expr) -> bool:
    """LIKE, ILIKE, SIMILAR TO or a regular expression, none of them negated."""
    return bool(comparison.name) and comparison.name[0].string.sval in PATTERNS


def _whole(observation: Observation, table: Table, columns: tuple[str, ...]) -> float:
    """Pages of the table; or of an index that has one of the columns, and first another: it is read whole as well."""
    beside = [i for i in table.indexes if i.columns[0] not in columns and {*i.columns} & {*columns}]
    sizes = [found.bytes / PAGE for index in beside if (found := observation.statistics.index(index.name))]
    return min([observation.statistics.table(table.name).pages, *sizes])


def _lone_table(observation: Observation, text: Text) -> tuple[tuple[pb.Node, ...], Source, bool] | None:
    """The condition of a statement on a single table, without a sub-select, and whether it writes.

    Without a condition what it sorts by, where it returns the first rows alone.
    """
    statement, within = text.statement, sum(node.HasField("select_stmt") for node in text.nodes)
    if statement.HasField("select_stmt"):
        select = statement.select_stmt
        among = sources(observation, text, select)
        if within > 1 or not len(select.from_clause) == len(among) == 1:
            return None
        if select.HasField("where_clause"):
            capped = select.HasField("limit_offset") or _is_capped(select, among)
            return None if capped else ((select.where_clause,), among[0], False)
        keys = tuple(item.sort_by.node for item in select.sort_clause)
        first = select.HasField("limit_count") and not select.HasField("limit_offset")
        return (keys, among[0], False) if keys and first else None
    for kind in ("update_stmt", "delete_stmt"):
        if statement.HasField(kind):
            written = getattr(statement, kind)
            table = table_named(observation, written.relation)
            alone = not within and not (written.from_clause if kind == "update_stmt" else written.using_clause)
            if table is not None and alone and written.HasField("where_clause"):
                return (written.where_clause,), Source(written.relation.alias.aliasname or table.name.name, table), True
    return None


def _is_capped(select: pb.SelectStmt, among: tuple[Source, ...]) -> bool:
    """Whether it returns the first of what it found, in an order that no index on columns gives."""
    keys = [item.sort_by.node for item in select.sort_clause] if select.HasField("limit_count") else []
    return any(column_of(key, among) is None for key in keys)


def _is_summed_up(text: Text) -> bool:
    """Whether the rows that it returns are not those that it found."""
    if not text.statement.HasField("select_stmt"):
        return False
    select = text.statement.select_stmt
    calls = any(node.HasField("func_call") for target in select.target_list for node in nodes(target))
    return calls or bool(select.group_clause or select.distinct_clause)
