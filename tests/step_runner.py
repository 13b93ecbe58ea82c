"""A small runner of steps for tests: what the executor does, without its ladders, its journal and its throttle."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from importlib.resources import files

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgrefit.model.change import Action, Batches, Change, Step, Way
from pgrefit.observe.snapshot import take_snapshot

RUN = str(uuid.UUID(int=1))
BATCH_ROWS = 7


class Runner:
    """Runs steps on an autocommit connection. `around` is called within each transaction, after the statements."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self.around: Callable[[], None] = lambda: None
        conn.execute(files("pgrefit.pg").joinpath("sql", "journal.sql").read_text())
        conn.execute("SELECT set_config('pgrefit.run', %s, false)", (RUN,))
        conn.execute("SET deadlock_timeout = '100ms'")  # sooner than a client's, so that we give way

    def steps(self, change: Change) -> tuple[Step, ...]:
        steps = tuple(change.steps(take_snapshot(self.conn)))
        assert [s.phase.order for s in steps] == sorted(s.phase.order for s in steps), "phases are not in order"
        return steps

    def do(self, step: Step) -> None:
        self._name(step)
        self._run(step.do, in_transaction=step.in_transaction)

    def undo(self, step: Step) -> None:
        assert step.undo is not Way.NO_RETURN
        self._name(step)
        if not isinstance(step.undo, Way):
            self._run(step.undo, in_transaction=step.undone_at_once)

    def proven(self, step: Step) -> bool:
        self._name(step)
        row = self.conn.execute(step.proof.encode()).fetchone()
        assert row is not None
        assert isinstance(row[0], bool)
        return row[0]

    def forward(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            self.do(step)

    def back(self, steps: tuple[Step, ...]) -> None:
        for step in reversed(steps):
            self.undo(step)

    def _name(self, step: Step) -> None:
        self.conn.execute("SELECT pg_catalog.set_config('pgrefit.step', %s, false)", (step.title,))

    def _run(self, action: Action, *, in_transaction: bool) -> None:
        if isinstance(action, Batches):
            return self._run_batches(action)
        while True:
            try:
                with self.conn.transaction() if in_transaction else nullcontext():
                    for statement in action:
                        self.conn.execute(statement.encode())
                    self.around()
            except psycopg.errors.DeadlockDetected:
                continue  # as the executor does: whoever is at work in the database goes first
            return None

    def _run_batches(self, batches: Batches) -> None:
        keys = self._keys(batches)
        with psycopg.RawCursor(self.conn) as cursor:
            for start in range(0, len(keys), BATCH_ROWS):
                part = keys[start : start + BATCH_ROWS]
                with self.conn.transaction():
                    cursor.execute(batches.statement.encode(), (*part[0], *part[-1]))
                    self.around()

    def _keys(self, batches: Batches) -> list[tuple[str, ...]]:
        columns = [sql.SQL("t.{}").format(sql.Identifier(name)) for name in batches.key]
        query = sql.SQL("SELECT {texts} FROM {table} AS t ORDER BY {columns}").format(
            texts=sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in columns),
            table=sql.Identifier(batches.table.schema, batches.table.name), columns=sql.SQL(", ").join(columns),
        )  # fmt: skip
        return self.conn.execute(query).fetchall()


def start(conn: psycopg.Connection, ddl: str) -> Runner:
    """Make the schema shop and what the DDL says, and get ready to run steps."""
    conn.execute("CREATE SCHEMA shop")
    conn.execute(ddl.encode())
    return Runner(conn)


def run_all(conn: psycopg.Connection, change: Change) -> tuple[Step, ...]:
    """Run a change from end to end."""
    runner = Runner(conn)
    steps = runner.steps(change)
    for step in steps:
        runner.do(step)
        assert runner.proven(step), step.title
    return steps


def go_back(conn: psycopg.Connection, steps: tuple[Step, ...]) -> None:
    Runner(conn).back(steps)


def dsn(conn: psycopg.Connection) -> str:
    """Where this connection is, without the options that only a new libpq knows and info.dsn mentions."""
    info = conn.info
    return make_conninfo(
        "", host=info.host, port=info.port, user=info.user, dbname=info.dbname, password=info.password or None
    )


def checksums(conn: psycopg.Connection) -> dict[str, str]:
    """What the rows of each of the user's tables come to."""
    tables = conn.execute(
        "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_'"
        " AND n.nspname NOT IN ('information_schema', 'pgrefit')"
    ).fetchall()
    found = {}
    for schema, name in tables:
        query = sql.SQL("SELECT md5(coalesce(string_agg((t.*)::text, E'\\n' ORDER BY (t.*)::text), '')) FROM {} AS t")
        row = conn.execute(query.format(sql.Identifier(schema, name))).fetchone()
        assert row is not None
        found[f"{schema}.{name}"] = row[0]
    return found


__all__ = ["Runner", "checksums", "dsn", "go_back", "run_all", "start"]
