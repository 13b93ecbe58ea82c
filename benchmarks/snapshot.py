"""How long a snapshot of 1,000 and of 10,000 tables takes, and how much memory it needs."""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from psycopg import sql

from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Limits, open_observer

VERSION = 18
RESULTS = Path(__file__).parent / "results" / "snapshot.json"
SECONDS = {1_000: 2.0, 10_000: 15.0}
MEGABYTES = 500.0
ROUNDS = 3
BATCH = 250  # tables a transaction: their locks fit into the server's lock table
TABLE = sql.SQL(
    """
    CREATE TABLE {table} (
        id bigint PRIMARY KEY, parent_id bigint REFERENCES {parent}, name text NOT NULL, email varchar(255),
        amount numeric(12, 2) DEFAULT 0, created_at timestamptz DEFAULT now(), status text, payload jsonb,
        CHECK (amount >= 0)
    );
    CREATE INDEX ON {table} (parent_id);
    CREATE INDEX ON {table} (status, created_at DESC) WHERE status IS NOT NULL;
    """
)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--measure", metavar="DSN", help=argparse.SUPPRESS)
    dsn = arguments.parse_args().measure
    return measure(dsn) if dsn else run()


def run() -> int:
    """Build both databases, measure each in a process of its own, print and write the claims."""
    claims = []
    with Cluster(VERSION) as cluster:
        for tables, limit in SECONDS.items():
            build(cluster, f"t{tables}", tables)
            measured = [in_fresh_process(cluster.dsn(f"t{tables}")) for _ in range(ROUNDS)]
            assert {m["tables"] for m in measured} == {tables}
            seconds = sorted(m["seconds"] for m in measured)[ROUNDS // 2]
            claims += [claim(f"{tables}-tables-time", f"snapshot of {tables:,} tables, median", "s", seconds, limit)]
            peak = max(m["megabytes"] for m in measured)
            claims += [claim(f"{tables}-tables-memory", f"peak memory, {tables:,} tables", "MB", peak, MEGABYTES)]
    for item in claims:
        print(f"{item['measure']:40} {item['value']:>8} {item['unit']:3} wanted {item['wanted']}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"format": "pgrefit/claims/1", "name": "snapshot", "claims": claims}, indent=2) + "\n"
    )
    return 0 if all(item["met"] for item in claims) else 1


def claim(id_: str, measure: str, unit: str, value: float, limit: float) -> dict[str, object]:
    met = value <= limit
    return {
        "id": id_,
        "measure": measure,
        "unit": unit,
        "value": round(value, 2),
        "wanted": f"<= {limit:g}",
        "met": met,
    }


def build(cluster: Cluster, database: str, tables: int) -> None:
    """Tables of 8 columns with a primary key, two indexes, a foreign key to the table before, and a check."""
    cluster.create_database(database)
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        for first in range(0, tables, BATCH):
            with connection.transaction():
                for number in range(first, min(first + BATCH, tables)):
                    parts = {"table": name_of(number), "parent": name_of(max(number - 1, 0))}
                    connection.execute(TABLE.format(**parts))


def name_of(number: int) -> sql.Identifier:
    return sql.Identifier("public", f"table_{number:05}")


def in_fresh_process(dsn: str) -> dict[str, float]:
    argv = [sys.executable, __file__, "--measure", dsn]
    return json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(dsn: str) -> int:
    """Take one snapshot and print seconds, peak memory and the number of tables."""
    with open_observer(dsn, limits=Limits(runtime_ms=60_000)) as connection:
        start = time.perf_counter()
        snapshot = take_snapshot(connection)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts kilobytes
    print(json.dumps({"seconds": seconds, "megabytes": peak, "tables": len(snapshot.tables)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
