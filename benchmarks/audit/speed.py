"""How long an audit of very many tables takes, and how much memory: medians of rounds, each in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from benchmarks.claims import Claim, Peer
from benchmarks.snapshot import build
from psycopg import sql

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.observe.budget import ScanBudget
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules

MEGABYTES = 500.0
ROUNDS = 3  # of which the median counts
BATCH = 250  # tables a transaction: their locks fit into the server's lock table
FEW_ROWS, SOME_ROWS = 3, 20
SYLLABLES = ("ba", "ko", "ri", "tu", "me", "sa", "no", "li", "du", "fe")
BUDGET_SECONDS = 20  # for the data of a database with rows in every table
PARTS = {
    "observing": "s until all was asked", "cpu": "s of CPU, without the server's", "megabytes": "MB at most",
    "answered": "questions answered", "skipped": "questions skipped: the budget was spent", "findings": "findings",
}  # fmt: skip

Build = Callable[[Cluster, str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A database, and what its audit may take; `megabytes` 0 is no bar. `budget`: seconds for the data, 0 as needed."""

    id: str
    what: str
    tables: int
    build: Build
    seconds: float
    megabytes: float = MEGABYTES
    budget: float = 0
    rounds: int = 1


def measure(cluster: Cluster, *, short: bool = False) -> Iterator[Claim]:
    """Claims of time, and of memory where there is a bar."""
    for case in few_tables() if short else all_cases():
        database = f"audit_{case.id}"
        case.build(cluster, database, case.tables)
        found = _median([in_fresh_process(cluster.dsn(database), case.budget) for _ in range(case.rounds)])
        cluster.drop_database(database)
        what = f"{case.tables:,} {case.what}"
        parts = tuple(Peer(what_it_is, found[name]) for name, what_it_is in PARTS.items())
        yield Claim(id=f"{case.id}-time", measure=f"audit of {what}, all rules", unit="s", value=found["seconds"],
                    bound="<=", limit=case.seconds, against=parts)  # fmt: skip
        if case.megabytes:
            yield Claim(id=f"{case.id}-memory", measure=f"peak memory, {what}", unit="MB", value=found["megabytes"],
                        bound="<=", limit=case.megabytes)  # fmt: skip


def all_cases() -> tuple[Case, ...]:
    """Those of the bars: declared references and very many tables; two more, of which the data are asked."""
    return (
        Case(id="1000-tables", what="tables", tables=1_000, build=build, seconds=2.0, rounds=ROUNDS),
        Case(id="10000-tables", what="tables", tables=10_000, build=build, seconds=10.0, rounds=ROUNDS),
        Case(id="10000-undeclared", what=UNDECLARED, tables=10_000, build=undeclared, seconds=60.0),
        Case(
            id="10000-filled",
            what=FILLED,
            tables=10_000,
            build=filled,
            seconds=60.0,
            megabytes=0,
            budget=BUDGET_SECONDS,
        ),
        Case(id="50000-tables", what="plain tables", tables=50_000, build=plain, seconds=60.0, megabytes=0),
    )


def few_tables() -> tuple[Case, ...]:
    """A few of each kind, to see that all of it runs."""
    return (
        Case(id="1000-tables", what="tables", tables=1_000, build=build, seconds=2.0),
        Case(id="100-undeclared", what=UNDECLARED, tables=100, build=undeclared, seconds=2.0),
        Case(id="100-filled", what=FILLED, tables=100, build=filled, seconds=4.0, budget=BUDGET_SECONDS),
        Case(id="100-plain", what="plain tables", tables=100, build=plain, seconds=2.0),
    )


def plain(cluster: Cluster, database: str, tables: int) -> None:
    """Tables of four columns with a primary key."""
    one = sql.SQL("CREATE TABLE {t} (id bigint PRIMARY KEY, parent_id bigint, name text NOT NULL, at timestamptz)")
    _create(cluster, database, (one.format(t=sql.Identifier(f"table_{n:05}")) for n in range(tables)))


UNDECLARED = "tables of four references each that no foreign key declares, half of them empty"
FILLED = f"tables of {SOME_ROWS} rows each, {BUDGET_SECONDS} s for the data"


