"""What holds for every tool: which folders it writes into, what it says, waiting for locks, proofs, hostile names."""

import os
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from apply.small_plan import ITEM, plan_of, prepared, small_plan, step
from pgrefit.api.exporting import export
from pgrefit.changes import _proof as proof
from pgrefit.errors import UsageError
from pgrefit.export import TOOLS
from pgrefit.model.change import Phase
from pgrefit.model.ddl import Literal, ddl
from pgrefit.model.plan_folder import write_plan
from step_runner import dsn

TABLE = '"Shop ""é"""."item %s {x}"'


@pytest.fixture
def plan(tmp_path):
    write_plan(small_plan(), tmp_path / "plan")
    return tmp_path / "plan"


def pgrefit(*words, cwd):
    argv = [sys.executable, "-m", "pgrefit", *map(str, words)]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_program_names_its_files_and_says_how_to_run_them(plan, tmp_path, tool):
    said = pgrefit("export", plan, "--to", tool, "--out", "out", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    files = [tmp_path / line for line in said.stdout.splitlines()]
    assert files
    assert all(file.is_file() for file in files)
    assert sorted(files) == sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert "how to run them:" in said.stderr
    assert "back:" in said.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_refuses_a_folder_of_something_else(plan, tmp_path, tool):
    out = tmp_path / "out"
    out.mkdir()
    (out / "holiday.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match=f"is neither empty nor a project of {tool}"):
        export(plan, tool, out)
    assert [path.name for path in out.iterdir()] == ["holiday.jpg"]


@pytest.mark.parametrize("tool", TOOLS)
def test_adds_what_is_not_there_and_changes_nothing_that_is(plan, tmp_path, tool):
    out = tmp_path / "out"
    export(plan, tool, out, until=Phase.MIGRATE)
    before = {path: path.read_bytes() for path in out.rglob("*_small_*") if path.is_file()}
    export(plan, tool, out)
    assert {path: path.read_bytes() for path in before} == before
    everything = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert export(plan, tool, out).files == ()
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == everything


@pytest.mark.parametrize("tool", TOOLS)
def test_contract_migrations_come_last_and_are_named_so(plan, tmp_path, tool):
    out = tmp_path / "out"
    files = export(plan, tool, out).files
    names = [file.name for file in files if "_small_" in f"_{file.name}" and file.parent.name != "rollbacks"]
    last = [name for name in names if "_contract_" in name]
    assert last
    assert set(names[-len(last) :]) == set(last)


def test_refuses_another_version_of_the_same_plan(plan, tmp_path):
    export(plan, "goose", tmp_path / "out")
    write_plan(plan_of(*small_plan().steps[:-1]), tmp_path / "other")
    with pytest.raises(UsageError, match="of another version of the plan"):
        export(tmp_path / "other", "goose", tmp_path / "out")


def test_a_tool_that_is_not_known(plan, tmp_path):
    said = pgrefit("export", plan, "--to", "rails", "--out", "out", cwd=tmp_path)
    assert said.returncode == 2
    assert "psql, alembic, flyway, sqitch, golang-migrate, goose, dbmate, supabase" in said.stderr


def one_step(**rest):
    return plan_of(step(10, Phase.EXPAND, "one", **rest), name="one")


def scripts(tmp_path, plan):
    write_plan(plan, tmp_path / "plan")
    export(tmp_path / "plan", "psql", tmp_path / "out")
    return [next((tmp_path / "out").glob(f"*_010_*.{way}.sql")) for way in ("up", "down")]


def psql(conn, file):
    argv = ["psql", "-X", "-q", "-d", dsn(conn), "-f", str(file)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_a_proof_that_does_not_hold_undoes_the_migration(db18, tmp_path):
    do = (ddl("ALTER TABLE {t} ADD COLUMN wrong int", t=ITEM),)
    plan = one_step(do=do, undo=do, proof=proof.column_exists(ITEM, "right"))
    said = psql(prepared(db18), scripts(tmp_path, plan)[0])
    assert said.returncode != 0
    assert "the proof of step 010 does not hold: one" in said.stderr
    assert db18.execute("SELECT count(*) FROM pg_attribute WHERE attname = 'wrong'").fetchone() == (0,)


def test_waits_briefly_for_a_lock_and_again(db18, tmp_path):
    """While it waits, readers are not held up for longer than one short wait."""
    prepared(db18)
    do = (ddl("ALTER TABLE {t} ADD COLUMN late int", t=ITEM),)
    up, _ = scripts(tmp_path, one_step(do=do, undo=do, proof=proof.column_exists(ITEM, "late")))
    with psycopg.connect(dsn(db18)) as reader, psycopg.connect(dsn(db18), autocommit=True) as client:
        reader.execute(f"SELECT FROM {TABLE} LIMIT 1".encode())
        said = []
        thread = threading.Thread(target=lambda: said.append(psql(db18, up)))
        thread.start()
        end, slowest = time.monotonic() + 2, 0.0
        while time.monotonic() < end:
            began = time.monotonic()
            client.execute(f"SELECT FROM {TABLE} LIMIT 1".encode())
            slowest = max(slowest, time.monotonic() - began)
        reader.rollback()
        thread.join()
    assert said[0].returncode == 0, said[0].stderr
    assert slowest < 0.6


def test_the_tools_own_settings_come_back(db18, tmp_path):
    prepared(db18)
    do = (ddl("ALTER TABLE {t} ADD COLUMN c int", t=ITEM),)
    up, _ = scripts(tmp_path, one_step(do=do, undo=do, proof=proof.column_exists(ITEM, "c")))
    body = up.read_text().partition("BEGIN;\n")[2].rpartition("COMMIT;")[0]
    names = ("search_path", "lock_timeout", "DateStyle", "TimeZone", "row_security", "pgrefit.step")
    with db18.transaction():
        db18.execute("SET LOCAL search_path = 'Shop \"é\"', public; SET LOCAL lock_timeout = '7s'")
        before = [db18.execute("SELECT current_setting(%s, true)", (name,)).fetchone() for name in names[:-1]]
        db18.execute(body.encode())
        assert [db18.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names] == [*before, ("",)]


TEXTS = (
    "$pgrefit$ $pgrefit1$", "${name}", ":name %s %(x)s", '"""', "\\", "-- +goose Down", "a;\nb --", "é'\"", "$",
)  # fmt: skip


@pytest.mark.parametrize("tool", ["psql", "alembic"])
def test_texts_that_look_like_something_else(db18, tmp_path, tool):
    prepared(db18)
    plan = plan_of(*(say(number, text) for number, text in enumerate(TEXTS, 1)), name="texts")
    write_plan(plan, tmp_path / "plan")
    export(tmp_path / "plan", tool, tmp_path / "out")
    run = psql(db18, tmp_path / "out" / "expand.sql") if tool == "psql" else alembic(db18, tmp_path / "out")
    assert run.returncode == 0, run.stderr
    found = db18.execute("SELECT obj_description(%s::regclass, 'pg_class')", (TABLE,)).fetchone()
    assert found == (TEXTS[-1],)


def say(number, text):
    """A step that comments on the table, and proves that the comment is there."""
    proof = ddl("SELECT obj_description({t}::regclass, 'pg_class') = {c}", t=Literal(TABLE), c=Literal(text))
    do = (ddl("COMMENT ON TABLE {t} IS {c}", t=ITEM, c=Literal(text)),)
    return step(number * 10, Phase.EXPAND, f"say {text}", do=do, undo=do, proof=proof)


def alembic(conn, out):
    info = conn.info
    url = f"postgresql+psycopg://{info.user}@/{info.dbname}?host={info.host}&port={info.port}"
    argv = [sys.executable, "-m", "alembic", "upgrade", "head"]
    env = {**os.environ, "DATABASE_URL": url}
    return subprocess.run(argv, cwd=out, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("tool", "line"), [("goose", "-- +goose Down"), ("dbmate", "-- migrate:down")])
def test_refuses_a_line_that_the_tool_would_take_for_its_own(tmp_path, tool, line):
    do = (ddl("COMMENT ON TABLE {t} IS {c}", t=ITEM, c=Literal(f"a\n{line}\nb")),)
    write_plan(one_step(do=do, undo=do, proof=ddl("SELECT true")), tmp_path / "plan")
    with pytest.raises(UsageError, match="cannot be written for this tool"):
        export(tmp_path / "plan", tool, tmp_path / "out")
