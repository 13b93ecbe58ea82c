"""How much room on the disk the steps of a plan take at least, and whether there is as much."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgast import pg_query_pb2 as pb

from pgrefit.errors import Refused
from pgrefit.model.change import Batches, Work
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.plan import PlanStep
from pgrefit.model.sql_tree import UnreadableError, parse_sql
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

# A B-tree keeps equal keys once with six bytes a row; else an entry has a pointer, a header and an aligned key.
LEAST_ENTRY_BYTES = 6
USUAL_ENTRY_BYTES = 24
PROCESSES = Path("/proc")
UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Growth:
    """What a step adds to the data, in bytes: certainly, and probably."""

    step: str
    what: str
    least: int
    likely: int


@dataclass(frozen=True, slots=True)
class Room:
    """What the steps add, and what is free where the server runs on this machine and lets us know (else None)."""

    growth: tuple[Growth, ...]
    free: int | None

    @property
    def least(self) -> int:
        """Bytes, certainly."""
        return sum(each.least for each in self.growth)

    @property
    def likely(self) -> int:
        """Bytes, probably."""
        return sum(each.likely for each in self.growth)

    def __str__(self) -> str:
        free = "how much is free cannot be seen from here" if self.free is None else f"{size(self.free)} are free"
        return f"about {size(self.likely)} of disk, at least {size(self.least)}, and WAL; {free}"


def check_room(conn: Session, steps: Iterable[PlanStep]) -> None:
    """Raise Refused, with figures, where the steps cannot fit."""
    room = take_room(conn, steps)
    if room.free is not None and room.least > room.free:
        most = sorted(room.growth, key=lambda each: -each.least)[:3]
        raise Refused(
            f"the disk has no room for the plan, which takes {room}",
            why="; ".join(f"step {each.step} {each.what}: at least {size(each.least)}" for each in most),
            next_step="make room, or apply a part of it with --until",
        )


def take_room(conn: Session, steps: Iterable[PlanStep]) -> Room:
    """What the steps need, and what there is."""
    steps = tuple(steps)
    tables = sorted({lock.on for step in steps for lock in step.step.locks} | set(_walked(steps)))
    rows = fetch_dicts(
        conn, "relation_room", schemas=[table.schema for table in tables], names=[table.name for table in tables]
    )
    held = {Relation(row["schema"], row["name"]): row for row in rows}
    return Room(tuple(_growth(steps, held)), free_bytes(conn))


def free_bytes(conn: Session) -> int | None:
    """Free room where the server keeps its data; None where that is another machine, or hidden from the role."""
    process = PROCESSES / str(conn.info.backend_pid) / "comm"
    folder = next((row["folder"] for row in fetch_dicts(conn, "data_directory")), None)
    try:
        if folder is None or process.read_text().strip() != "postgres":
            return None
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _walked(steps: Iterable[PlanStep]) -> Iterator[Relation]:
    return (step.step.do.table for step in steps if isinstance(step.step.do, Batches))


def _growth(steps: tuple[PlanStep, ...], held: dict[Relation, dict[str, Any]]) -> Iterator[Growth]:
    """Dead rows are counted once a table: later steps may use their room again."""
    filled: set[Relation] = set()
    for step in steps:
        action = step.step.do
        if isinstance(action, Batches):
            if action.table in held.keys() - filled and _fills_a_new_column(action, held[action.table]["columns"]):
                filled.add(action.table)
                yield _rewriting(step, f"writes every row of {action.table} anew", held[action.table])
            continue
        for table in sorted({lock.on for lock in step.step.locks} & held.keys()):
            if step.step.work is Work.REWRITE:
                yield _rewriting(step, f"rewrites {table}", held[table])
            if step.step.work is Work.BUILD and any(map(_indexes_every_row, action)):
                rows = held[table]["rows"]
                what = f"builds an index on {table}"
                yield Growth(step.id, what, rows * LEAST_ENTRY_BYTES, rows * USUAL_ENTRY_BYTES)


def _rewriting(step: PlanStep, what: str, held: dict[str, Any]) -> Growth:
    """Rows are copied whole, but for values kept out of line; every index gets an entry more for each."""
    return Growth(step.id, what, held["heap_bytes"], held["heap_bytes"] + held["index_bytes"])


def _fills_a_new_column(batches: Batches, columns: list[str]) -> bool:
    """Whether a column is filled that is yet to be made: then no row is left out."""
    updates = (each.stmt.update_stmt for each in _statements(batches.statement))
    return any(target.res_target.name not in columns for update in updates for target in update.target_list)


def _indexes_every_row(statement: Statement) -> bool:
    """Whether it makes a B-tree over the whole table."""
    made = (each.stmt.index_stmt for each in _statements(statement) if each.stmt.HasField("index_stmt"))
    return any(index.access_method in {"", "btree"} and not index.HasField("where_clause") for index in made)


def _statements(statement: Statement) -> Iterable[pb.RawStmt]:
    try:
        return list(parse_sql(statement).stmts)
    except UnreadableError:
        return ()


def size(value: float) -> str:
    """Bytes as PostgreSQL counts them: 1 kB is 1024 bytes."""
    unit = 0
    while value >= 10 * 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {UNITS[unit]}"
