"""What clients' slowest statements come to while a table graph is filled, against the seconds before."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.claims import Claim, Peer
from benchmarks.online import by_hand
from benchmarks.online.clients import Clients
from benchmarks.online.graph import Graph, filling, plan_for
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import Scale
from benchmarks.online.servers import copy_of, make, opener, server

from pgrefit.apply import Settings, apply_plan
from pgrefit.model.run import ThrottleMode

FULL, NORMAL, POLITE = "this at full speed", "this as it is by default", "this throttled (polite)"
SHORT_BURSTS = "no filling, but a process that computes for 2 ms in every 6"
LONG_BURSTS = "no filling, but a process that computes for 50 ms in every 150"
BURSTS = {SHORT_BURSTS: 0.002, LONG_BURSTS: 0.05}
BATCHES, AT_ONCE = "batches of 100,000", "one UPDATE a table"
MODES = {FULL: ThrottleMode.OFF, NORMAL: ThrottleMode.NORMAL, POLITE: ThrottleMode.POLITE}

Fill = Callable[[], object]


def measure(scale: Scale, ledger: Ledger) -> Iterator[Claim]:
    """In rounds: each way on a copy of its own, after a window without it."""
    graph = Graph(scale.load_rows)
    ratios: dict[str, list[float]] = defaultdict(list)
    ways = WAYS | {what: partial(_beside, busy, scale.quiet_seconds) for what, busy in BURSTS.items()}
    with server() as cluster:
        template = make(cluster, "graph", graph.setup)
        for _ in range(scale.rounds):
            for what, prepare in ways.items():
                with copy_of(cluster, template) as dsn:
                    counted = ledger if what in MODES else None
                    ratios[what].append(_ratio(dsn, graph, prepare(dsn), counted, quiet=scale.quiet_seconds))
    found = {what: statistics.median(values) for what, values in ratios.items()}
    others = tuple(Peer(what, found[what]) for what in (NORMAL, *BURSTS, BATCHES, AT_ONCE))
    yield Claim(
        id="client-p99-full-speed", measure="p99 of clients while a key graph is filled at full speed, against before",
        unit="x", value=found[FULL], bound="<=", limit=1.5, against=others,
    )  # fmt: skip
    yield Claim(
        id="client-p99-throttled", measure="p99 of clients while a key graph is filled politely, against before",
        unit="x", value=found[POLITE], bound="<=", limit=1.2, against=others,
    )  # fmt: skip


def _ratio(dsn: str, graph: Graph, fill: Fill, ledger: Ledger | None, *, quiet: float) -> float:
    with Clients(dsn, graph) as clients:
        time.sleep(1)  # connections, caches
        before = time.monotonic()
        time.sleep(quiet)
        began = time.monotonic()
        fill()
        ended = time.monotonic()
        samples = clients.stop()
    if ledger:
        ledger.count(samples)
    return samples.between(began, ended).p99 / samples.between(before, began).p99


def _ours(mode: ThrottleMode, dsn: str) -> Fill:
    plan = plan_for(dsn)
    apply_plan(opener(dsn), plan, until=filling(plan, "video")[0].id)
    last = filling(plan, "watch")[1].id
    return partial(apply_plan, opener(dsn), plan, until=last, settings=Settings(throttle=mode))


def _beside(busy: float, seconds: float, _: str) -> Fill:
    """Nothing is done to the database: what clients feel is how the machine shares its processors."""
    return partial(_in_a_process, busy, seconds)


def _in_a_process(busy: float, seconds: float) -> None:
    process = multiprocessing.get_context("fork").Process(target=_compute, args=(busy, seconds))
    process.start()
    process.join()


def _compute(busy: float, seconds: float) -> None:
    """A third of the time, in bursts of `busy` seconds."""
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        while time.monotonic() < now + busy:
            pass
        time.sleep(2 * busy)


def _by_hand(way: Callable[[str], None], dsn: str) -> Fill:
    by_hand.add_columns(dsn)
    return partial(way, dsn)


WAYS: dict[str, Callable[[str], Fill]] = {
    **{what: partial(_ours, mode) for what, mode in MODES.items()},
    BATCHES: partial(_by_hand, by_hand.update_in_batches),
    AT_ONCE: partial(_by_hand, by_hand.update_at_once),
}
