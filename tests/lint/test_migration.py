"""Files as statements: places, transactions of the tools, psql, bodies, templates, order."""

from pathlib import Path

import pytest

from lint.linting import report, said
from pgrefit.errors import UsageError
from pgrefit.lint import lint, read_sources, source_from_text
from pgrefit.lint.migration import parse_migration

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, a text);"
INDEX = "CREATE INDEX CONCURRENTLY i ON t (a);"


def parsed(text: str, name: str = "x.sql"):
    return parse_migration(source_from_text(text, name))


def test_places_count_code_points_and_lines() -> None:
    found = parsed("-- ünïcode\nSELECT 'ä'; SELECT\n 2;\n")
    assert [(s.place.line, s.place.column, s.place.end_line) for s in found.statements] == [(2, 1, 2), (2, 13, 3)]


def test_a_mistake_is_found_where_it_is_and_hides_nothing() -> None:
    found = report("SELECT 1;\n\nCREATE TABEL x;\nDROP TABLE t;", before=TABLE)
    assert [(f.rule, f.line, f.column) for f in found.findings if f.severity.rank] == [
        ("syntax", 3, 8), ("dropped-table", 4, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("x.sql", INDEX, False),
        ("x.sql", f"SET work_mem = '1GB'; {INDEX}", False),
        ("x.sql", f"BEGIN; {INDEX} COMMIT;", True),
        ("1.sql", f"-- +goose Up\n{INDEX}", True),
        ("1.sql", f"-- +goose NO TRANSACTION\n-- +goose Up\n{INDEX}", False),
        ("1.sql", f"-- migrate:up\n{INDEX}", True),
        ("1.sql", f"-- migrate:up transaction:false\n{INDEX}", False),
        ("1.sql", f"-- +migrate Up\n{INDEX}", True),
        ("1.sql", f"-- +migrate Up notransaction\n{INDEX}", False),
        ("1.sql", f"-- atlas:txmode none\n{INDEX}", False),
        ("V1__i.sql", INDEX, False),  # Flyway sees by itself that nothing in it may run in a transaction
        ("V1__i.sql", f"{INDEX} SELECT 1;", True),
        ("0001_i.up.sql", INDEX, False),  # one message of one statement
        ("0001_i.up.sql", f"{INDEX} {INDEX.replace('INDEX', 'INDEX', 1)}", True),
        ("20240101000000_i/migration.sql", INDEX, False),
        ("20240101000000_i/migration.sql", f"SELECT 1; {INDEX}", True),
    ],
)
def test_transactions_are_those_of_the_tool(name: str, text: str, refused: bool) -> None:
    found = lint([source_from_text(text, name)])
    assert bool(found.of("concurrently-in-transaction")) == refused


def test_diesel_and_flyway_say_it_beside_the_file(tmp_path: Path) -> None:
    for folder, metadata in (("1_a", ""), ("2_b", "run_in_transaction = false")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "up.sql").write_text(f"SELECT 1; {INDEX}")
        (tmp_path / folder / "metadata.toml").write_text(metadata)
    (tmp_path / "V3__c.sql").write_text(f"SELECT 1; {INDEX}")
    (tmp_path / "V3__c.sql.conf").write_text("executeInTransaction = false\n")
    found = lint(read_sources([tmp_path]))
    assert [Path(f.file).parent.name for f in found.of("concurrently-in-transaction")] == ["1_a"]


def test_only_the_way_up_is_linted_unless_the_other_is_asked_for(tmp_path: Path) -> None:
    text = "-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABLE t;\n"
    (tmp_path / "1.sql").write_text(text)
    (tmp_path / "2.down.sql").write_text("DROP TABLE s;")
    assert lint(read_sources([tmp_path])).of("dropped-table") == ()
    found = lint(read_sources([tmp_path], down=True)).of("dropped-table")
    assert [(Path(f.file).name, f.line) for f in found] == [("1.sql", 4), ("2.down.sql", 1)]


