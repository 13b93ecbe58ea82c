"""Clients that insert, update, move and delete rows of one table all the while, and know what it must hold."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pgrefit.model.ddl import ddl
from pgrefit.model.names import Relation

PAUSE_SECONDS = 0.003
DAYS = 400
MOVE = "UPDATE {t} SET day = date '2024-01-01' + %s, note = %s WHERE id = %s"

Rows = dict[int, tuple[int, str]]  # id -> (day, note)


class Client(threading.Thread):
    """Works on the rows whose id is its own modulo the number of clients."""

    def __init__(self, dsn: str, table: Relation, number: int, clients: int, rows: Rows) -> None:
        super().__init__(daemon=True)
        self.dsn, self.table, self.number, self.clients = dsn, table, number, clients
        self.rows = {key: row for key, row in rows.items() if key % clients == number}
        self.random = random.Random(number)
        self.next = max(rows) + 1 + (number - max(rows) - 1) % clients
        self.ended = threading.Event()
        self.failures: list[Exception] = []
        self.count = 0

    def run(self) -> None:
        works = (self.insert, self.insert, self.update, self.update, self.move, self.delete, self.again, self.rename,
                 self.in_vain, self.in_isolation, self.many)  # fmt: skip
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                while not self.ended.wait(PAUSE_SECONDS):
                    self.random.choice(works)(conn)
                    self.count += 1
        except (psycopg.Error, AssertionError) as error:
            self.failures.append(error)

    def execute(self, conn: psycopg.Connection, template: str, *values: object) -> None:
        assert conn.execute(ddl(template, t=self.table).encode(), values).rowcount != 0  # type: ignore[arg-type]

    def fresh(self) -> int:
        self.next += self.clients
        return self.next

    def row(self) -> tuple[int, str]:
        return self.random.randrange(DAYS), f"note {self.random.random()}"

    def some(self) -> int:
        return self.random.choice(list(self.rows))

    def insert(self, conn: psycopg.Connection) -> None:
        key, row = self.fresh(), self.row()
        self.execute(conn, "INSERT INTO {t} (id, day, note) VALUES (%s, date '2024-01-01' + %s, %s)", key, *row)
        self.rows[key] = row

    def many(self, conn: psycopg.Connection) -> None:
        new = {self.fresh(): self.row() for _ in range(5)}
        days, notes = [day for day, _ in new.values()], [note for _, note in new.values()]
        rows = "SELECT i, date '2024-01-01' + d, n FROM unnest(%s::int[], %s::int[], %s::text[]) AS u (i, d, n)"
        self.execute(conn, f"INSERT INTO {{t}} (id, day, note) {rows}", list(new), days, notes)
        self.rows |= new

    def update(self, conn: psycopg.Connection) -> None:
        key, (_, note) = self.some(), self.row()
        self.execute(conn, "UPDATE {t} SET note = %s WHERE id = %s", note, key)
        self.rows[key] = self.rows[key][0], note

    def move(self, conn: psycopg.Connection) -> None:
        key, row = self.some(), self.row()
        self.execute(conn, MOVE, *row, key)
        self.rows[key] = row

    def rename(self, conn: psycopg.Connection) -> None:
        key, new = self.some(), self.fresh()
        self.execute(conn, "UPDATE {t} SET id = %s WHERE id = %s", new, key)
        self.rows[new] = self.rows.pop(key)

    def delete(self, conn: psycopg.Connection) -> None:
        key = self.some()
        self.execute(conn, "DELETE FROM {t} WHERE id = %s", key)
        del self.rows[key]

    def again(self, conn: psycopg.Connection) -> None:
        """Delete and insert with the same key, in one transaction."""
        key, row = self.some(), self.row()
        with conn.transaction():
            self.execute(conn, "DELETE FROM {t} WHERE id = %s", key)
            self.execute(conn, "INSERT INTO {t} (id, day, note) VALUES (%s, date '2024-01-01' + %s, %s)", key, *row)
        self.rows[key] = row

    def in_vain(self, conn: psycopg.Connection) -> None:
        first, second = self.random.sample(list(self.rows), 2)
        with conn.transaction(force_rollback=True):
            self.execute(conn, "DELETE FROM {t} WHERE id = %s", first)
            self.execute(conn, "UPDATE {t} SET day = day + 1 WHERE id = %s", second)

    def in_isolation(self, conn: psycopg.Connection) -> None:
        """As such applications do, it tries again where the server could not serialize it."""
        (first, second), row = self.random.sample(list(self.rows), 2), self.row()
        while True:
            try:
                with conn.transaction():
                    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    conn.execute("SELECT 1")
                    time.sleep(0.01)
                    self.execute(conn, MOVE, *row, first)
                    self.execute(conn, "DELETE FROM {t} WHERE id = %s", second)
            except psycopg.errors.SerializationFailure:
                continue
            break
        self.rows[first] = row
        del self.rows[second]


class Crowd:
    """Some clients at once."""

    def __init__(self, dsn: str, table: Relation, clients: int = 3) -> None:
        self.dsn, self.table = dsn, table
        self.clients = [Client(dsn, table, number, clients, self.found()) for number in range(clients)]

    def found(self) -> Rows:
        with psycopg.connect(self.dsn) as conn:
            rows = conn.execute(ddl("SELECT id, day - date '2024-01-01', note FROM {t}", t=self.table).encode())
            return {key: (day, note) for key, day, note in rows}

    def go_on(self, statements: int = 30) -> None:
        """Wait until each client has done so many more."""
        goals = [client.count + statements for client in self.clients]
        deadline = time.monotonic() + 30
        while any(c.count < goal and not c.failures for c, goal in zip(self.clients, goals, strict=True)):
            assert time.monotonic() < deadline, "the clients are held up"
            time.sleep(0.005)

    @property
    def failures(self) -> list[Exception]:
        return [failure for client in self.clients for failure in client.failures]

    @property
    def expected(self) -> Rows:
        return {key: row for client in self.clients for key, row in client.rows.items()}


@contextmanager
def at_work(dsn: str, table: Relation, clients: int = 3) -> Iterator[Crowd]:
    """Clients that work until the block ends; then none may have failed, and the table holds what they wrote."""
    crowd = Crowd(dsn, table, clients)
    for client in crowd.clients:
        client.start()
    try:
        yield crowd
    finally:
        for client in crowd.clients:
            client.ended.set()
        for client in crowd.clients:
            client.join()
    assert not crowd.failures
    assert crowd.found() == crowd.expected


def rows_of(conn: psycopg.Connection, table: Relation) -> list[tuple[object, ...]]:
    """All rows, in an order of their own."""
    return sorted(conn.execute(ddl("SELECT id, day, note FROM {t}", t=table).encode()).fetchall())
