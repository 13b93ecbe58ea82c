"""No room left in mid-apply: it stops safely, the application goes on, and with room it runs to its end."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from apply.small_plan import ITEM, add_column, backfill, build_index, invalid_indexes, opener, plan_of, prepared
from conftest import dsn
from pgrefit.apply import Hooks, Settings, apply_plan, read_run, roll_back
from pgrefit.errors import StoppedSafely
from pgrefit.model.ddl import ddl
from pgrefit.model.run import Event
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.unprivileged import hand_over, unprivileged_user

ROWS = 40_000
FEW_ROWS = 500
KIB = 1024
MORE_ROWS = ddl("INSERT INTO {t} (price) SELECT n FROM pg_catalog.generate_series(1, {n}) AS n", t=ITEM, n=ROWS)
UNFILLED = ddl('SELECT count(*) FROM {t} WHERE "new price" IS DISTINCT FROM price', t=ITEM)
COUNT = ddl("SELECT count(*), sum(price) FROM {t}", t=ITEM)


class SmallDisk:
    """A file system in memory, and a file in it that takes up the room."""

    def __init__(self, folder: Path, mib: int) -> None:
        self.folder, self._ballast = folder, folder / "ballast"
        folder.mkdir()
        argv = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(argv, capture_output=True, check=False).returncode:
            pytest.skip("only root can mount a small file system here")
        hand_over(folder, unprivileged_user())

    def leave(self, kib: int) -> None:
        """Take up all room but so much."""
        free = os.statvfs(self.folder)
        with self._ballast.open("ab") as ballast:
            ballast.write(bytes(max(0, free.f_bavail * free.f_frsize - kib * KIB)))

    def make_room(self) -> None:
        self._ballast.unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server's user must get there
        small = SmallDisk(Path(folder) / "disk", 300)
        yield small
        small.unmount()


def test_data_files_find_no_room(cluster18: Cluster, disk: SmallDisk) -> None:
    """In the backfill and in an index build; nothing half made is left, and it goes on or back."""
    with psycopg.connect(cluster18.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE TABLESPACE small_disk LOCATION '{disk.folder}'".encode())
        admin.execute("CREATE DATABASE on_small_disk TABLESPACE small_disk")
        try:
            with psycopg.connect(cluster18.dsn("on_small_disk"), autocommit=True) as shop:
                _stops_and_goes_on(shop, disk)
        finally:
            admin.execute("DROP DATABASE on_small_disk WITH (FORCE)")
            admin.execute("DROP TABLESPACE small_disk")


def _stops_and_goes_on(shop: psycopg.Connection, disk: SmallDisk) -> None:
    prepared(shop).execute(MORE_ROWS.encode())
    before = shop.execute(COUNT.encode()).fetchone()
    plan, open_ = plan_of(add_column(), backfill(), build_index()), opener(shop)
    apply_plan(open_, plan, until="010")
    disk.leave(400)
    with pytest.raises(StoppedSafely, match="ran out of space") as stopped:
        apply_plan(open_, plan)
    assert "make room" in stopped.value.next_step
    run = read_run(shop)
    assert run.state == "stopped"
    assert 0 < run.steps[1].rows < ROWS
    assert "ran out of space" in run.steps[1].message
    assert shop.execute(COUNT.encode()).fetchone() == before
    disk.make_room()
    apply_plan(open_, plan, until="020")
    assert shop.execute(UNFILLED.encode()).fetchone() == (0,)
    disk.leave(200)
    with pytest.raises(StoppedSafely, match="ran out of space"):
        apply_plan(open_, plan)
    assert invalid_indexes(shop) == 0
    disk.make_room()
    assert apply_plan(open_, plan).state == "done"
    disk.leave(64)
    assert roll_back(open_, plan).state == "rolled back"
    disk.make_room()


def test_write_ahead_log_finds_no_room(disk: SmallDisk) -> None:
    """The server refuses to write, or goes down; when it is back, with room, the run goes on where it was."""
    home = disk.folder.parent / "server"
    home.mkdir()
    hand_over(home, unprivileged_user())
    with Cluster(18, folder=home):
        pass
    _move_log(home, disk)
    with Cluster(18, folder=home, settings={"wal_recycle": "off", "max_wal_size": "64MB"}) as cluster:
        with psycopg.connect(cluster.dsn(), autocommit=True) as shop:
            prepared(shop).execute(MORE_ROWS.encode())
            before = shop.execute(COUNT.encode()).fetchone()
            open_, plan, where = opener(shop), plan_of(add_column(), backfill(), build_index()), dsn(shop)

            def fill_the_disk(event: Event) -> None:
                if event.kind == "batch" and event.rows >= FEW_ROWS:
                    shop.execute("SELECT pg_switch_wal()")
                    disk.leave(0)

            settings = Settings(first_batch_rows=FEW_ROWS, max_batch_rows=FEW_ROWS)
            with pytest.raises(StoppedSafely, match=r"ran out of space|connection to the server was lost"):
                apply_plan(open_, plan, hooks=Hooks(on_event=fill_the_disk), settings=settings)
        disk.make_room()
        with _back(cluster, where) as shop:
            run = read_run(shop)
            assert [step.state for step in run.steps] == ["done", "started", "pending"]
            assert 0 < run.steps[1].rows < ROWS
            assert shop.execute(COUNT.encode()).fetchone() == before
            assert apply_plan(open_, plan).state == "done"
            assert shop.execute(UNFILLED.encode()).fetchone() == (0,)


def _move_log(home: Path, disk: SmallDisk) -> None:
    """Put a stopped server's write-ahead log on the small disk."""
    (log,) = home.rglob("pg_wal")
    shutil.move(log, disk.folder / "pg_wal")
    log.symlink_to(disk.folder / "pg_wal")
    for path in (disk.folder / "pg_wal", *(disk.folder / "pg_wal").rglob("*")):
        hand_over(path, unprivileged_user())


def _back(cluster: Cluster, where: str) -> psycopg.Connection:
    """A session on the server, started again where it did not come back by itself."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            return psycopg.connect(where, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.2)
    cluster.restart()
    return psycopg.connect(where, autocommit=True)
