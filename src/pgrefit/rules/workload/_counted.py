"""Statements that the server has counted and that read a whole table, call after call, to find a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import nodes
from pgrefit.rules.workload._texts import Source, Text, column_of, sources, table_named, texts

FEWEST_CALLS = 10
PAGE = 8192
WHOLE = 0.9  # of the table's pages, each call
PAGES_A_ROW = 2  # that a row found by an index costs: one of the index, one of the table
PATH = 10  # pages of an index above its leaves, and of the catalog
WRITES = 4  # pages that a changed row costs for each index, and for itself


@dataclass(frozen=True, slots=True)
class WholeRead:
    """A statement on one table, the columns of its condition, and what a call of it read and found."""

    text: Text
    table: Table
    columns: tuple[str, ...]
    pages: float
    rows: float


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
        if (
            columns
            and pages >= WHOLE * _whole(observation, source.table, columns)
            and pages > PAGES_A_ROW * rows + PATH
        ):
            yield WholeRead(text, source.table, columns, pages, rows)


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
            return None if select.HasField("limit_offset") else ((select.where_clause,), among[0], False)
        keys = tuple(item.sort_by.node for item in select.sort_clause)
        return (keys, among[0], False) if keys and select.HasField("limit_count") else None
    for kind in ("update_stmt", "delete_stmt"):
        if statement.HasField(kind):
            written = getattr(statement, kind)
            table = table_named(observation, written.relation)
            alone = not within and not (written.from_clause if kind == "update_stmt" else written.using_clause)
            if table is not None and alone and written.HasField("where_clause"):
                return (written.where_clause,), Source(written.relation.alias.aliasname or table.name.name, table), True
    return None


def _is_summed_up(text: Text) -> bool:
    """Whether the rows that it returns are not those that it found."""
    if not text.statement.HasField("select_stmt"):
        return False
    select = text.statement.select_stmt
    calls = any(node.HasField("func_call") for target in select.target_list for node in nodes(target))
    return calls or bool(select.group_clause or select.distinct_clause)
