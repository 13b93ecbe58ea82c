"""The Supabase CLI, really run, as npm delivers it; its way back is psql."""

import shutil
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from export.conftest import small
from export.npm import program
from export.there_and_back import refuses, travel
from pgrefit.pg.cluster import Cluster


@pytest.fixture(scope="module")
def on_tcp():
    """The CLI connects by TCP alone."""
    with Cluster(18, tcp=True) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def supabase():
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    return program("supabase", "3.1.0", ".bin/supabase")


def test_there_and_back_and_to_the_end(on_tcp, new_stand, supabase, tmp_path):
    stand, out = new_stand(on_tcp, small), tmp_path / "out"
    at = conninfo_to_dict(stand.dsn)
    url = f"postgresql://{at['user']}:{quote(at['password'])}@{at['host']}:{at['port']}/{at['dbname']}?sslmode=disable"
    env = {"HOME": str(tmp_path), "SUPABASE_TELEMETRY_DISABLED": "1"}

    def run(*words):
        return stand.run(supabase, "migration", *words, "--db-url", url, "--workdir", out, "--yes", cwd=out, env=env)

    def back(folder=out / "supabase"):
        for script in sorted((folder / "rollbacks").iterdir(), reverse=True):
            stand.run("psql", "-X", "-q", "-f", script, cwd=out)
        run("repair", "--status", "reverted", *(path.name.split("_")[0] for path in (folder / "migrations").iterdir()))

    travel(stand, "supabase", out, lambda: run("up"), back)
    refuses(back)
    assert stand.image() == stand.done
