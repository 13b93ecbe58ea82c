"""The schema that DDL files describe: they are loaded into a scratch server, never parsed by us."""

from __future__ import annotations

from pathlib import Path

from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.connect import open_observer
from pgrefit.pg.scratch import load_ddl


def snapshot_of_files(path: Path, version: int) -> Snapshot:
    """Snapshot of a DDL file, or of a folder of them, as a server of that major version understands it.

    Raises UsageError where the DDL does not load, ServerUnsuitable where there is no such server to load it into.
    """
    with load_ddl(path, version=version) as dsn, open_observer(dsn) as connection:
        return take_snapshot(connection)
