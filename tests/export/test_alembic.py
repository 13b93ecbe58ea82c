"""Alembic, really run."""

import sys

import pytest
from psycopg.conninfo import conninfo_to_dict

from export.there_and_back import refuses, travel
from pgrefit.errors import UsageError

pytest.importorskip("alembic")


def url(stand):
    at = conninfo_to_dict(stand.dsn)
    return f"postgresql+psycopg://{at['user']}@/{at['dbname']}?host={at['host']}&port={at['port']}"


def alembic(stand, out, *words):
    return stand.run(sys.executable, "-m", "alembic", *words, cwd=out, env={"DATABASE_URL": url(stand)})


def test_there_and_back_and_to_the_end(any_stand, tmp_path):
    out = tmp_path / "out"
    travel(
        any_stand, "alembic", out, lambda: alembic(any_stand, out, "upgrade", "head"),
        lambda: alembic(any_stand, out, "downgrade", "base"),
    )  # fmt: skip
    refuses(lambda: alembic(any_stand, out, "downgrade", "-1"))
    assert any_stand.image() == any_stand.done


def test_continues_a_project(stand, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/db/revisions\n")
    folder = out / "db" / "revisions" / "versions"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text('revision: str = "aa1"\ndown_revision: str | None = None\n')
    (folder / "two.py").write_text('revision = "bb2"\ndown_revision = "aa1"\n')
    stand.export("alembic", out)
    first = next(folder.glob("*_small_000_*.py")).read_text()
    assert "down_revision = 'bb2'" in first
    assert not (out / "alembic").exists()


def test_refuses_a_project_with_two_heads(stand, tmp_path):
    out = tmp_path / "out"
    folder = out / "alembic" / "versions"
    folder.mkdir(parents=True)
    (out / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n")
    for name in ("aa1", "bb2"):
        (folder / f"{name}.py").write_text(f"revision = {name!r}\ndown_revision = None\n")
    with pytest.raises(UsageError, match="several heads: aa1, bb2"):
        stand.export("alembic", out)


def test_insists_on_a_transaction_for_each_revision(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("alembic", out)
    env = out / "alembic" / "env.py"
    env.write_text(env.read_text().replace(", transaction_per_migration=True", ""))
    with pytest.raises(AssertionError, match="set transaction_per_migration=True"):
        alembic(stand, out, "upgrade", "head")
    assert stand.image() == stand.start


def test_prints_sql_that_psql_runs(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("alembic", out)
    (out / "all.sql").write_text(alembic(stand, out, "upgrade", "head", "--sql"))
    stand.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "all.sql", cwd=out)
    assert stand.image() == stand.done