def undeclared(cluster: Cluster, database: str, tables: int) -> None:
    """Tables of four columns named after other tables, without a foreign key; every other one has a few rows."""
    empty = "CREATE TABLE {t} (id bigint PRIMARY KEY, name text, {a} bigint, {b} bigint, {c} bigint, {d} bigint)"
    some = "; INSERT INTO {t} SELECT n, 'name ' || n, n, n, n, n FROM generate_series(1, {rows}) AS n"
    _create(cluster, database, (
        sql.SQL(empty + some if number % 2 else empty).format(
            **_columns(number, tables), t=sql.Identifier(name_of(number)), rows=sql.Literal(FEW_ROWS)
        ) for number in range(tables)
    ))  # fmt: skip


def filled(cluster: Cluster, database: str, tables: int) -> None:
    """Tables with a name, a status, an amount, a moment and two references, all with rows, and analysed."""
    one = sql.SQL(
        "CREATE TABLE {t} (id bigint PRIMARY KEY, name text NOT NULL, email text, status text, amount numeric(12, 2),"
        " created_at timestamptz, {a} bigint, {b} bigint);"
        " INSERT INTO {t} SELECT n, {word} || n, n || '@' || {word} || '.org', 'state ' || n % 2, n * 1.5,"
        " now() - make_interval(days => n), n, n FROM generate_series(1, {rows}) AS n; ANALYZE {t}"
    )
    _create(cluster, database, (
        one.format(**_columns(number, tables), t=sql.Identifier(name_of(number)), rows=sql.Literal(SOME_ROWS),
                   word=sql.Literal(name_of(number)))
        for number in range(tables)
    ))  # fmt: skip


def _columns(number: int, tables: int) -> dict[str, sql.Identifier]:
    """References to four other tables."""
    others = ((number + step) % tables for step in (1, tables // 2, tables // 3, tables // 5))
    return {key: sql.Identifier(f"{name_of(other)}_id") for key, other in zip("abcd", others, strict=True)}


def name_of(number: int) -> str:
    """Two made-up words, each of them in the names of other tables too: 12345 is kori_tumesa."""
    syllables = [SYLLABLES[int(digit)] for digit in f"{number:05}"]
    return f"{''.join(syllables[:2])}_{''.join(syllables[2:])}"


def _create(cluster: Cluster, database: str, statements: Iterator[sql.Composed]) -> None:
    every = list(statements)
    cluster.create_database(database)
    with psycopg.connect(cluster.dsn(database), autocommit=True) as conn:
        for first in range(0, len(every), BATCH):
            conn.execute(sql.SQL("; ").join(every[first : first + BATCH]))


def peak_megabytes() -> float:
    """Of this program. What getrusage says includes the memory of the process that started it."""
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


def _median(rounds: list[dict[str, float]]) -> dict[str, float]:
    """What the round measured that took neither the longest nor the shortest."""
    return sorted(rounds, key=lambda measured: measured["seconds"])[len(rounds) // 2]


def in_fresh_process(dsn: str, budget: float) -> dict[str, float]:
    """Seconds, megabytes, and what was done in them."""
    argv = [sys.executable, "-m", "benchmarks.audit.speed", dsn, str(budget)]
    measured: dict[str, float] = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return measured


def main(dsn: str, budget: str) -> None:
    """One audit with the default rules; prints what it took."""
    rules = [rule for rule in all_rules() if rule.by_default]
    start, cpu = time.perf_counter(), time.process_time()
    observation = observe_database(
        Target(dsn=dsn, source="a benchmark"), rules, budget=ScanBudget(seconds=float(budget))
    )
    observing = time.perf_counter() - start
    found = audit.run(observation, rules)
    skipped = sum(bool(answer.skipped) for answer in observation.answers.values())
    print(json.dumps({
        "seconds": time.perf_counter() - start, "observing": observing, "cpu": time.process_time() - cpu,
        "megabytes": peak_megabytes(),
        "answered": len(observation.answers) - skipped, "skipped": skipped, "findings": len(found.findings),
    }))  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
