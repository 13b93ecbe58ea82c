"""What a step really locks and does, as the server tells."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from pgrefit.model.change import Batches, Step, Work
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from step_runner import Runner

TABLES = """
    SELECT c.oid, n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
"""
NAMES = f"SELECT u.oid, u.nspname, u.relname FROM ({TABLES}) AS u"
LOCKS = "SELECT relation, mode FROM pg_locks WHERE locktype = 'relation' AND pid = %s AND relation = ANY(%s)"
FILES = f"SELECT u.oid, pg_relation_filenode(u.oid) FROM ({TABLES}) AS u"
INDEXES = f"SELECT i.indexrelid FROM pg_index AS i JOIN ({TABLES}) AS u ON u.oid = i.indrelid WHERE u.oid = ANY(%s)"
ANALYZED = f"SELECT coalesce(sum(pg_stat_get_analyze_count(u.oid)), 0) FROM ({TABLES}) AS u"
SCANS = "SELECT coalesce(sum(seq_scan), 0) FROM {} WHERE relid = ANY(%s)"


@dataclass
class Measured:
    """The strongest lock on each table, by its name of before, and the work."""

    names: dict[int, Relation]
    locks: dict[Relation, LockMode] = field(default_factory=dict)
    work: Work = Work.INSTANT

    def saw(self, locks: list[tuple[int, str]]) -> None:
        for oid, mode in locks:
            on, found = self.names[oid], LockMode(mode)
            self.locks[on] = max(self.locks.get(on, found), found, key=lambda m: m.strength)


def declared(locks: tuple[Lock, ...]) -> dict[Relation, LockMode]:
    assert len({lock.on for lock in locks}) == len(locks), "a table is named twice"
    return {lock.on: lock.mode for lock in locks}


def measure(runner: Runner, other: psycopg.Connection, step: Step) -> Measured:
    """Run the step and tell what it did. `other` is a second connection to the same database."""
    measured = Measured({oid: Relation(*name) for oid, *name in runner.conn.execute(NAMES)})
    files = dict(runner.conn.execute(FILES).fetchall())
    indexes = runner.conn.execute(INDEXES, (list(files),)).fetchall()
    analyzed = runner.conn.execute(ANALYZED).fetchone()
    scanned = _run_and_watch(runner, other, step, measured, list(files))
    after = dict(runner.conn.execute(FILES).fetchall())
    if isinstance(step.do, Batches):
        measured.work = Work.BATCHES
    elif any(after.get(oid, file) != file for oid, file in files.items()):
        measured.work = Work.REWRITE
    elif set(runner.conn.execute(INDEXES, (list(files),)).fetchall()) - set(indexes):
        measured.work = Work.BUILD
    elif scanned or runner.conn.execute(ANALYZED).fetchone() > analyzed:
        measured.work = Work.SCAN
    return measured


def _run_and_watch(
    runner: Runner, other: psycopg.Connection, step: Step, measured: Measured, tables: list[int]
) -> bool:
    """Run the step and note its locks on tables that were there before. Whether it read a table from end to end."""
    if not step.in_transaction:
        return _run_and_poll(runner, other, step, measured, tables)
    pid = runner.conn.info.backend_pid
    counts = [_unreported(runner.conn, tables)]

    def look() -> None:
        measured.saw(runner.conn.execute(LOCKS, (pid, tables)).fetchall())
        counts.append(_unreported(runner.conn, tables))

    runner.around = look
    try:
        runner.do(step)
    finally:
        runner.around = lambda: None
    return counts[-1] > counts[0]


def _run_and_poll(runner: Runner, other: psycopg.Connection, step: Step, measured: Measured, tables: list[int]) -> bool:
    """Hold the statement up by a transaction that has written to its tables, until its locks were seen."""
    pid = runner.conn.info.backend_pid
    before = _reported(runner.conn, tables)
    with psycopg.connect(other.info.dsn) as writer:
        for lock in step.locks:
            table = sql.Identifier(lock.on.schema, lock.on.name)
            writer.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(table))
        statement = threading.Thread(target=runner.do, args=(step,))
        statement.start()
        while statement.is_alive():
            measured.saw(other.execute(LOCKS, (pid, tables)).fetchall())
            if measured.locks:
                writer.commit()
            time.sleep(0.01)
    return _reported(runner.conn, tables) > before


def _unreported(conn: psycopg.Connection, tables: list[int]) -> int:
    """Scans of this transaction, and of earlier ones of the session that it did not report yet."""
    return _scans(conn, "pg_stat_xact_user_tables", tables)


def _reported(conn: psycopg.Connection, tables: list[int]) -> int:
    conn.execute("SELECT pg_stat_force_next_flush()")
    return _scans(conn, "pg_stat_user_tables", tables)


def _scans(conn: psycopg.Connection, view: str, tables: list[int]) -> int:
    """Of tables that were there before: to look through an empty one of its own costs a step nothing."""
    row = conn.execute(sql.SQL(SCANS).format(sql.Identifier(view)), (tables,)).fetchone()
    assert row is not None
    return int(row[0])
