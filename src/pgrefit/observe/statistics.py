"""What the server counts and estimates, in six bulk queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import psycopg

from pgrefit.model.names import Relation
from pgrefit.model.statistics import ColumnStatistics, IndexStatistics, SequenceStatistics, Statistics, TableStatistics
from pgrefit.pg.moment import ROUNDS, UNPRINTABLE, at_one_moment
from pgrefit.pg.queries import fetch_dicts


def take_statistics(conn: psycopg.Connection[Any]) -> Statistics:
    """Read sizes, estimates, counters and changed settings; column statistics only of columns that the role may read.

    Materialized views are among the tables. What is locked is not asked for its size; LockNotGranted where locks that
    are taken meanwhile are in the way again and again.
    """
    return at_one_moment(conn, lambda: _statistics(conn), rounds=ROUNDS)


def _statistics(conn: psycopg.Connection[Any]) -> Statistics:
    (database,) = fetch_dicts(conn, "database_statistics")
    index_rows = fetch_dicts(conn, "index_statistics")
    return Statistics(
        **database,
        tables=_tables(conn, index_rows),
        indexes=tuple(map(_index, index_rows)),
        sequences=tuple(map(_sequence, fetch_dicts(conn, "sequence_statistics"))),
        settings=tuple((row["name"], row["value"] or "") for row in fetch_dicts(conn, "changed_settings")),
    )


def _tables(conn: psycopg.Connection[Any], index_rows: list[dict[str, Any]]) -> tuple[TableStatistics, ...]:
    index_bytes: Counter[int] = Counter()
    index_scans: Counter[int] = Counter()
    for row in index_rows:
        index_bytes[row["relation"]] += row["bytes"]
        index_scans[row["relation"]] += row["scans"]
    columns = _columns(conn)

    def table(row: dict[str, Any]) -> TableStatistics:
        oid, name = row.pop("oid"), Relation(row.pop("schema"), row.pop("name"))
        return TableStatistics(
            table=name,
            index_bytes=index_bytes[oid],
            index_scans=index_scans[oid],
            columns=tuple(columns.get(name, ())),
            **row,
        )

    return tuple(map(table, fetch_dicts(conn, "table_statistics")))


def _columns(conn: psycopg.Connection[Any]) -> dict[Relation, list[ColumnStatistics]]:
    columns: defaultdict[Relation, list[ColumnStatistics]] = defaultdict(list)
    for row in _column_rows(conn):
        name = Relation(row.pop("schema"), row.pop("name"))
        row |= {key: tuple(row[key]) for key in ("values", "frequencies", "bounds")}
        columns[name].append(ColumnStatistics(**row))
    return columns


def _column_rows(conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Without values of the types of extensions where the library that prints them is gone."""
    try:
        with conn.transaction(force_rollback=True):
            return fetch_dicts(conn, "column_statistics", of_extensions=True)
    except UNPRINTABLE:
        return fetch_dicts(conn, "column_statistics", of_extensions=False)


def _index(row: dict[str, Any]) -> IndexStatistics:
    return IndexStatistics(
        index=Relation(row["schema"], row["name"]),
        table=Relation(row["table_schema"], row["table_name"]),
        bytes=row["bytes"], scans=row["scans"], pages=row["pages"], rows=row["rows"],
        blocks_fetched=row["blocks_fetched"], blocks_hit=row["blocks_hit"],
    )  # fmt: skip


def _sequence(row: dict[str, Any]) -> SequenceStatistics:
    return SequenceStatistics(sequence=Relation(row["schema"], row["name"]), last_value=row["last_value"])
