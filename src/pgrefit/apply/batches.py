"""Walk a table in ranges of its key, one transaction a range, the place where we are noted in the same transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from psycopg import RawCursor
from psycopg.rows import TupleRow

from pgrefit.model.change import Batches
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.plan import PlanStep
from pgrefit.pg.queries import fetch_dicts

from .ladder import Try, climb
from .session import Work, configure, explained, limit_lock_wait

Key = tuple[str, ...]
Note = Callable[[Key, int], None]
"""Notes the upper end of a range and the rows changed, in the range's transaction."""


@dataclass(frozen=True, slots=True)
class Page:
    """A range of keys: its ends as text, how many keys it had and how many rows the statement changed."""

    low: Key
    high: Key
    keys: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """What stays the same from range to range."""

    work: Work
    step: PlanStep
    batches: Batches
    note: Note
    path: str

    def take(self, cursor: Key, size: int) -> Page | None:
        """One range in one transaction; None where no key is left."""
        conn = self.work.conn
        with explained(self.step), conn.transaction():
            limit_lock_wait(conn, self.work.settings.batch_lock_wait_ms)
            # A range is small: walk the key's index, whatever the statistics say, or that there are none.
            configure(conn, {"search_path": self.path, "enable_seqscan": "off"}, local=True)
            with RawCursor(conn) as raw_cursor:
                page = self._run(raw_cursor, cursor, size)
            if page is not None:
                self.work.hooks.before_commit(conn, self.step)
                self.note(page.high, page.changed)
            return page

    def _run(self, raw_cursor: RawCursor[TupleRow], cursor: Key, size: int) -> Page | None:
        query = page_query(self.batches, first=not cursor, size=size)
        row = raw_cursor.execute(query.encode(), cursor, prepare=False).fetchone()
        assert row is not None, "an aggregate returns a row"
        if not row[2]:
            return None
        low, high = tuple(row[0]), tuple(row[1])
        raw_cursor.execute(self.batches.statement.encode(), (*low, *high), prepare=False)
        return Page(low, high, keys=row[2], changed=raw_cursor.rowcount)


def walk(work: Work, step: PlanStep, batches: Batches, cursor: Key, note: Note) -> int:
    """Run the statement over all keys after `cursor` (() is the beginning), in ranges of about the target's time each.

    Returns how many rows it changed. Rows that others insert behind the cursor meanwhile are not visited.
    """
    path = fetch_dicts(work.conn, "default_search_path")[0]["path"]
    walk_ = _Walk(work=work, step=step, batches=batches, note=note, path=path)
    size = work.settings.first_batch_rows
    visited = changed = 0
    while True:
        page, elapsed_ms = climb(work, step, partial(_timed, walk_, cursor, size))
        if page is None:
            return changed
        cursor, visited, changed = page.high, visited + page.keys, changed + page.changed
        work.tell("batch", step, rows=visited, elapsed_ms=elapsed_ms)
        size = next_size(size, elapsed_ms, work.settings.batch_target_ms, work.settings.max_batch_rows)


def _timed(walk_: _Walk, cursor: Key, size: int, _: Try) -> tuple[Page | None, float]:
    began = time.monotonic()
    page = walk_.take(cursor, size)
    return page, (time.monotonic() - began) * 1000


def next_size(size: int, elapsed_ms: float, target_ms: int, most: int) -> int:
    """How many rows to take next: at most twice and at least half as many as now."""
    factor = min(2.0, max(0.5, target_ms / max(elapsed_ms, 0.001)))
    return max(1, min(most, round(size * factor)))


def page_query(batches: Batches, *, first: bool, size: int) -> Statement:
    """The ends of the next range, and its number of keys; its parameters are the cursor's texts unless `first`.

    Order and comparison name the same operators as the batch's own condition does, whatever type the key is of.
    """
    columns = [expression("t.{c}", c=name) for name in batches.key]
    casts = ", ".join(f"${i + 1}::{type_}" for i, type_ in enumerate(batches.types))
    after = expression("WHERE ({c}) > ({v})", c=raw(joined(columns)), v=raw(Expression(casts)))
    return ddl(
        "WITH page AS (SELECT {columns} FROM {table} AS t {after} ORDER BY {up} LIMIT {size})"
        " SELECT (SELECT {texts} FROM page AS t ORDER BY {up} LIMIT 1),"
        " (SELECT {texts} FROM page AS t ORDER BY {down} LIMIT 1), (SELECT pg_catalog.count(*) FROM page)",
        columns=raw(joined(columns)), table=batches.table, after=raw(Expression("") if first else after), size=size,
        texts=raw(expression("ARRAY[{t}]", t=raw(joined([expression("{c}::text", c=raw(c)) for c in columns])))),
        up=raw(joined([expression("{c} USING <", c=raw(c)) for c in columns])),
        down=raw(joined([expression("{c} USING >", c=raw(c)) for c in columns])),
    )  # fmt: skip
