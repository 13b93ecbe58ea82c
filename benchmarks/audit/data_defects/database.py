"""Worlds made, planted and written into a database."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from benchmarks.audit.data_defects import copies, derived, keys, ranges, references, references_indirect, values
from benchmarks.audit.data_defects.fillers import fill
from benchmarks.audit.data_defects.shelf import KINDS, Kind
from benchmarks.audit.data_defects.words import LANGUAGES
from benchmarks.audit.data_defects.world import Column, Planted, Table, World
from benchmarks.audit.styles import STYLES
from psycopg import sql

MODULES = (references, references_indirect, values, ranges, derived, copies, keys)  # what they shelve when imported


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What was planted, of which kind."""

    kind: Kind
    planted: Planted


def made_up(number: int, *, only: Sequence[str] = (), most_rows: int = 20_000) -> tuple[World, list[Truth]]:
    """The world of a number, with every kind of plant once, or those of some defects."""
    draw = random.Random(number)
    style = STYLES[(number + number // len(LANGUAGES)) % len(STYLES)]
    world = World(LANGUAGES[number % len(LANGUAGES)], style, draw, most_rows=most_rows)
    kinds = [kind for kind in KINDS if not only or kind.defect in only]
    draw.shuffle(kinds)
    truths = [Truth(kind, kind.plant(world)) for kind in kinds]
    fill(world)
    return world, truths


def write(conn: psycopg.Connection, world: World) -> None:
    """Make the tables and fill them; what is declared is declared afterwards."""
    conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(world.schema)))
    for table in world.tables:
        _create(conn, world, table)
    for table in world.tables:
        for statement in _declarations(world, table):
            conn.execute(statement)
    conn.execute("VACUUM ANALYZE")


def _create(conn: psycopg.Connection, world: World, table: Table) -> None:
    name = sql.Identifier(world.schema, table.name)
    columns = list(table.columns.values())
    shuffled = [columns[0], *world.draw.sample(columns[1:], len(columns) - 1)]
    conn.execute(sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(", ").join(map(_definition, shuffled))))
    filled = [column for column in columns if column.filled]
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in filled)
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(name, names)
    with conn.cursor() as cursor, cursor.copy(copy) as target:
        for row in zip(*(column.values for column in filled), strict=True):
            target.write_row(row)


def _definition(column: Column) -> sql.Composed:
    name = sql.Identifier(column.name)
    clause = sql.SQL(column.type).format(c=name)  # pyright: ignore[reportArgumentType]
    return sql.SQL("{} {}").format(name, clause)


def _declarations(world: World, table: Table) -> Iterator[sql.Composed]:
    own = sql.Identifier(world.schema, table.name)
    sequence = sql.Identifier(world.schema, f"{table.name}_counter")
    for statement, names in table.after:
        yield sql.SQL(statement).format(  # pyright: ignore[reportArgumentType]
            *map(sql.Identifier, names), t=own, t_seq=sequence, p=sql.Identifier(world.schema, names[-1]),
            k=sql.Identifier(table.key.name), t_text=sql.Literal(own.as_string()), c_text=sql.Literal(names[0]),
            t_seq_text=sql.Literal(sequence.as_string()),
        )  # fmt: skip
