"""How fast the second column of a table is filled, and how much WAL that writes, against one plain UPDATE."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import psycopg
from benchmarks.claims import Claim, Peer
from benchmarks.online import by_hand, every_row
from benchmarks.online.clients import Clients
from benchmarks.online.graph import Graph, filling, plan_for
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import Scale
from benchmarks.online.servers import copy_of, make, opener, server

from pgrefit.apply import Hooks, apply_plan
from pgrefit.model.run import Event
from pgrefit.pg.cluster import Cluster

PLAIN, OURS = "one plain UPDATE", "this"
ROWS_UNDER_LOAD = 100_000


@dataclass(frozen=True, slots=True)
class Fill:
    """What one filling came to."""

    rows_a_second: float
    wal_a_row: float


Found = Mapping[str, list[Fill]]
"""What each way came to, a filling a round."""

Way = Callable[[str], float]
"""Fills the second column of a database's comments and says how many seconds that took."""


def measure(scale: Scale, ledger: Ledger) -> Iterator[Claim]:
    """At each size, idle; at one of a few seconds also under load. At large ones once, beside a plain UPDATE alone."""
    with server() as cluster:
        templates = {
            rows: make(cluster, f"filled_{rows}", _graph(rows).setup[:6]) for rows in (*scale.fills, *scale.large_fills)
        }
        idle = {rows: _Contest(cluster, templates[rows], _graph(rows)) for rows in scale.fills}
        large = {
            rows: _Contest(cluster, templates[rows], _graph(rows), ways=(PLAIN, OURS)) for rows in scale.large_fills
        }
        busy_rows = max(rows for rows in scale.fills if rows <= ROWS_UNDER_LOAD)
        busy = _Contest(cluster, templates[busy_rows], _graph(busy_rows), ledger)
        for _ in range(scale.rounds):  # sizes in turn too, for a machine is not the same all the time
            for contest in (*idle.values(), busy):
                contest.rounds(scale.small_rounds if contest.graph.children < ROWS_UNDER_LOAD else 1)
        for contest in large.values():
            contest.rounds(1)
    largest = idle[max(idle)].found
    yield from _claims({rows: contest.found for rows, contest in (idle | large).items()}, largest, busy.found)


def _claims(idle: Mapping[int, Found], largest: Found, busy: Found) -> Iterator[Claim]:
    rates = {rows: _median(found[OURS]) for rows, found in idle.items()}
    yield Claim(
        id="backfill-rate-idle", measure="backfill rate against one plain UPDATE, server idle", unit="%",
        value=_share(largest, OURS), bound=">=", limit=75,
        against=(*_peers(largest), *(Peer(f"this, rows a second of {n:,} rows", rate) for n, rate in rates.items())),
    )  # fmt: skip
    yield Claim(
        id="backfill-rate-under-load", measure="backfill rate against one plain UPDATE, 200 client operations a second",
        unit="%", value=_share(busy, OURS), bound=">=", limit=60, against=_peers(busy),
    )  # fmt: skip
    yield Claim(
        id="backfill-flat",
        measure="rows a second at the size where it is slowest, against where it is fastest, server idle",
        unit="%",
        value=100 * min(rates.values()) / max(rates.values()),
        bound=">=",
        limit=75,
        against=tuple(Peer(f"of one plain UPDATE of {n:,} rows", _share(found, OURS)) for n, found in idle.items()),
    )
    yield Claim(
        id="wal-per-row", measure="WAL of a filled row against one plain UPDATE", unit="x", value=_wal(largest, OURS),
        bound="<=", limit=1.1,
        against=tuple(Peer(what, _wal(largest, what)) for what in largest if what not in {PLAIN, OURS}),
    )  # fmt: skip


def _peers(found: Found) -> tuple[Peer, ...]:
    return tuple(Peer(what, _share(found, what)) for what in found if what not in {PLAIN, OURS})


