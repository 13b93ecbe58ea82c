"""The executor's session on the server: how it is set up, and how it runs and asks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace

import psycopg
from psycopg import errors as refusals

from pgrefit.errors import AlreadyRunning, StoppedSafely
from pgrefit.model.ddl import Statement
from pgrefit.model.plan import PlanStep
from pgrefit.model.run import Event, EventKind, ThrottleMode, Worker
from pgrefit.pg.connect import FORMATS, Session
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch

from .gauge import Gauge
from .settings import Hooks, Settings
from .throttle import Throttle
from .watcher import Watcher

Open = Callable[[], Session]

LOCK_KEY = int.from_bytes(hashlib.sha256(b"pgrefit").digest()[:8], signed=True)
HALF = 1 << 32
TAKE_OVER_SECONDS = 3.0  # a session whose client was killed is gone by then
UNDEFINED = (
    refusals.UndefinedTable,
    refusals.UndefinedColumn,
    refusals.UndefinedObject,
    refusals.UndefinedFunction,
    refusals.InvalidSchemaName,
)
# How values are printed and names are found. Proofs compare texts that were printed under the same settings.
READING = FORMATS | {"search_path": "pg_catalog", "bytea_output": "hex", "row_security": "off", "jit": "off"}
WRITING = READING | {
    "application_name": "pgrefit/apply",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "default_transaction_isolation": "read committed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that running a step needs."""

    conn: Session
    watcher: Watcher
    hooks: Hooks
    settings: Settings
    throttle: Throttle
    run: str = ""  # whose journal is written, where there is one

    def tell(
        self, kind: EventKind, step: PlanStep, *, message: str = "", rows: int = 0, elapsed_ms: float = 0.0
    ) -> None:
        """Report progress with a step."""
        self.hooks.on_event(
            Event(
                kind=kind, step=step.id, title=step.step.title, message=message, rows=rows, total_rows=step.rows,
                elapsed_ms=elapsed_ms,
            )
        )  # fmt: skip


@contextmanager
def working(open_: Open, hooks: Hooks, settings: Settings) -> Generator[Work]:
    """Open the sessions and hold the database's lock until the end.

    Raises AlreadyRunning where another apply or rollback holds it.
    """
    with translated(), closing(open_()) as conn:
        _prepare(conn)
        settings = _giving_way(conn, settings)
        _take_lock(conn)
        try:
            with closing(open_()) as eye, _throttle(open_, settings) as throttle:
                _prepare(eye)
                watcher = Watcher(eye, conn.info.backend_pid)
                yield Work(conn=conn, watcher=watcher, hooks=hooks, settings=settings, throttle=throttle)
        finally:
            # The end of the session frees it too, but only a moment after we have gone on.
            with suppress(psycopg.Error):
                conn.execute("SELECT pg_catalog.pg_advisory_unlock(%s::bigint)", (LOCK_KEY,))


@contextmanager
def _throttle(open_: Open, settings: Settings) -> Generator[Throttle]:
    if settings.throttle is ThrottleMode.OFF:
        yield Throttle(None, settings)
        return
    with closing(open_()) as conn:
        _prepare(conn)
        yield Throttle(Gauge(conn), settings)


def configure(conn: Session, settings: Mapping[str, str], *, local: bool) -> None:
    """Set what of this the server knows, for the session or for the transaction."""
    conn.execute(
        "SELECT pg_catalog.set_config(s.name, s.value, %s)"
        " FROM unnest(%s::pg_catalog.text[], %s::pg_catalog.text[]) AS s (name, value)"
        " WHERE EXISTS (SELECT FROM pg_catalog.pg_settings AS p WHERE p.name = s.name)",
        (local, list(settings), list(settings.values())),
    )


def deadlock_timeout_ms(conn: Session) -> int:
    """How long a session waits for a lock before it looks for a deadlock, of which it is then the victim."""
    row = conn.execute("SELECT setting::int FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'").fetchone()
    assert row is not None, "every server has it"
    return int(row[0])


def limit_lock_wait(conn: Session, milliseconds: int) -> None:
    """Bound each wait for a lock in this transaction."""
    conn.execute("SELECT pg_catalog.set_config('lock_timeout', %s, true)", (f"{milliseconds}ms",))


def name_step(conn: Session, run: str, step: PlanStep) -> None:
    """Tell the session which step it works on: its statements and its proof read that."""
    conn.execute(
        "SELECT pg_catalog.set_config('pgrefit.run', %s, false), pg_catalog.set_config('pgrefit.step', %s, false)",
        (run, step.id),
    )


def execute(conn: Session, statement: Statement) -> None:
    """Run a statement as it stands."""
    conn.execute(statement.encode())


def holds(conn: Session, proof: Statement) -> bool:
    """Ask a proof."""
    row = conn.execute(proof.encode()).fetchone()
    return row is not None and row[0] is True


def holds_already(conn: Session, proof: Statement) -> bool | None:
    """Ask a proof that may speak of what is not there (None)."""
    try:
        with conn.transaction():
            return holds(conn, proof)
    except UNDEFINED:
        return None


@contextmanager
def explained(step: PlanStep) -> Generator[None]:
    """Explain why the server refuses a step's statement, also where only the data or the plan can be mended."""
    try:
        with translated():
            yield
    except psycopg.Error as error:
        diag = error.diag
        said = (diag.message_primary, diag.message_detail, diag.message_hint, f"SQLSTATE {error.sqlstate}")
        raise StoppedSafely(
            f"step {step.id} failed: {step.step.title}",
            why=". ".join(part.rstrip(".") for part in said if part),
            next_step="mend what the server names and run again, or roll back",
        ) from error


def _prepare(conn: Session) -> None:
    conn.autocommit = True
    configure(conn, WRITING, local=False)
    try:
        # The server ends the statement of a client that was killed instead of working on for nobody.
        conn.execute("SET client_connection_check_interval = '500ms'")
    except refusals.InvalidParameterValue:
        return  # a server on a system that cannot see it


def _giving_way(conn: Session, settings: Settings) -> Settings:
    """Waits that are over well before any client that waits for us looks for a deadlock."""
    half = max(deadlock_timeout_ms(conn) // 2, 1)
    steps, batches = (min(wait, half) for wait in (settings.lock_wait_ms, settings.batch_lock_wait_ms))
    return replace(settings, lock_wait_ms=steps, batch_lock_wait_ms=batches)


def _take_lock(conn: Session) -> None:
    end = time.monotonic() + TAKE_OVER_SECONDS
    while not _try_lock(conn):
        if time.monotonic() > end:
            raise AlreadyRunning(
                "another apply or rollback works on this database",
                why="; ".join(f"pid {w.pid}, {w.user} with {w.application}, since {w.since}" for w in workers(conn)),
                next_step="wait until it has ended; `pgrefit status` shows how far it is",
            )
        time.sleep(0.05)


def _try_lock(conn: Session) -> bool:
    row = conn.execute("SELECT pg_catalog.pg_try_advisory_lock(%s::bigint)", (LOCK_KEY,)).fetchone()
    return row is not None and row[0] is True


def workers(conn: Session) -> list[Worker]:
    """Who holds the database's lock: one session, or nobody."""
    return fetch(conn, "advisory_holder", Worker, high=LOCK_KEY % HALF**2 // HALF, low=LOCK_KEY % HALF)
