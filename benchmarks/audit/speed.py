"""How long an audit of very many tables takes, and how much memory: each measured in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
from benchmarks.claims import Claim
from benchmarks.snapshot import build
from psycopg import sql

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.observe.budget import ScanBudget
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules

SECONDS = {1_000: 2.0, 10_000: 10.0, 50_000: 60.0}
MEGABYTES = {1_000: 500.0, 10_000: 500.0}
BATCH = 500


def measure(cluster: Cluster, sizes: tuple[int, ...]) -> Iterator[Claim]:
    """Claims of time, and of memory where there is a bar."""
    for tables in sizes:
        name = f"audit_{tables}"
        build(cluster, name, tables) if tables <= max(MEGABYTES) else plain(cluster, name, tables)
        found = in_fresh_process(cluster.dsn(name))
        cluster.drop_database(name)
        yield Claim(id=f"{tables}-tables-time", measure=f"audit of {tables:,} tables, all rules", unit="s",
                    value=found["seconds"], bound="<=", limit=SECONDS[tables])  # fmt: skip
        if tables in MEGABYTES:
            yield Claim(id=f"{tables}-tables-memory", measure=f"peak memory, {tables:,} tables", unit="MB",
                        value=found["megabytes"], bound="<=", limit=MEGABYTES[tables])  # fmt: skip


def plain(cluster: Cluster, database: str, tables: int) -> None:
    """Tables of four columns with a primary key."""
    cluster.create_database(database)
    one = sql.SQL("CREATE TABLE {t} (id bigint PRIMARY KEY, parent_id bigint, name text NOT NULL, at timestamptz)")
    with psycopg.connect(cluster.dsn(database), autocommit=True) as conn:
        for first in range(0, tables, BATCH):
            numbers = range(first, min(first + BATCH, tables))
            conn.execute(sql.SQL("; ").join(one.format(t=sql.Identifier(f"table_{n:05}")) for n in numbers))


def in_fresh_process(dsn: str) -> dict[str, float]:
    """Seconds and megabytes."""
    argv = [sys.executable, "-m", "benchmarks.audit.speed", dsn]
    measured: dict[str, float] = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return measured


def main(dsn: str) -> None:
    """One audit with the default rules; prints what it took."""
    rules = [rule for rule in all_rules() if rule.by_default]
    start = time.perf_counter()
    observation = observe_database(Target(dsn=dsn, source="a benchmark"), rules, budget=ScanBudget())
    found = audit.run(observation, rules)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts kilobytes
    print(json.dumps({"seconds": seconds, "megabytes": peak, "findings": len(found.findings)}))


if __name__ == "__main__":
    main(sys.argv[1])