def _graph(rows: int) -> Graph:
    """Whose comments are so many."""
    return Graph(-(-rows * 10 // 3))


class _Contest:
    """Ways in turn over the same table, each on a copy of its own; with a ledger, clients are at work."""

    def __init__(
        self, cluster: Cluster, template: str, graph: Graph, load: Ledger | None = None, ways: Iterable[str] = ()
    ) -> None:
        self._cluster, self._template, self.graph, self._load = cluster, template, graph, load
        self._turn = 0
        self.found: dict[str, list[Fill]] = {what: [] for what in ways or WAYS}

    def rounds(self, count: int) -> None:
        """So many more; who begins changes from round to round."""
        for _ in range(count):
            ways = list(self.found)
            for what in ways[self._turn :] + ways[: self._turn]:
                with copy_of(self._cluster, self._template) as dsn:
                    ledger = self._load if what == OURS else None
                    busy = self._load is not None
                    self.found[what].append(_one(dsn, WAYS[what], self.graph, ledger, busy=busy))
            self._turn = (self._turn + 1) % len(ways)


def _one(dsn: str, way: Callable[[str], Way], graph: Graph, ledger: Ledger | None, *, busy: bool) -> Fill:
    prepared = way(dsn)
    with psycopg.connect(dsn, autocommit=True) as conn, ExitStack() as stack:
        clients = stack.enter_context(Clients(dsn, graph, children=("comment",))) if busy else None
        if clients:
            time.sleep(1)
        conn.execute("CHECKPOINT")
        before = _wal_position(conn)
        seconds = prepared(dsn)
        written = _wal_position(conn) - before
        samples = clients.stop() if clients else None
    if samples and ledger:
        ledger.count(samples)
    return Fill(graph.children / seconds, written / graph.children)


def _wal_position(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
    assert row is not None
    return int(row[0])


def _plain(dsn: str) -> Way:
    _run(dsn, "ALTER TABLE shop.comment ADD COLUMN twin uuid")
    return lambda dsn: _run(dsn, "UPDATE shop.comment SET twin = video_id::uuid")


def _batches(dsn: str) -> Way:
    by_hand.add_columns(dsn, ("comment",))
    return lambda dsn: _timed(partial(by_hand.update_in_batches, dsn, ("comment",)))


def _every_row(dsn: str) -> Way:
    every_row.install(dsn, "shop.comment", "video_id")
    return lambda dsn: _timed(partial(every_row.fill, dsn, "shop.comment"))


def _ours(dsn: str) -> Way:
    """From the beginning of the filling to its last batch, as the executor tells it."""
    plan = plan_for(dsn)
    before, fill = filling(plan, "comment")
    apply_plan(opener(dsn), plan, until=before.id)

    def way(dsn: str) -> float:
        began = ended = 0.0

        def on_event(event: Event) -> None:
            nonlocal began, ended
            if event.kind == "step started":
                began = time.monotonic()
            elif event.kind == "batch":
                ended = time.monotonic()

        apply_plan(opener(dsn), plan, until=fill.id, hooks=Hooks(on_event=on_event))
        return ended - began

    return way


WAYS: dict[str, Callable[[str], Way]] = {
    PLAIN: _plain, OURS: _ours, "batches of 100,000": _batches, "triggers on every row": _every_row,
}  # fmt: skip


def _run(dsn: str, statement: str) -> float:
    with psycopg.connect(dsn, autocommit=True) as conn:
        return _timed(lambda: conn.execute(statement.encode()))


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _median(fills: list[Fill]) -> float:
    return statistics.median(fill.rows_a_second for fill in fills)


def _share(found: Found, what: str) -> float:
    """Median of the rounds' own ratios, in percent."""
    pairs = zip(found[what], found[PLAIN], strict=True)
    return 100 * statistics.median(one.rows_a_second / plain.rows_a_second for one, plain in pairs)


def _wal(found: Found, what: str) -> float:
    pairs = zip(found[what], found[PLAIN], strict=True)
    return statistics.median(one.wal_a_row / plain.wal_a_row for one, plain in pairs)
