"""Plain psql, really run."""

import importlib
import pkgutil

import psycopg
import pytest

import pgrefit.changes
from export.conftest import small
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.observe.snapshot import take_snapshot

# The example of create_extension is the language that the scripts are written in.
SHELF = [
    module.name for module in pkgutil.iter_modules(pgrefit.changes.__path__)
    if not module.name.startswith("_") and module.name != "create_extension"
]  # fmt: skip


def psql(stand, out, *files):
    stand.run("psql", "-X", "-q", *(word for file in files for word in ("-f", file)), cwd=out)


def test_there_and_back_and_to_the_end(cluster, new_stand, tmp_path):
    stand = new_stand(cluster, small)
    out = tmp_path / "out"
    stand.export("psql", out)
    psql(stand, out, "expand.sql", "migrate.sql", "switch.sql")
    assert stand.image() == stand.switched
    psql(stand, out, *back(out))
    assert stand.image() == stand.start
    psql(stand, out, "expand.sql", "migrate.sql", "switch.sql", "contract.sql")
    assert stand.image() == stand.done


def back(out):
    return [file.name for file in sorted(out.glob("*.down.sql"), reverse=True) if "_contract_" not in file.name]


def test_what_has_no_return_says_so_and_changes_nothing(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("psql", out)
    psql(stand, out, "expand.sql", "migrate.sql", "switch.sql", "contract.sql")
    refused = stand.attempt("psql", "-X", "-q", "-f", "down.sql", cwd=out)
    assert refused.returncode != 0
    assert "step 080 cannot be undone: drop the old column" in refused.stderr
    assert stand.image() == stand.done


def of_example(name):
    """The plan of a change on its own example."""
    example = importlib.import_module(f"pgrefit.changes.{name}").EXAMPLE

    def prepare(conn: psycopg.Connection) -> Plan:
        conn.execute("CREATE SCHEMA shop")
        conn.execute(example.start.encode())
        steps = enumerate(example.change.steps(take_snapshot(conn)), 1)
        return Plan(
            name=name, created="2026-11-21T12:00:00Z", database=conn.info.dbname, fingerprint="",
            server_version=conn.info.server_version,
            steps=tuple(PlanStep(id=f"{n * 10:03}", change=example.change.title, step=step) for n, step in steps),
        )  # fmt: skip

    return prepare


@pytest.mark.parametrize("name", SHELF)
def test_every_change_of_the_shelf(cluster18, new_stand, tmp_path, name):
    stand = new_stand(cluster18, of_example(name), to_the_end=False)
    out = tmp_path / "out"
    stand.export("psql", out)
    psql(stand, out, "expand.sql", "migrate.sql", "switch.sql")
    assert stand.image() == stand.switched
    psql(stand, out, *back(out))
    assert stand.image() == stand.start
