"""Walk a table in ranges of its key, one transaction a range, the place where we are noted in the same transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import psycopg
from psycopg import Cursor, RawCursor
from psycopg.rows import TupleRow

from pgrefit.errors import StoppedSafely
from pgrefit.model.change import Batches
from pgrefit.model.ddl import Expression, Statement, Trusted, ddl, expression, joined, raw
from pgrefit.model.plan import PlanStep
from pgrefit.model.run import ThrottleMode
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

from .journal import Mark
from .ladder import Try, climb
from .pacing import Pacer
from .rate import Rate
from .session import WRITING, Work, configure, explained

# Of a batch as it is otherwise: about 2 ms. Who rests is scheduled first when it wakes, so that it is a burst, not the
# part of the time, that others wait for; a scheduler's time slice is 2 to 4 ms.
POLITE_PART = 25

Key = tuple[str, ...]
Note = Callable[[Mark], Cursor[TupleRow]]
"""Notes a batch in its transaction. Its answer is one row: what the operator wants the run to do."""


@dataclass(frozen=True, slots=True)
class Page:
    """A range of keys: its ends as text, and how many keys it had when it was looked up."""

    low: Key
    high: Key
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A batch that is committed: rows changed, what the operator wants now, how long it took; and the next range."""

    changed: int
    order: str
    elapsed_ms: float
    next: Page | None


