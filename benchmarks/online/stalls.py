"""The longest stall of a client while a key and three references to it are retyped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.claims import RESULTS, Claim, Peer
from benchmarks.online import by_hand
from benchmarks.online.clients import Clients, Samples
from benchmarks.online.graph import Graph, plan_for
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import Scale
from benchmarks.online.servers import copy_of, machine, make, opener, server

from pgrefit.apply import Hooks, apply_plan, roll_back
from pgrefit.model.change import Phase
from pgrefit.model.run import Event
from pgrefit.pg.cluster import Cluster

QUIET_SECONDS = 5.0  # before a recorded run


def measure(scale: Scale, ledger: Ledger) -> Iterator[Claim]:
    """At each size in turn: first without a refit, then ours, then what people do."""
    worst: dict[str, float] = {}
    ours: dict[int, float] = {}
    with server() as cluster:
        for rows in scale.graphs:
            found = _at_size(cluster, Graph(rows), scale, ledger)
            ours[rows] = found.pop("ours")
            worst |= {f"{what}, {rows:,} rows": value for what, value in found.items()}
    sizes = [Peer(f"this, {rows:,} rows", value) for rows, value in ours.items()]
    yield Claim(
        id="longest-stall", measure="longest stall of a client while TEXT→UUID of a key and three references runs",
        unit="ms", value=max(ours.values()), bound="<=", limit=250,
        against=(*sizes, *(Peer(what, value) for what, value in worst.items())),
    )  # fmt: skip


def _at_size(cluster: Cluster, graph: Graph, scale: Scale, ledger: Ledger) -> dict[str, float]:
    template = make(cluster, f"graph_{graph.rows}", graph.setup)
    with copy_of(cluster, template) as dsn:
        found = _ours(dsn, graph, scale, ledger)
    with copy_of(cluster, template) as dsn:
        found["ALTER TABLE … TYPE"] = _stall(dsn, graph, partial(by_hand.alter_type, dsn))
    with copy_of(cluster, template) as dsn:
        by_hand.add_columns(dsn)
        found["one UPDATE a table, filling alone"] = _stall(dsn, graph, partial(by_hand.update_at_once, dsn))
    with copy_of(cluster, template) as dsn:
        by_hand.add_columns(dsn)
        found["batches of 100,000, filling alone"] = _stall(dsn, graph, partial(by_hand.update_in_batches, dsn))
    cluster.drop_database(template)
    return found


def _ours(dsn: str, graph: Graph, scale: Scale, ledger: Ledger) -> dict[str, float]:
    """Up to and with the switch, back, and then to the end, all under one load."""
    plan = plan_for(dsn)
    with Clients(dsn, graph) as clients:
        time.sleep(scale.quiet_seconds)
        began = time.monotonic()
        apply_plan(opener(dsn), plan, until=Phase.SWITCH)
        roll_back(opener(dsn), plan)
        apply_plan(opener(dsn), plan)
        ended = time.monotonic()
        samples = clients.stop()
    during = samples.between(began, ended)
    ledger.count(during)
    return {"ours": during.longest, "nothing being done": samples.between(0, began).longest}


def _stall(dsn: str, graph: Graph, work: Callable[[], object]) -> float:
    with Clients(dsn, graph) as clients:
        time.sleep(1)
        began = time.monotonic()
        work()
        ended = time.monotonic()
        samples = clients.stop()
    return samples.between(began - 0.5, ended).longest


def record(rows: int) -> Path:
    """Retype a graph of so many rows under load, and write down what its clients met, second by second."""
    with server() as cluster, copy_of(cluster, make(cluster, "graph", Graph(rows).setup)) as dsn:
        text = "\n".join(_recorded(dsn, Graph(rows)))
    path = RESULTS / f"retype-{rows}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    print(text)
    return path


def _recorded(dsn: str, graph: Graph) -> Iterator[str]:
    steps: list[tuple[float, Event]] = []
    hooks = Hooks(on_event=lambda event: steps.append((time.monotonic(), event)))
    plan = plan_for(dsn)
    with Clients(dsn, graph) as clients:
        time.sleep(QUIET_SECONDS)
        began = time.monotonic()
        apply_plan(opener(dsn), plan, hooks=hooks)
        ended = time.monotonic()
        samples = clients.stop()
    yield f"{graph.rows:,} rows: {graph.videos:,} videos, {graph.children:,} of each of three that refer to them"
    yield machine()
    yield _summary("before", samples.between(0, began))
    yield _summary("during", samples.between(began, ended))
    yield f"{ended - began:.0f} s from the first step to the last; the longest stall of a client within each step:"
    since = began
    for at, event in steps:
        if event.kind == "step done":
            longest = samples.between(since, at).longest
            yield f"{event.elapsed_ms / 1000:8.1f} s  stall {longest:6.0f} ms  {event.step} {event.title}"
            since = at


def _summary(when: str, samples: Samples) -> str:
    return (
        f"{when}: {len(samples.all)} operations of clients, {len(samples.failures)} failed,"
        f" p99 {samples.p99:.1f} ms, longest {samples.longest:.0f} ms"
    )
