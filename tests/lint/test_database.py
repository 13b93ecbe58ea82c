"""With a database: severities follow its sizes, its rows are asked, and what is in the way now is told."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from conftest import dsn
from lint.linting import report
from pgrefit.api import linting
from pgrefit.errors import UsageError
from pgrefit.lint import Facts, all_lint_rules
from pgrefit.lint.rule import LintRule
from pgrefit.model.lint import LintReport
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.statistics import Statistics, TableStatistics
from pgrefit.pg.target import Target

OF_ROWS = [
    rule
    for rule in all_lint_rules()
    if rule.name
    in {"cast-fails-on-rows", "check-with-violations", "foreign-key-with-orphans", "not-null-with-nulls",
        "unique-with-duplicates"}
]  # fmt: skip
T = Relation("public", "t")


@pytest.fixture
def lint_here(db: psycopg.Connection, tmp_path: Path):
    def lint(sql: str, before: str = "", **options) -> LintReport:
        if before:
            db.execute(before.encode())
        path = tmp_path / "1_next.sql"
        path.write_text(sql)
        found = linting.lint([path], Target(dsn=dsn(db), source="a test"), **options)
        assert found.crashed == ()
        return found

    return lint


def facts(*, rows: int = 0, size: int = 0, version: int = 180000, **more) -> Facts:
    snapshot = Snapshot(database="d", server_version=version, tables=(Table(name=T),))
    counted = TableStatistics(table=T, rows=rows, heap_bytes=size)
    return Facts(observation=Observation(snapshot=snapshot, statistics=Statistics(tables=(counted,))), **more)


@pytest.mark.parametrize("rule", OF_ROWS, ids=lambda rule: rule.name)
def test_rules_of_rows_fire_on_the_rows_and_not_on_the_clean_twin(lint_here, rule: LintRule) -> None:
    (found,) = lint_here(rule.example, rule.before).of(rule.name)
    assert all(evidence.source == "scan" for evidence in found.evidence)
    assert lint_here(rule.clean).of(rule.name) == ()


def test_counts_are_those_of_the_table(lint_here) -> None:
    before = """CREATE TABLE p (id bigint PRIMARY KEY); INSERT INTO p SELECT generate_series(1, 5);
        CREATE TABLE c (id bigint PRIMARY KEY, p text, n int);
        INSERT INTO c SELECT i, CASE i WHEN 7 THEN 'x' ELSE i::text END, nullif(i, 3) FROM generate_series(1, 9) AS i"""
    found = lint_here("""
        ALTER TABLE c ALTER COLUMN n SET NOT NULL;
        ALTER TABLE c ADD FOREIGN KEY (id) REFERENCES p (id) NOT VALID;
        ALTER TABLE c ALTER COLUMN p TYPE bigint USING p::bigint;
        ALTER TABLE c ADD CHECK (n < 8);""", before)  # fmt: skip
    counted = {f.rule: f.evidence[-1].value for f in found.findings if f.evidence and f.evidence[-1].source == "scan"}
    assert counted.pop("not-null-with-nulls") == 1
    assert counted.pop("foreign-key-with-orphans") == 4
    assert counted.pop("check-with-violations") == 2
    assert '"x"' in str(counted.pop("cast-fails-on-rows"))


def test_rows_that_the_file_itself_mends_are_not_held_against_it(lint_here) -> None:
    before = "CREATE TABLE t (id bigint PRIMARY KEY, a int); INSERT INTO t VALUES (1, NULL)"
    sql = "UPDATE t SET a = 0 WHERE a IS NULL; ALTER TABLE t ALTER COLUMN a SET NOT NULL;"
    assert lint_here(sql, before).of("not-null-with-nulls") == ()


@pytest.mark.parametrize(("rows", "severity"), [(10, "info"), (100_000, "warning"), (10_000_000, "error")])
def test_as_bad_as_the_table_is_large(rows: int, severity: str) -> None:
    sql = "ALTER TABLE t ALTER COLUMN a SET NOT NULL; CREATE INDEX ON t (a); ALTER TABLE t ALTER COLUMN a TYPE bigint;"
    found = report(sql, facts=facts(rows=rows))
    rules = ("set-not-null-scans", "index-without-concurrently", "type-change-rewrites-table")
    assert {f.severity.value for rule in rules for f in found.of(rule)} == {severity}
    (first, *_) = found.of("set-not-null-scans")
    assert (first.evidence[0].measure, first.evidence[0].value) == ("rows", rows)


def test_what_depends_on_a_column_is_read_from_the_catalog(lint_here) -> None:
    before = """CREATE TABLE t (id bigint PRIMARY KEY, a int, b varchar(5)); CREATE VIEW v AS SELECT a FROM t;
        CREATE POLICY p ON t USING (b <> '')"""
    found = lint_here("ALTER TABLE t ALTER COLUMN a TYPE bigint; ALTER TABLE t ALTER COLUMN b TYPE text;", before)
    said = " ".join(f.message for f in found.of("type-change-with-dependants"))
    assert "view public.v" in said
    assert "policy p" in said
    sql = "DROP VIEW v; ALTER TABLE t ALTER COLUMN a TYPE bigint; CREATE VIEW v AS SELECT a FROM t;"
    assert lint_here(sql).of("type-change-with-dependants") == ()


def test_old_types_and_proofs_come_from_the_catalog(lint_here) -> None:
    before = "CREATE TABLE t (id bigint PRIMARY KEY, a varchar(5), b text, CONSTRAINT c CHECK (b IS NOT NULL))"
    sql = "ALTER TABLE t ALTER COLUMN a TYPE varchar(9); ALTER TABLE t ALTER COLUMN b SET NOT NULL;"
    found = lint_here(sql, before)
    assert (found.of("type-change-rewrites-table"), found.of("set-not-null-scans")) == ((), ())


def test_an_old_transaction_is_in_the_way(db18: psycopg.Connection, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(linting, "OLD_SECONDS", 0.0)
    db18.execute("CREATE TABLE t (a int)")
    path = tmp_path / "1.sql"
    path.write_text("CREATE INDEX CONCURRENTLY ON t (a);")
    with psycopg.connect(dsn(db18), application_name="nightly report") as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t")
        (found,) = linting.lint([path], Target(dsn=dsn(db18), source="a test")).of("concurrently-while-something-old")
    assert "nightly report" in found.message


def test_a_server_whose_concurrent_builds_lose_rows() -> None:
    sql = "CREATE INDEX CONCURRENTLY ON t (a);"
    assert report(sql, facts=facts(version=140003)).of("concurrently-corrupts")
    assert report(sql, facts=facts(version=140004)).of("concurrently-corrupts") == ()


def test_the_price_in_disk_and_wal_is_told() -> None:
    found = report("ALTER TABLE t ALTER COLUMN a TYPE bigint;", facts=facts(rows=10**7, size=5 << 30))
    (cost,) = found.of("much-wal-and-disk")
    assert "5.0 GiB" in cost.message
    assert report("ALTER TABLE t ADD COLUMN b int;", facts=facts(size=5 << 30)).of("much-wal-and-disk") == ()


def test_star_of_the_workload_warns_of_a_new_column(lint_here, tmp_path: Path) -> None:
    workload = tmp_path / "workload.sql"
    workload.write_text("-- name: all_of_t\nSELECT * FROM t;\n-- name: some\nSELECT a FROM s;\n")
    before = "CREATE TABLE t (id bigint PRIMARY KEY); CREATE TABLE s (a int PRIMARY KEY)"
    sql = "ALTER TABLE t ADD COLUMN b int; ALTER TABLE s ADD COLUMN b int;"
    found = lint_here(sql, before, workload=workload).of("column-added-under-star")
    assert ["SELECT * FROM t" in f.message for f in found] == [True]


def test_the_database_is_not_changed(lint_here, db: psycopg.Connection) -> None:
    before = "CREATE TABLE t (id bigint PRIMARY KEY); CREATE TABLE s (a text); INSERT INTO s VALUES ('1')"
    lint_here("DROP TABLE t; ALTER TABLE s ALTER COLUMN a TYPE int USING a::int;", before)
    row = db.execute("SELECT to_regclass('t') IS NOT NULL, pg_typeof(a)::text FROM s").fetchone()
    assert row == (True, "text")


def program(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pgrefit", "lint", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_exit_status_and_options_of_the_program(db18: psycopg.Connection, tmp_path: Path) -> None:
    db18.execute("CREATE TABLE t (id bigint PRIMARY KEY, a int)")
    (tmp_path / "1_old.sql").write_text("DROP TABLE gone CASCADE;")
    (tmp_path / "2_new.sql").write_text("CREATE INDEX ON t (a);")
    assert program(tmp_path).returncode == 1
    done = program(tmp_path, dsn(db18), "--format", "json", "--since", "2_new.sql")
    assert done.returncode == 0, "the table is small: a hint"
    assert {Path(f["file"]).name for f in json.loads(done.stdout)["findings"]} == {"2_new.sql"}
    assert program(tmp_path, "--fail-on", "never").returncode == 0
    assert program(tmp_path / "none.sql").returncode == 2
    assert "no rule" in program(tmp_path, "--ignore", "no-such").stderr


def test_wrong_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("SELECT 1;")
    for options in ({"ignore": ["foreign-key-without-indx"]}, {"since": "9.sql"}, {"workload": tmp_path / "1.sql"}):
        with pytest.raises(UsageError):
            linting.lint([tmp_path], **options)


def test_series_begin_with_the_database_as_it_is() -> None:
    """A folder's files see the tables of the database, and what earlier files made."""
    known = facts(rows=10**7)
    table = replace(known.observation.snapshot.tables[0], row_security=True)
    snapshot = replace(known.observation.snapshot, tables=(table,))
    here = replace(known, observation=replace(known.observation, snapshot=snapshot))
    assert report("CREATE VIEW v AS SELECT * FROM t;", facts=here).of("view-passes-row-security-by")