@dataclass(frozen=True, slots=True)
class Walked:
    """What became of a walk: rows changed, and why single rows were left alone."""

    changed: int
    refused: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Walk:
    """A walk over one table; `size` is how many rows to take next."""

    work: Work
    step: PlanStep
    batches: Batches
    note: Note
    rate: Rate
    size: int

    def first(self, cursor: Key) -> Page | None:
        """The first range after the cursor."""
        with explained(self.step):
            return self._page(cursor, self._look(cursor))

    def nearer(self, cursor: Key, page: Page) -> Page | None:
        """The first range after the cursor, of at most half as many keys as that page has."""
        self.size = max(1, page.keys // 2)
        return self.first(cursor)

    def take(self, page: Page, _: Try) -> Taken:
        """Run the statement over a range in one transaction, and look up the next one in the same round trip."""
        began, conn = time.monotonic(), self.work.conn
        mark = Mark(cursor=page.high, keys=page.keys, rate=self.rate.recent, mean_rate=self.rate.mean)
        with explained(self.step):
            with _transaction(conn) as answered:
                statement = _send(conn, self.batches.statement, (*page.low, *page.high))
                answered()
                self._resize((time.monotonic() - began) * 1000)
                self.work.hooks.before_commit(conn, self.step)
                noted = self.note(replace(mark, changed=statement.rowcount))
                conn.execute("COMMIT")
                ends = self._look(page.high)
            following = self._page(page.high, ends)
        order = noted.fetchone()
        assert order is not None, "the journal has the step"
        elapsed_ms = (time.monotonic() - began) * 1000
        return Taken(changed=statement.rowcount, order=order[0], elapsed_ms=elapsed_ms, next=following)

    def _look(self, cursor: Key) -> Cursor[TupleRow]:
        return _send(self.work.conn, ends_query(self.batches, first=not cursor, size=self.size), cursor)

    def _page(self, cursor: Key, ends: Cursor[TupleRow]) -> Page | None:
        """The range whose ends were looked up after the cursor; None where no key is left."""
        row = ends.fetchone()
        assert row is not None, "a SELECT of two values returns a row"
        low, high = row
        if low is None:
            return None
        if high is not None:
            return Page(tuple(low), tuple(high), keys=self.size)
        query = rest_query(self.batches, first=not cursor)
        row = _send(self.work.conn, query, cursor).fetchone()
        assert row is not None, "an aggregate returns a row"
        return Page(tuple(low), tuple(row[0]), keys=row[1]) if row[1] else None

    def _resize(self, elapsed_ms: float) -> None:
        settings = self.work.settings
        part = POLITE_PART if settings.throttle is ThrottleMode.POLITE else 1
        self.size = next_size(
            self.size, elapsed_ms, settings.batch_target_ms / part, max(1, settings.max_batch_rows // part)
        )


def walk(work: Work, step: PlanStep, batches: Batches, cursor: Key, note: Note) -> Walked:
    """Run the statement over all keys after `cursor` (() is the beginning), in ranges of about the target's time each.

    Rows that others insert behind the cursor meanwhile are not visited. Raises StoppedSafely where the operator asks
    for that.
    """
    visited = changed = 0
    refused: list[str] = []
    busy_ms, order = 0.0, "go"
    with _walking(work), work.throttle.watching(batches.table):
        rate = Rate()
        pacer = Pacer(work, step, rate)
        walk_ = _Walk(work=work, step=step, batches=batches, note=note, rate=rate, size=work.settings.first_batch_rows)
        page = climb(work, step, lambda _: walk_.first(cursor))
        while page is not None:
            pacer.before_batch(order=order, busy_ms=busy_ms)
            try:
                taken = climb(work, step, partial(walk_.take, page))
            except StoppedSafely as error:
                if not (batches.lenient and isinstance(error.__cause__, psycopg.IntegrityError)):
                    raise
                if page.keys == 1:
                    refused.append(error.why)
                    cursor = page.high
                page = walk_.nearer(cursor, page)
                continue
            rate.note(page.keys)
            cursor = page.high
            visited, changed = visited + page.keys, changed + taken.changed
            work.tell("batch", step, rows=visited, elapsed_ms=taken.elapsed_ms)
            page, order, busy_ms = taken.next, taken.order, taken.elapsed_ms
        pacer.end()
    return Walked(changed, tuple(refused))


@contextmanager
def _walking(work: Work) -> Generator[None]:
    """The session's settings while it walks: those of the database for names, an index for ranges."""
    conn = work.conn
    path = fetch_dicts(conn, "default_search_path")[0]["path"]
    wait = f"{work.settings.batch_lock_wait_ms}ms"
    # A range is small: walk the key's index, whatever the statistics say, or that there are none.
    configure(conn, {"search_path": path, "lock_timeout": wait, "enable_seqscan": "off"}, local=False)
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("RESET enable_seqscan")
            configure(conn, {key: WRITING[key] for key in ("search_path", "lock_timeout")}, local=False)


@contextmanager
def _transaction(conn: Session) -> Generator[Callable[[], None]]:
    """A transaction, to be committed within, whose commands are sent without waiting for one another.

    What it yields waits until all that was sent is answered.
    """
    try:
        with conn.pipeline() as pipeline:
            conn.execute("BEGIN")
            yield pipeline.sync
    except BaseException:
        with suppress(psycopg.Error):
            conn.rollback()
        raise


def _send(conn: Session, statement: Statement, parameters: tuple[str, ...]) -> Cursor[TupleRow]:
    return RawCursor(conn).execute(statement.encode(), parameters, prepare=False)


def next_size(size: int, elapsed_ms: float, target_ms: float, most: int) -> int:
    """How many rows to take next: at most twice and at least half as many as now."""
    factor = min(2.0, max(0.5, target_ms / max(elapsed_ms, 0.001)))
    return max(1, min(most, round(size * factor)))


def ends_query(batches: Batches, *, first: bool, size: int) -> Statement:
    """The ends of the next range of so many keys: nothing where none is left, no upper end where there are fewer."""
    return ddl(
        "SELECT (SELECT {texts} FROM ({keys} LIMIT 1) AS t),"
        " (SELECT {texts} FROM ({keys} LIMIT 1 OFFSET {skipped}) AS t)",
        texts=_texts(batches), keys=raw(_keys(batches, first=first)), skipped=size - 1,
    )  # fmt: skip


def rest_query(batches: Batches, *, first: bool) -> Statement:
    """The upper end of all keys that are left, and their number."""
    return ddl(
        "WITH rest AS MATERIALIZED ({keys}) SELECT"
        " (SELECT {texts} FROM (SELECT * FROM rest AS t ORDER BY {down} LIMIT 1) AS t),"
        " (SELECT pg_catalog.count(*) FROM rest)",
        keys=raw(_keys(batches, first=first)), texts=_texts(batches), down=raw(_ordered(batches, ">")),
    )  # fmt: skip


def _keys(batches: Batches, *, first: bool) -> Expression:
    """The keys after the cursor, in order; its parameters are the cursor's texts unless `first`.

    Order and comparison name the same operators as the batch's own condition does, whatever type the key is of.
    """
    columns = joined([expression("t.{c}", c=name) for name in batches.key])
    casts = ", ".join(f"${i + 1}::{type_}" for i, type_ in enumerate(batches.types))
    after = expression("WHERE ({c}) > ({v})", c=raw(columns), v=raw(Expression(casts)))
    return expression(
        "SELECT {columns} FROM {table} AS t {after} ORDER BY {up}",
        columns=raw(columns), table=batches.table, after=raw(Expression("") if first else after),
        up=raw(_ordered(batches, "<")),
    )  # fmt: skip


def _ordered(batches: Batches, by: Literal["<", ">"]) -> Expression:
    return joined([expression("t.{c} USING {by}", c=name, by=raw(Expression(by))) for name in batches.key])


def _texts(batches: Batches) -> Trusted:
    return raw(expression("ARRAY[{t}]", t=raw(joined([expression("t.{c}::text", c=name) for name in batches.key]))))
