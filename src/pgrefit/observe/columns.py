"""Columns of tables, views and composite types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from sys import intern

from pgrefit.model.snapshot import Column
from pgrefit.observe.reader import Reader, Row

# Some minor versions keep a counter of their own among a column's options; it is no part of the schema.
SERVERS_OWN = "pg_attver="


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns by the oid of their relation, and their names by the server's numbers, which have gaps."""

    by_relation: dict[int, tuple[Column, ...]]
    names: dict[int, dict[int, str]]

    def of(self, oid: int) -> tuple[Column, ...]:
        """Columns of a relation in order."""
        return self.by_relation.get(oid, ())

    def named(self, oid: int, numbers: Iterable[int] | None) -> tuple[str, ...]:
        """Names for the server's column numbers; expressions and system columns left out."""
        names = self.names.get(oid, {})
        return tuple(names[number] for number in numbers or () if number in names)


def read_columns(reader: Reader) -> Columns:
    """Read all columns; positions are counted from 1 without gaps."""
    columns: defaultdict[int, list[Column]] = defaultdict(list)
    names: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for row in reader.rows("columns"):
        oid, number = row.pop("relation"), row.pop("number")
        names[oid][number] = row["name"] = intern(row["name"])
        columns[oid].append(_column(reader, row, oid, number, len(columns[oid]) + 1))
    return Columns(by_relation={oid: tuple(together) for oid, together in columns.items()}, names=dict(names))


def _column(reader: Reader, row: Row, oid: int, number: int, position: int) -> Column:
    options: list[str] = row.pop("options")
    row["type"] = intern(row["type"])
    return Column(
        **row,
        position=position,
        options=tuple(option for option in options if not option.startswith(SERVERS_OWN)),
        comment=reader.comment("pg_class", oid, number),
        grants=reader.granted("pg_class", oid, number),
    )
