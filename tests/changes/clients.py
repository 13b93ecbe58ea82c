"""Clients that work on a database while a plan is applied to it; none of their statements may fail."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import psycopg

from pgrefit.model.change import Change
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.observe.snapshot import take_snapshot

Deed = Callable[[psycopg.Connection[Any], random.Random], None]


class Clients:
    """Threads that each do one deed after another in a session of their own."""

    def __init__(self, dsn: str, *deeds: Deed) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(dsn, deed, n), daemon=True) for n, deed in enumerate(deeds)
        ]
        self.errors: list[str] = []
        self.done = 0

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        assert not self.errors, self.errors
        assert self.done

    def _work(self, dsn: str, deed: Deed, seed: int) -> None:
        draw = random.Random(seed)
        try:
            with psycopg.connect(dsn, autocommit=True) as conn:
                while not self._over.wait(0.001):
                    deed(conn, draw)
                    self.done += 1
        except Exception as error:  # noqa: BLE001
            self.errors.append(f"{type(error).__name__}: {error}")


def plan_for(conn: psycopg.Connection[Any], change: Change) -> Plan:
    """A plan of this change alone."""
    steps = tuple(
        PlanStep(id=f"{number * 10:03}", change=change.title, step=step)
        for number, step in enumerate(change.steps(take_snapshot(conn)), 1)
    )
    return Plan(
        name="alone", created="2026-11-21T12:00:00Z", database=conn.info.dbname,
        server_version=conn.info.server_version, fingerprint="", steps=steps,
    )  # fmt: skip
