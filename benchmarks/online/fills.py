"""How fast the second column of a table is filled, and how much WAL that writes, against one plain UPDATE."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import psycopg
from benchmarks.online import by_hand, every_row
from benchmarks.online.claims import Claim, Peer
from benchmarks.online.clients import Clients
from benchmarks.online.graph import Graph, filling, plan_for
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import Scale
from benchmarks.online.servers import copy_of, make, opener, server

from pgrefit.apply import Hooks, apply_plan
from pgrefit.model.run import Event
from pgrefit.pg.cluster import Cluster

PLAIN, OURS = "one plain UPDATE", "this"
ROWS_OF_A_ROUND = 100_000  # small tables are filled more often, until so many rows were


@dataclass(frozen=True, slots=True)
class Fill:
    """What one filling came to."""

    rows_a_second: float
    wal_a_row: float


Way = Callable[[str], float]
"""Fills the second column of a database's comments and says how many seconds that took."""


def measure(scale: Scale, ledger: Ledger) -> Iterator[Claim]:
    """At each size, idle; at one of a few seconds also under load."""
    with server() as cluster:
        idle = {rows: _at_size(cluster, rows, scale) for rows in scale.fills}
        busy_rows = max(rows for rows in scale.fills if rows <= 200_000)
        busy = _at_size(cluster, busy_rows, scale, ledger)
    largest = idle[max(idle)]
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


def _peers(found: Mapping[str, list[Fill]]) -> tuple[Peer, ...]:
    return tuple(Peer(what, _share(found, what)) for what in found if what not in {PLAIN, OURS})


def _at_size(cluster: Cluster, rows: int, scale: Scale, load: Ledger | None = None) -> dict[str, list[Fill]]:
    """All ways in turn, in rounds; each on a copy of its own. `load`: clients are at work, and counted there."""
    graph = Graph(rows * 10 // 3)
    template = make(cluster, "filled", graph.setup[:6])
    found: dict[str, list[Fill]] = defaultdict(list)
    rounds = min(scale.most_rounds, scale.rounds * max(1, ROWS_OF_A_ROUND // rows))
    try:
        for number in range(rounds):
            ways = list(WAYS.items())
            for what, way in ways[number % len(ways) :] + ways[: number % len(ways)]:
                with copy_of(cluster, template) as dsn:
                    found[what].append(_one(dsn, way, graph, load if what == OURS else None, busy=load is not None))
    finally:
        cluster.drop_database(template)
    return found


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


def _share(found: Mapping[str, list[Fill]], what: str) -> float:
    """Median of the rounds' own ratios, in percent."""
    pairs = zip(found[what], found[PLAIN], strict=True)
    return 100 * statistics.median(one.rows_a_second / plain.rows_a_second for one, plain in pairs)


def _wal(found: Mapping[str, list[Fill]], what: str) -> float:
    pairs = zip(found[what], found[PLAIN], strict=True)
    return statistics.median(one.wal_a_row / plain.wal_a_row for one, plain in pairs)
