"""How long ours and others' auditors take on very many tables."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.audit import speed
from benchmarks.audit.peers.turns import SECONDS, Ready, Turn, turns
from benchmarks.claims import Claim, Peer
from benchmarks.snapshot import build

from pgrefit.observe.budget import ScanBudget
from pgrefit.pg.cluster import Cluster

BARS = {1_000: 2.0, 10_000: 10.0}


def measure(cluster: Cluster, ready: Ready) -> Iterator[Claim]:
    """A claim for each size. Who was stopped, or died, is given with the seconds until then."""
    for tables, limit in BARS.items():
        name = f"peers_{tables}"
        build(cluster, name, tables)
        ours = speed.in_fresh_process(cluster.dsn(name), ScanBudget().seconds)
        others = turns(ready, cluster.dsn(name), SECONDS)
        cluster.drop_database(name)
        yield Claim(
            id=f"peers-{tables}-tables", measure=f"audit of {tables:,} tables, all rules", unit="s",
            value=ours["seconds"], bound="<=", limit=limit, against=tuple(map(_told, others)),
        )  # fmt: skip


def _told(one: Turn) -> Peer:
    return Peer(one.auditor.title if one.heard else f"{one.auditor.title}, no result: {one.why_not}", one.seconds)
