"""Clients of a random database. Each write goes into a shadow of the table too, in the same transaction."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import psycopg
from psycopg import sql

from chaos.world import World
from pgrefit.model.names import Relation

FORK = multiprocessing.get_context("fork")
GONE = {"57P01", "57P02", "57P03", "57P05"}  # the server went, or ended the session
PAUSE = 0.004
Cursor = psycopg.ClientCursor[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Report:
    """How the clients fared: statements that came through and those that failed, by their errors; seconds."""

    statements: int = 0
    failures: tuple[str, ...] = ()
    longest: float = 0.0


@dataclass(slots=True)
class Client:
    """Writes rows of its own, so that no two clients wait for each other."""

    world: World
    dsn: str
    seed: int
    draw: random.Random = field(init=False)
    accounts: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    statements: int = 0
    failures: list[str] = field(default_factory=list)
    longest: float = 0.0

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def work(self, ended: threading.Event) -> None:
        """Until it is told to end; where the server goes away it waits for it."""
        while not ended.is_set():
            with suppress(psycopg.OperationalError), self._connect() as conn:
                while not ended.wait(PAUSE):
                    if not self._write(conn):
                        break
            ended.wait(0.05)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.dsn, autocommit=True, cursor_factory=psycopg.ClientCursor)

    def _write(self, conn: psycopg.Connection) -> bool:
        """One transaction; whether the session is still there."""
        began = time.monotonic()
        action = self.draw.choice(self._actions())
        try:
            remember = None
            with conn.transaction(), conn.cursor() as cursor:
                remember = action(cursor)
            if remember:
                remember()
            self.statements += 1
        except psycopg.Error as error:
            if conn.closed or error.sqlstate in GONE or error.sqlstate is None:
                self.items.clear()  # nobody can tell whether one of them was removed
                return False
            self.failures.append(f"{action.__name__}: {error.sqlstate} {error}")
        self.longest = max(self.longest, time.monotonic() - began)
        return True

    def _actions(self) -> list[Callable[[Cursor], Callable[[], None] | None]]:
        actions = [self.open_account, self.order]
        if self.accounts:
            actions += [self.change_account]
        if self.orders:
            actions += [self.change_order, self.add_item, self.add_item]
        if self.items:
            actions += [self.change_item, self.remove_item]
        return actions

    def open_account(self, cursor: Cursor) -> Callable[[], None]:
        key = self._insert(cursor, self.world.account, "account", email=f"e{self.draw.random()}", plan="paid")
        return lambda: self.accounts.append(key)

    def change_account(self, cursor: Cursor) -> None:
        key = self.draw.choice(self.accounts)
        self._update(cursor, self.world.account, "account", key, email=f"f{self.draw.random()}")

    def order(self, cursor: Cursor) -> Callable[[], None]:
        key = self._insert(
            cursor,
            self.world.orders,
            "orders",
            account_id=self._account(),
            total=str(self.draw.randrange(999)),
            tag="t1",
        )
        return lambda: self.orders.append(key)

    def change_order(self, cursor: Cursor) -> None:
        changes = {"total": str(self.draw.randrange(999)), "tag": f"t{self.draw.randrange(99)}"}
        if self.draw.random() < 0.5:
            changes["account_id"] = self._account()
        self._update(cursor, self.world.orders, "orders", self.draw.choice(self.orders), **changes)

    def add_item(self, cursor: Cursor) -> Callable[[], None]:
        key = self._insert(
            cursor, self.world.item, "item", order_id=self.draw.choice(self.orders), quantity="1", label="x"
        )
        return lambda: self.items.append(key)

    def change_item(self, cursor: Cursor) -> None:
        self._update(cursor, self.world.item, "item", self.draw.choice(self.items), label=f"m{self.draw.random()}")

    def remove_item(self, cursor: Cursor) -> Callable[[], None]:
        key = self.draw.choice(self.items)
        self._run(cursor, "DELETE FROM {t} WHERE id = %s", self.world.item, (key,))
        self._run(cursor, "DELETE FROM {t} WHERE id = %s", Relation("twin", "item"), (key,))
        return lambda: self.items.remove(key)

    def _account(self) -> str:
        """One that is there for good."""
        if self.accounts and self.draw.random() < 0.5:
            return self.draw.choice(self.accounts)
        number = self.draw.randrange(1, self.world.accounts + 1)
        return str(number) if self.world.key == "integer" else account_key(number)

    def _insert(self, cursor: Cursor, table: Relation, twin: str, **values: str) -> str:
        columns = sql.SQL(", ").join(map(sql.Identifier, values))
        holes = sql.SQL(", ").join([sql.Placeholder()] * len(values))
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id::text")
        cursor.execute(query.format(sql.Identifier(table.schema, table.name), columns, holes), tuple(values.values()))
        row = cursor.fetchone()
        assert row is not None
        query = sql.SQL("INSERT INTO twin.{} (id, {}) VALUES (%s, {})").format(sql.Identifier(twin), columns, holes)
        cursor.execute(query, (row[0], *values.values()))
        return row[0]

    def _update(self, cursor: Cursor, table: Relation, twin: str, key: str, **values: str) -> None:
        sets = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
        for relation in (table, Relation("twin", twin)):
            query = sql.SQL("UPDATE {} SET {} WHERE id = %s")
            cursor.execute(query.format(sql.Identifier(relation.schema, relation.name), sets), (*values.values(), key))
            assert cursor.rowcount == 1, f"row {key} of {relation} is not there"

    def _run(self, cursor: Cursor, query: str, table: Relation, values: tuple[str, ...]) -> None:
        cursor.execute(sql.SQL(query).format(t=sql.Identifier(table.schema, table.name)), values)
        assert cursor.rowcount == 1, f"row {values} of {table} is not there"


def account_key(number: int) -> str:
    """As the world makes it."""
    import hashlib

    return str(uuid.UUID(hashlib.md5(f"account {number}".encode(), usedforsecurity=False).hexdigest()))


class Clients:
    """Some clients, in a process of their own."""

    def __init__(self, world: World, dsn: str, seed: int, count: int = 3) -> None:
        self._ours, theirs = FORK.Pipe()
        self._process = FORK.Process(target=_work, args=(world, dsn, seed, count, theirs), daemon=True)

    def __enter__(self) -> Clients:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def stop(self) -> Report:
        """End them, each after its transaction."""
        self._ours.send("stop")
        if not self._ours.poll(60):
            return Report(failures=("the clients do not come to an end",))
        report: Report = self._ours.recv()
        self._process.join()
        return report


def _work(world: World, dsn: str, seed: int, count: int, pipe: Connection) -> None:
    ended = threading.Event()
    clients = [Client(world, dsn, seed + number) for number in range(count)]
    threads = [threading.Thread(target=_guarded, args=(client, ended)) for client in clients]
    for thread in threads:
        thread.start()
    pipe.recv()
    ended.set()
    for thread in threads:
        thread.join()
    failures = tuple(failure for client in clients for failure in client.failures)
    longest = max(client.longest for client in clients)
    pipe.send(Report(sum(client.statements for client in clients), failures, longest))


def _guarded(client: Client, ended: threading.Event) -> None:
    try:
        client.work(ended)
    except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed
        client.failures.append(f"{type(error).__name__}: {error}")
