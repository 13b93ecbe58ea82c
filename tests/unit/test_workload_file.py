"""Reading a file of annotated statements."""

from pathlib import Path

import pytest

from pgrefit.errors import UsageError
from pgrefit.model.workload import Query, Workload
from pgrefit.observe.workload import read_workload


def read(folder: Path, text: str) -> Workload:
    path = folder / "workload.sql"
    path.write_bytes(text.encode())
    return read_workload(path)


def test_every_key_of_a_header(tmp_path: Path) -> None:
    workload = read(
        tmp_path,
        """-- Workload of the shop. Everything up here is for people; name: not this.

-- name: latest_orders :many
-- source: app.py
-- weight: 12.5
-- group: order page
-- version: before
-- replaces: older_orders
-- parameters: SELECT id, 'é;--' FROM customers;
-- same-result: yes
-- says ünïcode, and nothing to us
SELECT 'é; -- name: no' AS "x"  -- name: inside
FROM orders WHERE customer = $1;  -- name: after

/* between */
-- name: second
UPDATE orders SET note = $1""",
    )
    first, second = workload.queries
    assert first == Query(
        name="latest_orders",
        sql="""SELECT 'é; -- name: no' AS "x"  -- name: inside\nFROM orders WHERE customer = $1""",
        weight=12.5,
        group="order page",
        version="before",
        replaces="older_orders",
        parameters="SELECT id, 'é;--' FROM customers",
        same_result=True,
    )
    assert second == Query(name="second", sql="UPDATE orders SET note = $1")


def test_an_empty_line_may_stand_before_the_statement(tmp_path: Path) -> None:
    assert read(tmp_path, "-- name: a\r\n-- weight: 2\r\n\r\nSELECT 1;\r\n").query("a").weight == 2


def test_a_body_of_several_statements_is_one_query(tmp_path: Path) -> None:
    sql = "CREATE FUNCTION f() RETURNS integer BEGIN ATOMIC SELECT 1; SELECT 2; END"
    assert read(tmp_path, f"-- name: a\n{sql};\n").query("a").sql == sql


def test_a_file_without_statements_is_an_empty_workload(tmp_path: Path) -> None:
    assert read(tmp_path, "-- nothing yet\n") == Workload()


def test_statements_nested_deeply_are_read(tmp_path: Path) -> None:
    sql = " UNION ALL ".join(f"SELECT {number}" for number in range(400))
    assert read(tmp_path, f"-- name: a\n{sql};").query("a").sql == sql


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;", 4, "second query"),
        ("-- name: é\nSELECT 'é';\n\n-- name: b\nSELECT 1,\n  FROM FROM t;", 6, "not SQL"),
        ("-- name: a\nSELECT 'open;", 2, "not SQL"),
        ("SELECT 1;", 1, "no name"),
        ("\n-- name:\nSELECT 1;", 3, "no name"),
        ("-- name: a\n-- version: later\nSELECT 1;", 3, "version: later"),
        ("-- name: a\n-- weight: heavy\nSELECT 1;", 3, "weight: heavy"),
        ("-- name: a\n-- weight: -1\nSELECT 1;", 3, "weight: -1"),
        ("-- name: a\n-- same-result: perhaps\nSELECT 1;", 3, "same-result: perhaps"),
        ("-- name: a\n-- parameters: SELECT FROM FROM\nSELECT 1;", 3, "parameters"),
        ("-- name: a\n-- parameters: SELECT 1; SELECT 2\nSELECT 1;", 3, "more than one"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert f"workload.sql:{line}: " in caught.value.what
    assert says in caught.value.what


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_workload(tmp_path / "missing.sql")
