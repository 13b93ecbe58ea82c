"""An application that writes all the while, and knows what it wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import postgast
import psycopg
from psycopg import sql

from pgrefit.model.change import Change, Example
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

PAUSE_SECONDS = 0.0005


class Writer:
    """Runs a statement again and again in a session of its own, and remembers what each row last got.

    Columns that the change itself is about are not compared: what becomes of their values is the change's business.
    """

    def __init__(self, dsn: str, example: Example, db: Snapshot) -> None:
        statement = postgast.parse(example.writes).stmts[0].stmt
        kind: Any = statement.insert_stmt if statement.HasField("insert_stmt") else statement.update_stmt
        targets = kind.cols if statement.HasField("insert_stmt") else kind.target_list
        self.table = Relation(kind.relation.schemaname, kind.relation.relname)
        self.key = db.table(self.table).primary_key
        concerned = set(_strings(example.change))
        self.columns = tuple(n for t in targets if (n := t.res_target.name) not in concerned and n not in self.key)
        self._sql = sql.SQL("{} RETURNING {}").format(sql.SQL(example.writes), self._texts())
        self._dsn, self._stop = dsn, threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.failures: list[psycopg.Error] = []
        self.written: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.count = 0

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def go_on(self, writes: int) -> None:
        """Wait until so many more statements have run."""
        goal, deadline = self.count + writes, time.monotonic() + 20
        while self.count < goal and not self.failures:
            assert time.monotonic() < deadline, "the application is held up"
            time.sleep(0.001)

    def lost(self, conn: psycopg.Connection) -> list[tuple[str, ...]]:
        """Rows that are neither there as they were written nor in quarantine."""
        query = sql.SQL("SELECT {} FROM {}").format(self._texts(), sql.Identifier(self.table.schema, self.table.name))
        width = len(self.key)
        there = {row[:width]: row[width:] for row in conn.execute(query)}
        aside = conn.execute("SELECT key FROM pgrefit.quarantine WHERE source = %s", (str(self.table),))
        put_aside = {tuple(key) for (key,) in aside}
        return [key for key, row in self.written.items() if there.get(key) != row and key not in put_aside]

    def _texts(self) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(n)) for n in (*self.key, *self.columns))

    def _write(self) -> None:
        try:
            with psycopg.connect(self._dsn, autocommit=True) as conn:
                while not self._stop.is_set():
                    for row in conn.execute(self._sql):
                        self.written[row[: len(self.key)]] = row[len(self.key) :]
                    self.count += 1
                    time.sleep(PAUSE_SECONDS)
        except psycopg.Error as error:
            self.failures.append(error)


def _strings(value: object) -> Iterator[str]:
    """Every text in a change, at any depth."""
    if isinstance(value, Change):
        yield from _strings(asdict(value))  # type: ignore[call-overload]
    elif isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
