"""What a client's single-row writes cost while a column is kept in two shapes."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator

from benchmarks.claims import Claim, Peer
from benchmarks.online import every_row
from benchmarks.online.graph import Graph, filling, plan_for
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import Scale
from benchmarks.online.servers import make, opener, server

from pgrefit.apply import apply_plan
from pgrefit.model.change import Phase
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.programs import find_program

ROWS = 20_000
# The keys are such that pgbench can make one itself, so that finding one costs nothing.
KEY = "'00000000-0000-4000-8000-0000000' || (10000 + {n})"
SCRIPTS = {
    "insert": "\\set n random(1, 2000)\nINSERT INTO shop.comment (video_id, body)"
    f" VALUES (({KEY.format(n=':n')})::KIND, 'a comment');\n",
    "update": f"\\set n random(1, {ROWS * 3 // 10})\nUPDATE shop.comment SET likes = likes + 1 WHERE id = :n;\n",
}
BEFORE, SYNC, READY, AFTER, EVERY = "before", "in sync", "ready to switch", "switched", "triggers on every row"
LATENCY = re.compile(r"latency average = ([\d.]+) ms")


def measure(scale: Scale, ledger: Ledger) -> Iterator[Claim]:
    """One database in each state, all written to in turn, in rounds."""
    del ledger
    with server(fsync="off") as cluster:  # which would hide the cost
        states = _states(cluster)
        times: dict[tuple[str, str], list[float]] = defaultdict(list)
        for _ in range(scale.rounds * scale.rounds):
            for kind, script in SCRIPTS.items():
                for state, dsn in states.items():
                    typed = script.replace("KIND", "uuid" if state == AFTER else "text")
                    times[kind, state].append(_latency(dsn, typed, scale.writes_seconds))
    for kind in SCRIPTS:
        costs = {state: _cost(times, kind, state) for state in states}
        yield Claim(
            id=f"write-cost-in-sync-{kind}", measure=f"a client's single-row {kind.upper()} while in sync", unit="x",
            value=costs[SYNC], bound="<=", limit=1.3,
            against=(
                Peer("triggers on every row", costs[EVERY]),
                Peer("this, with the new index and foreign key, before the switch", costs[READY]),
                Peer("this, after the switch, with both foreign keys' columns", costs[AFTER]),
            ),
        )  # fmt: skip


def _cost(times: dict[tuple[str, str], list[float]], kind: str, state: str) -> float:
    pairs = zip(times[kind, state], times[kind, BEFORE], strict=True)
    return statistics.median(one / before for one, before in pairs)


def _states(cluster: Cluster) -> dict[str, str]:
    """The same database four times: untouched, and refitted up to different points; and under the other engine."""
    template = make(cluster, "written", Graph(ROWS, key=KEY).setup)
    until = {SYNC: None, READY: Phase.MIGRATE, AFTER: Phase.SWITCH}
    found: dict[str, str] = {}
    for number, state in enumerate((BEFORE, *until, EVERY)):
        cluster.create_database(f"written_{number}", template=template)
        found[state] = cluster.dsn(f"written_{number}")
    for state, phase in until.items():
        plan = plan_for(found[state])
        apply_plan(opener(found[state]), plan, until=phase or filling(plan, "video")[0].id)
    every_row.install(found[EVERY], "shop.comment", "video_id")
    return found


def _latency(dsn: str, script: str, seconds: int) -> float:
    """Mean, in ms."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        argv = [str(find_program("pgbench", 18)), "-n", "-M", "prepared", "-T", str(seconds), "-f", file.name, dsn]
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    match = LATENCY.search(said)
    assert match, said
    return float(match[1])
