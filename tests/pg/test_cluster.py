"""The embedded server: it starts, it is reached, and nothing of it is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

import pgrefit
import pgrefit.pg.binaries
from pgrefit.errors import ServerUnsuitable
from pgrefit.pg.cluster import Cluster, available_versions

CHILD = """
import sys, time
from pgrefit.pg.cluster import Cluster
cluster = Cluster({version})
cluster.start()
print(cluster.folder, flush=True)
time.sleep(60)
"""


def test_every_version_speaks_utf8_under_a_plain_locale(cluster: Cluster) -> None:
    with psycopg.connect(cluster.dsn()) as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = 'postgres'"
        ).fetchone()
        assert row == ("UTF8", "C.UTF-8", "C.UTF-8")
        assert connection.info.server_version // 10000 == cluster.version


def test_a_missing_version_is_explained() -> None:
    with pytest.raises(ServerUnsuitable, match="PostgreSQL 7") as raised:
        Cluster(7)
    assert "pgrefit[embedded]" in raised.value.next_step


def test_tcp_asks_for_the_password() -> None:
    with Cluster(tcp=True) as cluster:
        with psycopg.connect(cluster.dsn()) as connection:
            assert connection.info.host == "127.0.0.1"
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(cluster.dsn(), password="wrong")


def test_settings_hold_and_data_survive_a_restart() -> None:
    with Cluster(settings={"wal_level": "logical", "cluster_name": "it's \\ me"}) as cluster:
        cluster.create_database("kept")
        cluster.restart()
        with psycopg.connect(cluster.dsn("kept")) as connection:
            row = connection.execute("SELECT current_setting('wal_level'), current_setting('cluster_name')").fetchone()
    assert row == ("logical", "it's \\ me")
    assert cluster.folder is not None
    assert not cluster.folder.exists()


def test_hostile_database_names_are_created_copied_and_dropped(cluster: Cluster) -> None:
    name = 'Ünion "all" %s {x}; --'
    cluster.create_database(name)
    with psycopg.connect(cluster.dsn(name), autocommit=True) as connection:
        connection.execute("CREATE TABLE t ()")
    cluster.create_database(name + "2", template=name)
    holder = psycopg.connect(cluster.dsn(name + "2"))
    holder.execute("SELECT FROM t")
    cluster.drop_database(name + "2")
    holder.close()
    cluster.drop_database(name)
    with psycopg.connect(cluster.dsn()) as connection:
        assert connection.execute("SELECT FROM pg_database WHERE datname LIKE 'Ü%'").fetchall() == []


def test_a_kept_folder_serves_again(tmp_path_for_servers: Path) -> None:
    folder = tmp_path_for_servers / "home"
    with Cluster(folder=folder, keep=True) as first:
        first.create_database("kept")
    with Cluster(folder=folder) as second, psycopg.connect(second.dsn("kept")):
        pass
    assert folder.exists(), "a folder that was there before is never deleted"


def test_a_deep_folder_gets_a_short_socket_path(tmp_path_for_servers: Path) -> None:
    folder = tmp_path_for_servers / ("deep" * 20)
    with Cluster(folder=folder) as cluster, psycopg.connect(cluster.dsn()) as connection:
        sockets = Path(connection.info.host)
    assert not folder.exists()
    assert not sockets.exists()


@pytest.mark.parametrize("version", available_versions())
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_client_is_killed(version: int, how: signal.Signals) -> None:
    with _child(version) as child:
        folder = Path(_line(child))
        postmaster = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        child.send_signal(how)
        child.wait()
        assert _within(5.0, lambda: not folder.exists() and not _alive(postmaster))


def test_the_server_dies_even_with_its_supervisor() -> None:
    with Cluster() as cluster:
        postmaster = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(_parent(postmaster), signal.SIGKILL)
        assert _within(5.0, lambda: not _alive(postmaster))
    assert not cluster.folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_programs_that_only_root_reaches_are_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path_for_servers: Path
) -> None:
    monkeypatch.setattr(pgrefit.pg.binaries, "CACHE", tmp_path_for_servers)
    monkeypatch.setattr(pgrefit.pg.binaries, "_open_to_all", lambda _: False)
    with Cluster(16) as cluster:
        assert cluster.bin.is_relative_to(tmp_path_for_servers)
        assert subprocess.run([cluster.bin / "psql", cluster.dsn(), "-c", ""], check=True)
    next(tmp_path_for_servers.iterdir()).chmod(0o777)
    with pytest.raises(ServerUnsuitable, match="root alone"):
        Cluster(16)


@pytest.fixture
def tmp_path_for_servers() -> Iterator[Path]:
    """A folder that another user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="pgrefit-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _child(version: int) -> subprocess.Popen:
    source = os.pathsep.join(str(Path(path).parent) for path in pgrefit.__path__)
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(version=version)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )


def _line(child: subprocess.Popen) -> str:
    return child.stdout.readline().strip()


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
