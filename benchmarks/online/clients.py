"""Clients of the key graph: a fixed number of operations a second, reads and writes on parent and children."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Self

import psycopg
from benchmarks.online.graph import CHILDREN, Graph, video_key

from pgrefit.model.percentiles import percentile

FORK = multiprocessing.get_context("fork")
Operation = Callable[[psycopg.Connection], None]
SERVER_GONE = {"57P01", "57P02", "57P03", "57P05"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One operation: when it began and ended (seconds of the monotonic clock), and the error that it met."""

    began: float
    ended: float
    error: str = ""

    @property
    def ms(self) -> float:
        """How long it took."""
        return (self.ended - self.began) * 1000


@dataclass(frozen=True, slots=True)
class Samples:
    """What all clients did."""

    all: tuple[Sample, ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """The errors, but for those of a server that goes away."""
        return tuple(sample.error for sample in self.all if sample.error)

    def between(self, begin: float, end: float) -> Samples:
        """Those that began within a span of time."""
        return Samples(tuple(sample for sample in self.all if begin <= sample.began < end))

    @property
    def longest(self) -> float:
        """In ms."""
        return max((sample.ms for sample in self.all), default=0.0)

    @property
    def p99(self) -> float:
        """In ms."""
        return percentile([sample.ms for sample in self.all], 99)


@dataclass(slots=True, kw_only=True)
class Client(ABC):
    """One connection, which does something every `interval` seconds or so."""

    dsn: str
    interval: float
    seed: int
    samples: list[Sample] = field(default_factory=list[Sample])
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def work(self, ended: threading.Event) -> None:
        """Until it is told to end; where the server goes away it comes back."""
        while not ended.is_set():
            with suppress(psycopg.OperationalError), psycopg.connect(self.dsn, autocommit=True) as conn:
                conn.prepare_threshold = None
                while not ended.wait(self.interval * self.draw.uniform(0.5, 1.5)) and self._operate(conn):
                    pass
            ended.wait(0.05)

    def _operate(self, conn: psycopg.Connection) -> bool:
        """One operation; whether the session is still there."""
        operation = self.choose()
        began, error = time.monotonic(), ""
        try:
            with conn.transaction():
                operation(conn)
        except psycopg.Error as failure:
            if conn.closed or failure.sqlstate in SERVER_GONE:
                return False
            error = f"{failure.sqlstate} {failure}"
        self.samples.append(Sample(began, time.monotonic(), error))
        return True

    @abstractmethod
    def choose(self) -> Operation:
        """What to do next."""


@dataclass(slots=True, kw_only=True)
class GraphClient(Client):
    """With `mirrored` whatever it writes goes into the schema twin too, in the same transaction."""

    graph: Graph
    mirrored: bool
    children: tuple[str, ...]

    def choose(self) -> Operation:
        """Half of them read, a quarter adds, a quarter changes."""
        operations = (
            self.read_video, self.read_children, self.add_video, self.add_child, self.change_video, self.change_child,
        )  # fmt: skip
        return self.draw.choices(operations, (25, 25, 10, 15, 10, 15))[0]

    def read_video(self, conn: psycopg.Connection) -> None:
        conn.execute(f"SELECT title, views FROM shop.video WHERE id = {self._video()}").fetchall()

    def read_children(self, conn: psycopg.Connection) -> None:
        table = self.draw.choice(self.children)
        conn.execute(f"SELECT body FROM shop.{table} WHERE video_id = {self._video()} LIMIT 20").fetchall()

    def add_video(self, conn: psycopg.Connection) -> None:
        row = conn.execute("INSERT INTO shop.video (title) VALUES ('new') RETURNING id::text").fetchone()
        self._mirror(conn, "INSERT INTO twin.video VALUES (%s, 'new', 0)", *(row or ()))

    def add_child(self, conn: psycopg.Connection) -> None:
        table, video = self.draw.choice(self.children), self._video()
        row = conn.execute(f"INSERT INTO shop.{table} (video_id, body) VALUES ({video}, 'new') RETURNING id").fetchone()
        self._mirror(conn, f"INSERT INTO twin.{table} VALUES (%s, {video}, 'new', 0)", *(row or ()))

    def change_video(self, conn: psycopg.Connection) -> None:
        self._change(conn, "video", "views = views + 1", self._video())

    def change_child(self, conn: psycopg.Connection) -> None:
        key = str(self.draw.randint(1, self.graph.children))
        move = self.draw.random() < 0.3
        assignment = f"video_id = {self._video()}" if move else "likes = likes + 1"
        self._change(conn, self.draw.choice(self.children), assignment, key)

    def _change(self, conn: psycopg.Connection, table: str, assignment: str, key: str) -> None:
        conn.execute(f"UPDATE shop.{table} SET {assignment} WHERE id = {key}".encode())
        self._mirror(conn, f"UPDATE twin.{table} SET {assignment} WHERE id = {key}")

    def _mirror(self, conn: psycopg.Connection, statement: str, *values: object) -> None:
        if self.mirrored:
            conn.execute(statement.encode(), values or None)

    def _video(self) -> str:
        """The key of one that was there from the beginning, as a literal of no type yet."""
        return f"'{video_key(self.draw.randint(1, self.graph.videos))}'"


class Crew:
    """Clients in a process of their own: they enter with it, and say on `stop` what they met."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._ours, theirs = FORK.Pipe()
        self._process = FORK.Process(target=_work, args=(clients, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def stop(self) -> Samples:
        """End them, each after its operation."""
        self._ours.send("stop")
        samples: Samples = self._ours.recv()
        self._process.join()
        return samples


class Clients(Crew):
    """`count` clients of the key graph, with so many operations a second together."""

    def __init__(
        self,
        dsn: str,
        graph: Graph,
        *,
        count: int = 6,
        a_second: float = 200.0,
        mirrored: bool = False,
        seed: int = 1,
        children: tuple[str, ...] = CHILDREN,
    ) -> None:
        super().__init__([
            GraphClient(
                dsn=dsn, interval=count / a_second, seed=seed + number, graph=graph, mirrored=mirrored,
                children=children,
            )
            for number in range(count)
        ])  # fmt: skip


def _work(clients: Sequence[Client], pipe: Connection) -> None:
    ended = threading.Event()
    threads = [threading.Thread(target=client.work, args=(ended,)) for client in clients]
    for thread in threads:
        thread.start()
    pipe.recv()
    ended.set()
    for thread in threads:
        thread.join()
    pipe.send(Samples(tuple(sample for client in clients for sample in client.samples)))


COMPARED = {"video": ("title", "views"), **dict.fromkeys(CHILDREN, ("video_id", "body", "likes"))}


def apart(dsn: str) -> tuple[int, int]:
    """Rows compared with their shadows, and those that only one of the two has, or has otherwise."""
    rows = wrong = 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        for table, columns in COMPARED.items():
            texts = ", ".join(f"{column}::text" for column in ("id", *columns))
            one, other = (f"SELECT {texts} FROM {schema}.{table}" for schema in ("shop", "twin"))
            for query in (f"{one} EXCEPT ALL {other}", f"{other} EXCEPT ALL {one}"):
                wrong += len(conn.execute(query.encode()).fetchall())
            row = conn.execute(f"SELECT count(*) FROM twin.{table}".encode()).fetchone()
            rows += row[0] if row else 0
    return rows, wrong
