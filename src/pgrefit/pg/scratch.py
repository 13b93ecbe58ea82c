"""Throw-away servers, and DDL files understood by loading them into one."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from pgrefit.errors import UsageError
from pgrefit.pg.binaries import available_versions
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.programs import connection_arguments, find_program

DATABASE = "scratch"
# Nothing here is big, shared or waits: a small server starts faster and leaves the machine to others.
SMALL = {"shared_buffers": "16MB", "max_connections": "20", "autovacuum": "off", "max_wal_size": "256MB", "jit": "off"}


@contextmanager
def scratch(version: int | None = None) -> Generator[Cluster]:
    """A small server for throw-away use, by default of the newest version at hand."""
    with Cluster(version or max(available_versions(), default=18), settings=SMALL) as cluster:
        yield cluster


@contextmanager
def load_ddl(ddl: Path | Iterable[Path] | str, *, version: int | None = None) -> Generator[str]:
    """DSN of a scratch database into which DDL was loaded: a text, a file, a folder's `*.sql` by name, or several.

    Raises UsageError with file, line and the server's message at the first statement that fails.
    """
    files = [] if isinstance(ddl, str) else _files(ddl)
    with scratch(version) as cluster:
        cluster.create_database(DATABASE)
        dsn = cluster.dsn(DATABASE)
        _run(dsn, cluster.version, files, ddl if isinstance(ddl, str) else "")
        yield dsn


def _files(ddl: Path | Iterable[Path]) -> list[Path]:
    """Every DDL file, folders opened."""
    found: list[Path] = []
    for path in [ddl] if isinstance(ddl, Path) else ddl:
        if not path.exists():
            raise UsageError(f"{path} does not exist", next_step="name a DDL file, or a folder of .sql files")
        found += sorted(path.glob("*.sql")) if path.is_dir() else [path]
    if not found:
        raise UsageError("there is no .sql file to load", next_step="name a DDL file, or a folder of .sql files")
    return [path.resolve() for path in found]


def _run(dsn: str, version: int, files: list[Path], text: str) -> None:
    """Feed files, or else a text, to psql until a statement fails."""
    shown, environment = connection_arguments(dsn)
    psql = [str(find_program("psql", version)), "--no-psqlrc", "--quiet", "--no-password", "--output=/dev/null"]
    psql += ["--set=ON_ERROR_STOP=1", f"--dbname={shown}", *(f"--file={path}" for path in files or ("-",))]
    environment = {**environment, "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(psql, env=environment, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise _explained(done.stderr.strip(), [str(path) for path in files] or ["<stdin>"])


def _explained(said: str, files: list[str]) -> UsageError:
    """Take apart what psql said last, after any warnings: psql:FILE:LINE: message."""
    begin, file = max((said.rfind(f"psql:{file}:"), file) for file in files)
    if begin < 0:
        return UsageError("the DDL cannot be loaded", why=said)
    line, _, message = said[begin + len(f"psql:{file}:") :].partition(": ")
    return UsageError(f"{file}:{line}: the statement that ends here fails", why=message, next_step="mend it, run again")
