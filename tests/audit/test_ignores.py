"""Findings that are not wanted are left out, counted, and told with who said so and why."""

from __future__ import annotations

import psycopg
import pytest

from audit.making import finding, rule
from pgrefit import audit
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Schema, Snapshot
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.rules._access import API_ROLES
from rules.observing import findings, report, rule_named

TABLES = """
    CREATE SCHEMA legacy;
    CREATE TABLE orders (note text);
    CREATE TABLE legacy.orders (note text);
    CREATE TABLE "or.ders" (note text);
    CREATE TABLE "orders, old" (note text);
"""

POLICY = """
    CREATE TABLE team (id int PRIMARY KEY, boss text);
    CREATE TABLE t (id int PRIMARY KEY, team text);
    ALTER TABLE t ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON t FOR SELECT USING (
        EXISTS (SELECT FROM team WHERE team.id::text = t.team AND team.boss = current_user));
"""


def left_out(conn: psycopg.Connection, *comments: str) -> dict[str, tuple[str, str]]:
    conn.execute(TABLES + ";".join(comments))
    found = report(conn, rule_named("table-without-primary-key"))
    assert len(found.findings) + found.suppressed == 4
    return {left.finding.object: (left.where, left.reason) for left in found.left_out}


def test_a_comment_on_a_table_speaks_for_that_table_alone(db18: psycopg.Connection) -> None:
    comment = "COMMENT ON TABLE orders IS 'All orders. pgrefit:ignore table-without-primary-key filled once a year'"
    assert left_out(db18, comment) == {"public.orders": ("the comment on public.orders", "filled once a year")}


def test_a_comment_on_a_schema_speaks_for_all_in_it(db18: psycopg.Connection) -> None:
    comment = "COMMENT ON SCHEMA legacy IS E'Old.\\npgrefit:ignore CON001, unused-index goes in May\\nAsk Ann.'"
    assert left_out(db18, comment) == {"legacy.orders": ("the comment on legacy", "goes in May")}


def test_names_that_are_hard_to_read_are_told_apart(db18: psycopg.Connection) -> None:
    mark = "pgrefit:ignore table-without-primary-key"
    comments = (f"""COMMENT ON TABLE "or.ders" IS '{mark}'""", f"""COMMENT ON TABLE "orders, old" IS '{mark} x'""")
    assert left_out(db18, *comments) == {
        'public."or.ders"': ('the comment on public."or.ders"', ""),
        "public.orders, old": ("the comment on public.orders, old", "x"),
    }


@pytest.mark.parametrize(
    ("name", "sql", "on"),
    [
        ("redundant-index", "CREATE TABLE t (a int, b int); CREATE INDEX one ON t (a); CREATE INDEX ON t (a, b)",
         "INDEX one"),
        ("foreign-key-without-index",
         "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int CONSTRAINT k REFERENCES p)", "CONSTRAINT k ON t"),
        ("json-instead-of-jsonb", "CREATE TABLE t (a json)", "COLUMN t.a"),
        ("mutable-search-path",
         "CREATE FUNCTION f(a int, b text) RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
         "FUNCTION f(int, text)"),
        ("policy-subselect-per-row", POLICY, "POLICY p ON t"),
    ],
)  # fmt: skip
def test_a_comment_on_the_object_of_the_finding(db18: psycopg.Connection, name: str, sql: str, on: str) -> None:
    """And one on the table that the object is part of."""
    assert len(findings(db18, name, sql)) == 1
    db18.execute(f"COMMENT ON {on} IS 'pgrefit:ignore {name} as agreed'".encode())
    (left,) = report(db18, rule_named(name)).left_out
    assert (left.by, left.reason) == ("comment", "as agreed")
    db18.execute(f"COMMENT ON {on} IS NULL".encode())
    if not on.startswith("FUNCTION"):
        db18.execute(f"COMMENT ON TABLE t IS 'pgrefit:ignore {name}'".encode())
        assert report(db18, rule_named(name)).suppressed == 1


def test_a_comment_that_names_no_rule_is_told(db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE t (id int PRIMARY KEY); COMMENT ON TABLE t IS 'pgrefit:ignore unusd-index x'")
    (note,) = audit.run(Observation(snapshot=take_snapshot(db18)), []).notes
    assert "public.t ignores 'unusd-index'" in note
    assert "did you mean 'unused-index'?" in note


def test_what_was_asked_for_is_told() -> None:
    db = Snapshot(database="d", server_version=180000, schemas=(Schema(name="public"),))
    rules = [rule("one", finding("public.a"), finding("public.b")), rule("two", finding("public.a"))]
    found = audit.run(Observation(snapshot=db), rules, ignore=["one:*.a", "TWO"])
    assert [(left.finding.rule, left.finding.object, left.by) for left in found.left_out] == [
        ("one", "public.a", "request")
    ]
    assert [(silent.rule, silent.reason) for silent in found.silent] == [("two", "ignored on request")]


def test_a_comment_on_a_table_speaks_for_its_parts_and_for_no_other_table(db18: psycopg.Connection) -> None:
    db18.execute("""
        CREATE TABLE t (id serial PRIMARY KEY, a int);
        CREATE TABLE t2 (id int);
        COMMENT ON TABLE t IS 'pgrefit:ignore one all of it';
    """)
    parts = ("public.t_id_seq", "public.t_pkey", "public.t.a", "public.t (a)", "public.t, trigger x", "public.t.t_pkey")
    others = ("public.t2.id", "public.t2", "public", "query t", "setting fsync")
    found = audit.run(
        Observation(snapshot=take_snapshot(db18)), [rule("one", *(finding(name) for name in (*parts, *others)))]
    )
    assert {left.finding.object for left in found.left_out} == set(parts)


def test_what_the_platform_made_is_left_out_and_said(db18: psycopg.Connection) -> None:
    """But for policies and grants there, which are the user's own."""
    db18.execute(
        "CREATE SCHEMA storage; CREATE TABLE storage.objects (note text); CREATE TABLE public.objects (note text)"
    )
    assert len(report(db18, rule_named("table-without-primary-key")).findings) == 2
    for role in sorted(API_ROLES):
        db18.execute(f"CREATE ROLE {role}")
    try:
        found = report(db18, rule_named("table-without-primary-key"))
    finally:
        for role in sorted(API_ROLES):
            db18.execute(f"DROP ROLE {role}")
    assert [finding.object for finding in found.findings] == ["public.objects"]
    assert [(left.finding.object, left.by) for left in found.left_out] == [("storage.objects", "platform")]


def test_what_a_tool_for_migrations_made_is_left_out_and_said(db18: psycopg.Connection) -> None:
    db18.execute(
        """
        CREATE TABLE schema_migrations (version text);
        CREATE TABLE schema_migrations_of_ours (version text);
        """
    )
    found = report(db18, rule_named("table-without-primary-key"))
    assert [finding.object for finding in found.findings] == ["public.schema_migrations_of_ours"]
    assert [(left.finding.object, left.by) for left in found.left_out] == [("public.schema_migrations", "tool")]
