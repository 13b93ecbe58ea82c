"""Sqitch, really run."""

import shutil
from functools import partial

import pytest
from psycopg.conninfo import conninfo_to_dict

from export.there_and_back import refuses, travel

pytestmark = pytest.mark.skipif(shutil.which("sqitch") is None, reason="sqitch is not installed")


def sqitch(stand, out, verb, *words):
    at = conninfo_to_dict(stand.dsn)
    target = f"db:pg://{at['user']}@/{at['dbname']}?host={at['host']}&port={at['port']}"
    env = {"HOME": str(out), "SQITCH_FULLNAME": "Test", "SQITCH_EMAIL": "test@localhost"}
    return stand.run("sqitch", verb, *words, target, cwd=out, env=env)


def test_there_and_back_and_to_the_end(stand_of, tmp_path):
    stand, out = stand_of("shop"), tmp_path / "out"
    run = partial(sqitch, stand, out)
    travel(stand, "sqitch", out, lambda: run("deploy", "--verify"), lambda: run("revert", "-y"))
    assert "Verify successful" in run("verify")
    refuses(lambda: run("revert", "-y", "--to", "HEAD^"))
    assert stand.image() == stand.done


def test_stops_at_the_end_of_a_phase(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("sqitch", out)
    sqitch(stand, out, "deploy", "--to", "@small-switch")
    assert stand.image() == stand.switched


def test_verify_fails_where_the_proof_does(stand, tmp_path):
    out = tmp_path / "out"
    stand.export("sqitch", out)
    sqitch(stand, out, "deploy")
    with stand.connect() as conn:
        conn.execute('DROP INDEX "Shop ""é"""."item; price"')
        conn.execute('ALTER TABLE "Shop ""é"""."item %s {x}" ADD COLUMN "old price" int')
    with pytest.raises(AssertionError, match="the proof of step 080 does not hold: drop the old column"):
        sqitch(stand, out, "verify")


def test_adds_to_a_project(stand, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "sqitch.conf").write_text("[core]\n\tengine = pg\n")
    before = "%syntax-version=1.0.0\n%project=theirs\n\nfirst 2026-01-01T00:00:00Z A <a@b> # theirs\n"
    (out / "sqitch.plan").write_text(before)
    for verb in ("deploy", "revert", "verify"):
        (out / verb).mkdir()
        (out / verb / "first.sql").write_text("SELECT 1;\n")
    stand.export("sqitch", out)
    assert (out / "sqitch.plan").read_text().startswith(before)
    sqitch(stand, out, "deploy", "--verify")
    assert stand.image() == stand.done
