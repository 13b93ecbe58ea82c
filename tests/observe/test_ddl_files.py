"""The schema that DDL files describe."""

from pathlib import Path

import pytest

from pgrefit.errors import UsageError
from pgrefit.model.names import Relation
from pgrefit.observe.ddl_files import snapshot_of_files


def test_a_folder_of_ddl(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE a (id integer PRIMARY KEY);")
    (tmp_path / "2.sql").write_text("CREATE TABLE b (a integer REFERENCES a);")
    snapshot = snapshot_of_files(tmp_path, 18)
    assert snapshot.references_to(Relation("public", "a"))[0][0].name == Relation("public", "b")


def test_ddl_that_does_not_load_is_the_user_s_mistake(tmp_path: Path) -> None:
    (tmp_path / "bad.sql").write_text("CREATE TABLE a (id nonsense);")
    with pytest.raises(UsageError, match=r"bad\.sql:1"):
        snapshot_of_files(tmp_path / "bad.sql", 18)