def test_files_of_a_folder_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("V10__c.sql", "V2__b.sql", "R__last.sql", "V1__a.sql"):
        (tmp_path / name).write_text("SELECT 1;")
    assert [Path(s.name).name for s in read_sources([tmp_path])] == [
        "V1__a.sql",
        "V2__b.sql",
        "V10__c.sql",
        "R__last.sql",
    ]


def test_dates_are_in_order_however_they_are_written(tmp_path: Path) -> None:
    for name in ("2018-01-02-030405_c", "20170322130523_b", "00000000000000_a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "up.sql").write_text("SELECT 1;")
    assert [Path(s.name).parent.name[-1] for s in read_sources([tmp_path])] == ["a", "b", "c"]


def test_psql_commands_and_data_are_noted_and_not_linted() -> None:
    found = parsed("\\set x 1\nCREATE TABLE t (a text);\nCOPY t FROM stdin;\nit's; DROP\n\\.\nSELECT '\n\\x';\n")
    assert [s.place.line for s in found.statements] == [2, 3, 6]
    assert [note.line for note in found.notes] == [1, 4]
    assert found.faults == ()


def test_templates_are_read_as_names() -> None:
    found = parsed('ALTER TABLE {{ index .Options "Schema" }}.users DROP COLUMN a;\n')
    assert [s.actions[0].table.name for s in found.statements] == ["users"]
    assert "a template" in found.notes[0].text


def test_bodies_of_do_are_linted_at_their_lines() -> None:
    text = """DO $do$
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_class) THEN
        ALTER TABLE t ADD COLUMN b text NOT NULL;
      END IF;
      EXECUTE 'DROP TABLE t';
      EXECUTE format('DROP TABLE %I', 'x');
    END $do$;"""
    found = report(text, before=TABLE)
    assert [(f.rule, f.line) for f in found.findings if f.severity.rank] == [
        ("required-column-without-default", 4), ("dropped-table", 6), ("dropped-table", 7),
    ]  # fmt: skip
    assert [(note.line, "format" in note.text) for note in found.notes] == [(7, True)]


def test_a_body_that_cannot_be_read_is_noted() -> None:
    assert "was not linted" in parsed("DO $$ BEGIN nonsense here; END $$;").notes[0].text
    assert "was not linted" in parsed("DO LANGUAGE plperl $$ 1 $$;").notes[0].text


def test_the_search_path_says_which_table_is_meant() -> None:
    before = "SET search_path = shop; CREATE TABLE t (id bigint PRIMARY KEY, a varchar(5));"
    assert said("SET search_path = shop, public; ALTER TABLE t ALTER a TYPE varchar(9);", before=before) == {}
    assert "type-change-rewrites-table" in said("ALTER TABLE shop.t ALTER a TYPE varchar(3);", before=before)


def test_what_is_no_migration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_sources([tmp_path / "none.sql"])
    with pytest.raises(UsageError):
        read_sources([(tmp_path / "empty").mkdir() or tmp_path / "empty"])


def test_other_encodings_and_line_ends_are_read(tmp_path: Path) -> None:
    texts = {
        "1_latin.sql": "SELECT '\xe9';\nDROP TABLE t;".encode("latin-1"),
        "2_utf16.sql": "SELECT 1;\nDROP TABLE t;".encode("utf-16"),
        "3_dos.sql": b"\xef\xbb\xbfSELECT 1;\r\nDROP TABLE t;\r\n",
        "4_zero.sql": b"SELECT 1;\0\nDROP TABLE t;",
        "5_empty.sql": b"",
    }
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
    found = lint(read_sources([tmp_path]))
    assert [(Path(f.file).name, f.line, f.column) for f in found.of("dropped-table")] == [
        (name, 2, 1) for name in list(texts)[:4]
    ]
    assert [note.text for note in found.notes] == [
        "not UTF-8: it was read as latin-1", "not UTF-8: it was read as utf-16",
    ]  # fmt: skip


def test_variables_and_sending_commands_of_psql_are_read_over() -> None:
    found = parsed("SELECT :'a', :\"b\", :c, x[1:2], 'at 10:30'::time;\nSELECT 1 \\gset\nDROP TABLE t;")
    assert [s.place.line for s in found.statements] == [1, 2, 3]
    assert found.faults == ()
    assert len(found.notes) == 2


def test_bodies_of_functions_that_are_called_are_linted() -> None:
    text = """CREATE FUNCTION one(a text DEFAULT 'x') RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      CREATE INDEX i ON t (a);
    END $$;
    CREATE FUNCTION two() RETURNS void LANGUAGE sql AS '
      SELECT 1;
      TRUNCATE t';
    CREATE PROCEDURE never() LANGUAGE sql AS 'TRUNCATE t';
    SELECT one(), two();"""
    found = report(text, before=TABLE)
    assert [(f.rule, f.line) for f in found.findings if f.severity.rank] == [
        ("index-without-concurrently", 3), ("truncated-table", 7),
    ]  # fmt: skip


def test_sql_put_together_is_linted_as_far_as_it_is_written() -> None:
    text = """DO $$ BEGIN
      EXECUTE format('ALTER TABLE %I.%I ADD COLUMN x %s NOT NULL', s, t, 'int');
      EXECUTE 'DROP INDEX ' || quote_ident(i) || ';';
      EXECUTE 'COMMENT ON TABLE t IS ' || quote_literal(c);
      EXECUTE some_variable;
    END $$;"""
    found = report(text)
    assert [(f.rule, f.line) for f in found.findings if f.severity.rank] == [
        ("required-column-without-default", 2), ("drop-index-without-concurrently", 3),
    ]  # fmt: skip
    assert ["not linted" in note.text for note in found.notes] == [False, False, False, True]


def test_two_bodies_are_two_transactions() -> None:
    add = "ALTER TABLE t ADD CONSTRAINT c CHECK (a <> '') NOT VALID;"
    validate = "ALTER TABLE t VALIDATE CONSTRAINT c;"
    apart = f"BEGIN; SELECT 1; COMMIT; DO $$ BEGIN {add} END $$; DO $$ BEGIN {validate} END $$;"
    assert "validated-in-same-transaction" not in said(apart, before=TABLE)
    assert said(f"DO $$ BEGIN {add} {validate} END $$;", before=TABLE)["validated-in-same-transaction"] == "error"


def test_drizzle_and_sqitch(tmp_path: Path) -> None:
    drizzle = lint([source_from_text(f"SELECT 1;--> statement-breakpoint\n{INDEX}")])
    assert drizzle.of("concurrently-in-transaction")
    for folder, text in (("deploy", f"-- Deploy app:t to pg\n{INDEX} SELECT 1;"), ("revert", "DROP TABLE t;"),
                         ("verify", "SELECT a FROM t;")):  # fmt: skip
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.sql").write_text(text)
    found = lint(read_sources([tmp_path]))
    assert (found.files, [f.rule for f in found.findings if f.severity.rank]) == (1, [])


def test_an_index_may_be_made_by_a_later_file(tmp_path: Path) -> None:
    add = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES t NOT VALID;"
    for name, text in (("1.sql", TABLE), ("2.sql", add), ("3.sql", "CREATE INDEX CONCURRENTLY i ON t (a);")):
        (tmp_path / name).write_text(text)
    assert lint(read_sources([tmp_path])).of("foreign-key-without-index") == ()
    (tmp_path / "3.sql").unlink()
    assert len(lint(read_sources([tmp_path])).of("foreign-key-without-index")) == 1


def test_a_long_file_is_linted_in_time_that_grows_with_it() -> None:
    rows = "".join(f"INSERT INTO u VALUES ({n});\n" for n in range(3000))
    assert lint([source_from_text("CREATE TABLE u (id bigint PRIMARY KEY);\n" + rows)]).statements == 3001


def test_hostile_names_stay_themselves_in_what_is_offered() -> None:
    name = '"sélect; "" %s {x}"'
    found = report(f"CREATE INDEX ON {name} ({name});", before=f"CREATE TABLE {name} ({name} text);")
    (index,) = found.of("index-without-concurrently")
    assert parsed(index.rewrite).statements[0].actions[0].table.name == 'sélect; " %s {x}'
