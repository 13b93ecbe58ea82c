"""What was examined is told, so that silence is provable."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from audit.making import rule
from pgrefit import audit
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.server import Server, Unseen
from pgrefit.model.snapshot import Column, Snapshot, Table, View
from pgrefit.report.coverage import coverage_lines, rule_lines
from rules.observing import report, rule_named

COLUMN = Column(name="id", position=1, type="bigint")
TABLES = tuple(
    Table(name=Relation("public", f"t{n}"), columns=(COLUMN,), extension="postgis" if n < 3 else "") for n in range(12)
)
EMPTY = Observation(snapshot=Snapshot(database="d", server_version=180000, tables=TABLES))


def test_objects_are_counted_and_those_of_extensions_are_told() -> None:
    found = audit.run(EMPTY, [rule("one")])
    counted = {each.kind: (each.examined, each.of) for each in found.examined}
    assert counted == {"tables": (9, 12), "columns": (9, 12)}
    lines = list(coverage_lines(found))
    assert "Examined 9 of 12 tables and 9 of 12 columns." in lines
    assert "Of tables 3 were left aside: the others belong to extensions" in lines
    assert list(rule_lines(found)) == [("one", "9 of 12 tables", "")]


def test_questions_are_counted_rule_by_rule(db18: psycopg.Connection) -> None:
    name = "missing-foreign-key"
    db18.execute(rule_named(name).example.encode())
    found = report(db18, rule_named(name))
    (coverage,) = found.coverage
    assert coverage.asked == coverage.examined > 0
    assert coverage.tables >= 1
    ((_, examined, missed),) = rule_lines(found)
    assert f"{coverage.asked} of {coverage.asked} question" in examined
    assert missed == ""


def test_what_the_server_did_not_show_is_told() -> None:
    server = Server(unseen=(Unseen(about="pg_hba.conf", reason="permission denied"),))
    found = audit.run(replace(EMPTY, server=server), [rule("one")])
    assert "could not look at pg_hba.conf: permission denied" in list(coverage_lines(found))


def test_a_rule_without_what_it_reads_is_not_taken_for_content() -> None:
    rules = [replace(rule("slow"), workload="-- name: a"), replace(rule("drift"), environment="CREATE …")]
    found = audit.run(EMPTY, rules)
    assert {(silent.rule, silent.reason) for silent in found.silent} == {
        ("slow", "no workload was given, --workload FILE"),
        ("drift", "no other environment was given, --compare NAME=DSN"),
    }
    assert [line[1] for line in rule_lines(found)] == [f"nothing: {silent.reason}" for silent in found.silent]
    assert "1 rule silent: no workload was given, --workload FILE (slow)" in list(coverage_lines(found))


def test_views_count_too() -> None:
    view = View(name=Relation("public", "v"), columns=(COLUMN,), definition=None)  # type: ignore[arg-type]
    db = replace(EMPTY.snapshot, views=(view,))
    found = audit.run(replace(EMPTY, snapshot=db), [])
    assert {each.kind: each.of for each in found.examined} == {"tables": 12, "columns": 13, "views": 1}


def test_bodies_that_no_rule_can_read_are_told(db18: psycopg.Connection) -> None:
    db18.execute(
        """
        SET check_function_bodies = off;
        CREATE FUNCTION backend() RETURNS int LANGUAGE internal AS 'pg_backend_pid';
        CREATE FUNCTION readable() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION looping() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN nothing is(; END';
        CREATE FUNCTION wrong(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT FROM FROM';
        CREATE AGGREGATE summed (int) (SFUNC = int4pl, STYPE = int)
        """
    )
    found = report(db18, rule_named("function-names-missing-table"))
    told = {each.about: each.reason for each in found.unseen if each.about.startswith("the bod")}
    assert told == {
        "the body of 1 function, public.backend()": "no rule can read internal",
        "the bodies of 2 functions, public.looping(), public.wrong(a integer, b text)": (
            "the parser, libpg_query, does not take them in whole"
        ),
    }
    assert any("public.wrong(a integer, b text)" in line for line in coverage_lines(found))


def test_what_the_same_rules_missed_for_the_same_reason_is_told_together() -> None:
    locked = tuple(replace(table, unread="locked by pid 7") for table in TABLES[3:])
    found = audit.run(replace(EMPTY, snapshot=replace(EMPTY.snapshot, tables=(*TABLES[:3], *locked))), [rule("one")])
    assert "Of tables 12 were left aside: the others belong to extensions, or could not be read" in coverage_lines(
        found
    )
    few = "could not look at public.t3, public.t4, public.t5, public.t6, public.t7 and 4 more: locked by pid 7 (one)"
    assert few in coverage_lines(found, everything=False)
    assert [line for line in coverage_lines(found) if "public.t3, " in line and "public.t11: locked" in line]
