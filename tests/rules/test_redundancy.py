"""Repetition that the catalog shows: where rules must look twice, and what they must pass over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Severity
from rules.observing import findings, measured, observe, rule_named


def test_numbers_may_stand_anywhere_in_a_name(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE customer (id int PRIMARY KEY, "phone_1_kind" text, "Phone2Kind" text, phone_3_kind text,
             "Extra%0" int, "Extra%1" int, "Extra%2" int, odd1 int, odd2 text, odd3 date);"""
    (found,) = findings(db18, "numbered-columns", sql)
    assert set(measured(found).values()) == {
        ("phone_1_kind", "Phone2Kind", "phone_3_kind"), ("Extra%0", "Extra%1", "Extra%2")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "fires"),
    [
        ("'red, green'", True),
        ("'7;8;' || n", True),
        ("'red'", False),
        ("'Of all, this one I like best, by far'", False),
    ],
)
def test_what_a_list_is_the_values_tell(db18: psycopg.Connection, value: str, *, fires: bool) -> None:
    sql = f"""
        CREATE TABLE paint (id int PRIMARY KEY, "color tags" varchar(90));
        INSERT INTO paint SELECT n, {value} || CASE WHEN n % 2 = 0 THEN ', blue' ELSE '' END
        FROM generate_series(1, 40) AS n;
        ANALYZE paint;
    """
    if not fires:
        sql = sql.replace(", blue", " and blue")
    assert bool(findings(db18, "list-in-text", sql)) is fires


def test_values_of_several_types(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE doc_properties (doc_id uuid, property_id int, value_text text, value_number numeric,
             PRIMARY KEY (doc_id, property_id));"""
    (found,) = findings(db18, "entity-attribute-value", sql)
    assert found.object == "public.doc_properties"


def test_months_are_counted_as_numbers_are(db18: psycopg.Connection) -> None:
    sql = "".join(f'CREATE TABLE "Sales {m}" (id int PRIMARY KEY, amount int);' for m in ("Jan", "Feb", "Mar"))
    (found,) = findings(db18, "table-per-period", sql)
    assert measured(found)["tables"] == ("Sales Feb", "Sales Jan", "Sales Mar")


@pytest.mark.parametrize(
    ("table", "fires"),
    [
        ("CREATE TABLE tmp_import (a text, b text)", True),
        ("CREATE TABLE customer_20240101 (id int, name text, email text)", True),
        ("CREATE TABLE old_customers (id int PRIMARY KEY, name text, email text)", True),
        ("CREATE TABLE backup_20240101_details (id int PRIMARY KEY, body text)", True),
        ("CREATE TABLE tmp_import (id int PRIMARY KEY, body text NOT NULL)", False),
        ("CREATE TABLE temperatures (a text)", False),
        ("CREATE TABLE old_customer_notes (id int PRIMARY KEY, body text)", False),
        ("CREATE TABLE event_20240101 (id int PRIMARY KEY, body text)", False),
    ],
)
def test_what_is_left_over(db18: psycopg.Connection, table: str, *, fires: bool) -> None:
    sql = f"CREATE TABLE customer (id int PRIMARY KEY, name text, email text); {table};"
    assert bool(findings(db18, "left-over-table", sql)) is fires


def test_the_longest_way_down_counts(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE t (x int);
        CREATE VIEW a AS SELECT x FROM t; CREATE VIEW b AS SELECT a.x FROM a JOIN t USING (x);
        CREATE VIEW c AS SELECT b.x FROM b JOIN a USING (x); CREATE VIEW "D%" AS SELECT c.x FROM c JOIN a USING (x);
    """
    (found,) = findings(db18, "deeply-nested-view", sql)
    assert measured(found)["layers"] == ("public.D%", "public.c", "public.b", "public.a")


def test_a_key_of_a_parent_does_not_hold_for_its_heirs(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE note (line text); CREATE TABLE long_note (more text) INHERITS (note);
        CREATE TABLE vehicle (id int PRIMARY KEY); CREATE TABLE car (doors int) INHERITS (vehicle);
        CREATE TABLE trip (id int PRIMARY KEY, vehicle_id int REFERENCES vehicle);
    """
    found = {f.object: f for f in findings(db18, "table-inheritance", sql)}
    assert {name: f.severity for name, f in found.items()} == {
        "public.note": Severity.INFO, "public.vehicle": Severity.WARNING
    }  # fmt: skip
    assert measured(found["public.vehicle"])["foreign keys to it"] == ("trip_vehicle_id_fkey of public.trip",)


def test_a_single_partition_may_be_unlogged(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE sale (day date, amount int) PARTITION BY RANGE (day);
        CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE UNLOGGED TABLE sale_2 PARTITION OF sale FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    """
    assert [f.object for f in findings(db18, "unlogged-table", sql)] == ["public.sale_2"]


def test_counters_must_be_old_to_tell_that_a_table_is_unused(db18: psycopg.Connection) -> None:
    rule = rule_named("unused-table")
    db18.execute(rule.example.encode())
    idle = rule.given(observe(db18, rule))
    assert len(audit.run(idle, [rule]).findings) == 1
    taken = idle.statistics.taken_at
    assert taken is not None
    young = replace(idle, statistics=replace(idle.statistics, reset_at=taken - timedelta(days=20)))
    assert audit.run(young, [rule]).findings == ()
