"""An auditor's turn on a database: what it said, how long it took, what it died of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from benchmarks.audit.peers.auditors import Auditor, Database, Failed, Heard, Missing, TooLong
from benchmarks.audit.peers.packages import installed
from rich.console import Console
from rich.table import Table

SECONDS = 120
BACK = 60
WIDTH = 190
OURS = "pgrefit"
SCHEMAS = r"SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_|^information_schema$' ORDER BY 1"
OTHERS = "FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

Ready = Sequence[tuple[Auditor, Path]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of one: `heard`, or else why not."""

    auditor: Auditor
    seconds: float
    heard: Heard | None
    why_not: str = ""

    @property
    def errors(self) -> tuple[str, ...]:
        """What went wrong, in whole or in part."""
        return self.heard.errors if self.heard else (self.why_not,)


def available(
    auditors: Iterable[Auditor], install: Callable[[Auditor], Path] = installed
) -> Iterator[tuple[Auditor, Path]]:
    """Those that are here or can be fetched; of the others it is said why they are left out."""
    for auditor in auditors:
        try:
            folder = install(auditor)
        except Missing as why:
            print(f"{auditor.title} is left out: {why}")
        else:
            print(f"{auditor.title}: from {auditor.registry}, licence {auditor.licence}")
            yield auditor, folder


def turns(ready: Ready, dsn: str, seconds: float = SECONDS) -> list[Turn]:
    """Have each look at all schemas of a database, one after the other."""
    return [turn(auditor, folder, dsn, seconds) for auditor, folder in ready]


def turn(auditor: Auditor, folder: Path, dsn: str, seconds: float) -> Turn:
    """Have one look at it; nothing of it runs on afterwards. What it dies of, and the server with it, is told."""
    with psycopg.connect(dsn) as conn:
        schemas = tuple(schema for (schema,) in conn.execute(SCHEMAS))
    heard, why_not, start = None, "", time.perf_counter()
    try:
        heard = auditor.audit(folder, Database(dsn=dsn, schemas=schemas, seconds=seconds))
    except (Failed, TooLong, psycopg.Error, LookupError, ValueError) as error:
        why_not = f"{error}".strip().splitlines()[0]
    done = Turn(auditor=auditor, seconds=time.perf_counter() - start, heard=heard, why_not=why_not)
    _end(dsn)
    for fault in done.errors:
        print(f"{auditor.title}: {fault}")
    return done


def _end(dsn: str) -> None:
    """End what it left running; where it brought the server down, wait until that is back."""
    last = time.monotonic() + BACK
    while True:
        try:
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute(f"SELECT pg_catalog.pg_terminate_backend(pid, 10000) {OTHERS}".encode())
        except psycopg.OperationalError:
            if time.monotonic() > last:
                raise
            time.sleep(0.5)
        else:
            return


def table(title: str, *columns: str) -> Table:
    """One whose first column holds names, the others numbers."""
    made = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        made.add_column(name, justify="right" if number else "left")
    return made


def show(made: Table) -> None:
    """Print it, as wide as it needs."""
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(made)
