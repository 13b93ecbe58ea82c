"""DDL files loaded into a scratch server."""

from pathlib import Path

import psycopg
import pytest

from pgrefit.errors import UsageError
from pgrefit.pg.scratch import load_ddl


def tables(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        return [
            name
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
        ]


def test_a_folder_is_loaded_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "2 second.sql").write_text("ALTER TABLE a RENAME TO b;")
    (tmp_path / "1 first.sql").write_text("CREATE TABLE a ();")
    (tmp_path / "notes.txt").write_text("not SQL")
    with load_ddl(tmp_path) as dsn:
        assert tables(dsn) == ["b"]


def test_a_text_is_loaded_with_its_data() -> None:
    with load_ddl("CREATE TABLE t (x text);\nCOPY t FROM stdin;\né\n\\.\n") as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT x FROM t").fetchall() == [("é",)]


def test_a_failing_statement_is_named_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "it's: a schema.sql"
    file.write_text("CREATE TABLE a ();\n\nCREATE TABLE b (x no_such_type);\nCREATE TABLE c ();\n")
    with pytest.raises(UsageError) as raised, load_ddl(file):
        pass
    assert raised.value.what.startswith(f"{file}:3")
    assert 'type "no_such_type" does not exist' in raised.value.why


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.sql"), load_ddl([tmp_path / "nowhere.sql"]):
        pass
    with pytest.raises(UsageError, match=r"no \.sql file"), load_ddl(tmp_path):
        pass
