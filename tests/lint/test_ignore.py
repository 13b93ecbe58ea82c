"""Comments that leave findings out, and rules chosen by option."""

from lint.linting import report

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, a text);"


def test_a_comment_leaves_out_what_it_names_on_its_statement_alone() -> None:
    sql = """-- pgrefit:ignore dropped-column nobody reads it since 3.2
    ALTER TABLE t DROP COLUMN a; -- a second one
    ALTER TABLE t
      DROP COLUMN id; -- pgrefit:ignore dropped-column,no-lock-timeout gone
    DROP TABLE t;"""
    found = report(sql, before=TABLE)
    assert (found.of("dropped-column"), found.suppressed) == ((), 2)
    assert len(found.of("dropped-table")) == 1
    assert [(f.line, f.severity.value) for f in found.of("unused-ignore")] == [(4, "info")]


def test_a_comment_for_the_file_counts_everywhere_in_it() -> None:
    found = report("SELECT 1;\nDROP TABLE t;\n-- pgrefit:ignore-file dropped-table moved away\n", before=TABLE)
    assert (found.of("dropped-table"), found.of("unused-ignore")) == ((), ())


def test_an_idle_or_wrong_comment_is_told() -> None:
    found = report("-- pgrefit:ignore json-column x\n-- pgrefit:ignore no-such-rule x\n-- pgrefit:ignore\nSELECT 1;")
    assert [f.line for f in found.of("unused-ignore")] == [1, 2, 3]


def test_the_words_in_a_string_are_no_comment() -> None:
    assert report("SELECT '-- pgrefit:ignore json-column x';").of("unused-ignore") == ()


def test_a_fault_can_be_left_out_too() -> None:
    assert report("-- pgrefit:ignore syntax of another server\nCREATE TABEL x;").of("syntax") == ()


def test_optional_rules_run_when_asked_for() -> None:
    assert report(TABLE).of("unqualified-name") == ()
    assert len(report(TABLE, enable=("unqualified-name",)).of("unqualified-name")) == 1
