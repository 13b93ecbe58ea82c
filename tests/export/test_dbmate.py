"""dbmate, really run, as npm delivers it."""

import platform

import pytest
from psycopg.conninfo import conninfo_to_dict

from export.npm import program
from export.there_and_back import refuses, travel


@pytest.fixture(scope="session")
def dbmate():
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("the package is for another machine")
    return program("@dbmate/linux-x64", "2.36.0", "@dbmate/linux-x64/bin/dbmate")


def test_there_and_back_and_to_the_end(any_stand, dbmate, tmp_path):
    out = tmp_path / "out"
    at = conninfo_to_dict(any_stand.dsn)
    url = f"postgres:///{at['dbname']}?host={at['host']}&port={at['port']}&user={at['user']}&sslmode=disable"

    def run(verb):
        return any_stand.run(dbmate, "--url", url, "--no-dump-schema", verb, cwd=out)

    def down():
        for _ in (out / "db" / "migrations").glob("*.sql"):
            run("rollback")

    travel(any_stand, "dbmate", out, lambda: run("migrate"), down)
    refuses(lambda: run("rollback"))
    assert any_stand.image() == any_stand.done


def test_continues_a_project_that_counts(stand, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "0007_first.sql").write_text("-- migrate:up\nSELECT 1;\n-- migrate:down\n")
    stand.export("dbmate", out)
    names = sorted(path.name for path in out.iterdir())
    assert names[1] == "0008_small_000_expand_room_for_what_is_kept.sql"
    assert names[-1] == "0017_small_080_contract_drop_the_old_column.sql"
