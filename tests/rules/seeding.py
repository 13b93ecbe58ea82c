"""Random tables with known defects in their data, and as many columns that look like a defect and are none."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from rules.made_up import WORDS, Col, Maker, Words
from rules.seeded_decoys import DECOYS
from rules.seeded_defects import DEFECTS

STYLES: list[Callable[[Words], str]] = [
    "_".join,
    lambda words: words[0] + "".join(map(str.title, words[1:])),
    lambda words: "".join(map(str.title, words)),
    lambda words: "_".join(words).upper(),
    " ".join,
]


@dataclass
class Seeded:
    """What must be found: (rule, table, column)."""

    expected: set[tuple[str, str, str]] = field(default_factory=set)
    decoys: int = 0


def seed(conn: psycopg.Connection, rng: random.Random, *, tables: int, rows: int) -> Seeded:
    """Create tables, each in a naming style of its own, with every maker used at least once."""
    seeded = Seeded()
    queue = _queue(rng, tables)
    for number, makers in enumerate(queue):
        _create(conn, rng, f"{rng.choice(WORDS)}_{number}", rng.choice(STYLES), makers, rows, seeded)
    conn.execute("ANALYZE")
    return seeded


def _queue(rng: random.Random, tables: int) -> list[list[Maker]]:
    """Defects and as many decoys, dealt out to the tables."""
    decoys = [DECOYS[k % len(DECOYS)] for k in range(len(DEFECTS))]
    dealt = [*DEFECTS, *decoys]
    rng.shuffle(dealt)
    return [dealt[k::tables] for k in range(tables)]


def _create(
    conn: psycopg.Connection,
    rng: random.Random,
    table: str,
    style: Callable[[Words], str],
    makers: list[Maker],
    rows: int,
    seeded: Seeded,
) -> None:
    columns = list(_columns(rng, style, makers, rows, seeded))
    for name, column in columns:
        seeded.expected |= {(rule, table, name) for rule in column.rules}
    definitions = [
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(column.type).format(c=sql.Identifier(name)))
        for name, column in columns
    ]
    create = sql.SQL("CREATE TABLE {} (id integer PRIMARY KEY, {})")
    conn.execute(create.format(sql.Identifier(table), sql.SQL(", ").join(definitions)))
    copy = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with conn.cursor() as cursor, cursor.copy(copy) as target:
        for n, row in enumerate(zip(*(column.values for _, column in columns), strict=True)):
            target.write_row((n, *row))


def _columns(
    rng: random.Random, style: Callable[[Words], str], makers: list[Maker], rows: int, seeded: Seeded
) -> Iterator[tuple[str, Col]]:
    taken: set[str] = set()
    for maker in makers:
        made = maker(rng, rows)
        names = [style(column.words) for column in made]
        if taken & set(names):
            continue
        taken |= set(names)
        seeded.decoys += not any(column.rules for column in made)
        yield from zip(names, made, strict=True)
