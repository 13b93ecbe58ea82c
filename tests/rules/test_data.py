"""Rules about the data of one table: what their examples do not show."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgrefit import audit
from pgrefit.audit.redact import redacted
from pgrefit.changes.retype_columns import RetypeColumns
from pgrefit.model.finding import Severity
from pgrefit.model.observation import Answer
from pgrefit.pg.cluster import Cluster
from pgrefit.rules import all_rules
from rules.observing import findings, measured, observe, report
from step_runner import run_all

RULES = [rule for rule in all_rules() if rule.theme == "data"]
HOSTILE = """
    CREATE SCHEMA "Odd ""schema";
    CREATE TABLE "Odd ""schema"."order %s {0}" (
        "Nr %" int PRIMARY KEY, "user's Status" text, "Prozent % pct" int, "E-Mail" text, "Menge {x}" text,
        "So! {} data" jsonb, "a ""code" text, "a ""name" text);
    INSERT INTO "Odd ""schema"."order %s {0}"
    SELECT n, (ARRAY['offen', 'bezahlt'])[n % 2 + 1], n % 101, 'Ä' || n || '@x.org', n,
           jsonb_build_object('it''s {k} %s', n), 'c' || n % 20, 'Name ' || md5((n % 20)::text)
    FROM generate_series(1, 300) AS n;
    UPDATE "Odd ""schema"."order %s {0}" SET "user's Status" = 'Offen ' WHERE "Nr %" = 2;
    UPDATE "Odd ""schema"."order %s {0}" SET "Prozent % pct" = 1000 WHERE "Nr %" = 3;
    UPDATE "Odd ""schema"."order %s {0}" SET "E-Mail" = 'ä5@X.org' WHERE "Nr %" = 4;
    UPDATE "Odd ""schema"."order %s {0}" SET "Menge {x}" = '5 %s' WHERE "Nr %" = 6;
    ANALYZE;
"""
EXPECTED = {
    "spelling-drift", "value-out-of-range", "key-alike-but-for-case", "typed-values-in-text", "json-key-as-column",
    "repeated-fact", "nullable-never-null",
}  # fmt: skip


def test_hostile_names(db18: psycopg.Connection) -> None:
    db18.execute(HOSTILE.encode())
    found = report(db18, *RULES)
    assert not [skipped for coverage in found.coverage for skipped in coverage.skipped]
    assert {f.rule for f in found.findings} == EXPECTED
    (drift,) = found.of("spelling-drift")
    assert drift.object == '"Odd ""schema".order %s {0}.user\'s Status'
    assert measured(drift)["rows in another spelling"] == 1


def test_without_answers_nothing_is_found_and_nothing_crashes(db18: psycopg.Connection) -> None:
    db18.execute(HOSTILE.encode())
    observation = observe(db18, *RULES)
    skipped = {question: Answer(skipped="not allowed") for question in observation.answers}
    found = audit.run(replace(observation, answers=skipped), RULES)
    assert (found.crashed, found.findings) == ((), ())


def test_empty_tables_are_not_asked(db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE a (id int PRIMARY KEY, status text, email text, data jsonb); ANALYZE")
    assert observe(db18, *RULES).answers == {}


def test_what_was_never_analysed_is_looked_at_too(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE town (id int PRIMARY KEY, name text);
             INSERT INTO town SELECT n, 'Town ' || n FROM generate_series(1, 50) AS n;
             INSERT INTO town VALUES (51, 'X ');"""
    (found,) = findings(db18, "padded-text", sql)
    assert found.object == "public.town.name"


def test_a_partitioned_table_is_told_of_once(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE bill (id int, state text NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id);
             CREATE TABLE bill_1 PARTITION OF bill FOR VALUES FROM (0) TO (100);
             CREATE TABLE bill_2 PARTITION OF bill FOR VALUES FROM (100) TO (1000);
             INSERT INTO bill SELECT n, (ARRAY['new', 'paid'])[n % 2 + 1] FROM generate_series(1, 300) AS n; ANALYZE;"""
    (found,) = findings(db18, "unchecked-enumeration", sql)
    assert found.object == "public.bill.state"
    assert measured(found)["rows"] == 300


def test_rare_slips_of_a_large_table_are_counted_exactly(db18: psycopg.Connection) -> None:
    """They are in no sample."""
    sql = """CREATE TABLE bill (id int PRIMARY KEY, state text NOT NULL, percent int NOT NULL, title text NOT NULL);
             INSERT INTO bill SELECT n, (ARRAY['new', 'paid'])[n % 2 + 1], n % 101, 'Bill ' || n
             FROM generate_series(1, 30000) AS n;
             UPDATE bill SET state = 'Paid', percent = 101, title = title || ' ' WHERE id IN (17, 29000); ANALYZE;"""
    db18.execute(sql.encode())
    found = {f.rule: f for f in report(db18, *RULES).findings}
    assert measured(found["spelling-drift"])["rows in another spelling"] == 2
    assert measured(found["value-out-of-range"])["for example"] == ("17: 101", "29000: 101")
    assert measured(found["padded-text"])["with blanks around"] == 2
    assert all(f.cost and f.cost.rows == 2 for f in found.values() if f.severity is not Severity.INFO)


def test_uuids_in_text_become_uuids(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE job (id int PRIMARY KEY, trace text NOT NULL);
             INSERT INTO job SELECT n, md5(n::text)::uuid FROM generate_series(1, 60) AS n; ANALYZE;"""
    (found,) = findings(db18, "typed-values-in-text", sql)
    (change,) = found.remedy
    assert isinstance(change, RetypeColumns)
    run_all(db18, change)
    assert findings(db18, "typed-values-in-text") == ()


def test_uuids_that_refer_to_a_key_are_another_rules(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE person (id uuid PRIMARY KEY);
             INSERT INTO person SELECT md5(n::text)::uuid FROM generate_series(1, 20) AS n;
             CREATE TABLE note (id int PRIMARY KEY, who text);
             INSERT INTO note SELECT n, md5((n % 20 + 1)::text)::uuid FROM generate_series(1, 80) AS n; ANALYZE;"""
    assert findings(db18, "typed-values-in-text", sql) == ()


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ("""'{"a": ' || n || '}'""", "jsonb"),
        ("'2024-01-' || lpad((n % 28 + 1)::text, 2, '0') || ' 10:20:30+02'", "timestamptz"),
        ("CASE n % 2 WHEN 0 THEN 'Yes' ELSE 'no' END", "boolean"),
        ("n * 0.25", "numeric"),
        ("' ' || n", "bigint"),
    ],
)
def test_types_are_told_apart_on_an_old_server_too(cluster15: Cluster, values: str, type_: str) -> None:
    cluster15.create_database("typed")
    try:
        with psycopg.connect(cluster15.dsn("typed"), autocommit=True) as conn:
            conn.execute("CREATE TABLE t (id int PRIMARY KEY, reading text)")
            conn.execute(f"INSERT INTO t SELECT n, {values} FROM generate_series(1, 100) AS n; ANALYZE".encode())
            (found,) = findings(conn, "typed-values-in-text")
            assert measured(found)[f"values of type {type_}"] == 100
    finally:
        cluster15.drop_database("typed")


@pytest.mark.parametrize(
    "values",
    [
        "lpad((n * 7)::text, 4, '0')",
        "'{{name}} ' || n",
        "'[draft] ' || n",
        "n || ' kg'",
        "chr(97 + n % 3)",
        "'3,' || n",
    ],
)
def test_texts_that_only_look_typed(db18: psycopg.Connection, values: str) -> None:
    sql = f"""CREATE TABLE t (id int PRIMARY KEY, reading text);
              INSERT INTO t SELECT n, {values} FROM generate_series(1, 100) AS n; ANALYZE;"""
    assert findings(db18, "typed-values-in-text", sql) == ()


def test_placeholders_need_a_gap(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, a int, b int, c date, d timestamptz);
             INSERT INTO t SELECT n, n % 400, n % 2000, date '1895-01-01' + n * 100, '2024-01-01'
             FROM generate_series(1, 400) AS n;
             UPDATE t SET a = 9999, b = 999, c = '1900-01-01', d = '9999-12-31' WHERE id % 40 = 0; ANALYZE;"""
    assert {f.object for f in findings(db18, "sentinel-value", sql)} == {"public.t.a", "public.t.d"}


def test_a_key_that_is_unique_within_a_tenant_is_no_duplicate(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE item (id int PRIMARY KEY, tenant_id int NOT NULL, sku text NOT NULL);
             INSERT INTO item SELECT n, 1, 'A' || n FROM generate_series(1, 200) AS n;
             INSERT INTO item VALUES (201, 2, 'A1'), (202, 2, 'A2'); ANALYZE;"""
    assert findings(db18, "duplicate-natural-key", sql) == ()
    db18.execute("UPDATE item SET tenant_id = 1")
    (found,) = findings(db18, "duplicate-natural-key")
    assert measured(found)["rows too many"] == 2


def test_a_chain_of_dependencies_is_told_link_by_link(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE visit (id int PRIMARY KEY, zip text, city text, country text);
             INSERT INTO visit SELECT n, 'zip' || z, 'City ' || md5((z / 4)::text), 'Country ' || md5((z / 20)::text)
             FROM (SELECT n, floor(random() * 160)::int AS z FROM generate_series(1, 2000) AS n) AS r; ANALYZE;"""
    found = {f.object: f.message for f in findings(db18, "repeated-fact", sql)}
    assert found == {"public.visit.city": "zip alone tells city", "public.visit.country": "city alone tells country"}


def test_summer_time_is_one_zone(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE ping (id int PRIMARY KEY, sent_at timestamp, stored_at timestamptz);
             INSERT INTO ping SELECT n, m AT TIME ZONE {zone}, m
             FROM (SELECT n, timestamptz '2024-01-01' + n * interval '7 h' AS m
                   FROM generate_series(1, 1000) AS n) AS s;
             ANALYZE;"""
    assert findings(db18, "mixed-time-zones", sql.format(zone="'Europe/Berlin'")) == ()
    db18.execute("DROP TABLE ping")
    zone = "CASE n % 9 WHEN 0 THEN 'Asia/Tokyo' ELSE 'UTC' END"
    (found,) = findings(db18, "mixed-time-zones", sql.format(zone=zone))
    assert measured(found)["off from most others"] == 111


def test_documents_that_break_the_rule_are_named(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE device (id int PRIMARY KEY, data jsonb);
             INSERT INTO device SELECT n, jsonb_build_object('weight', n) FROM generate_series(1, 300) AS n;
             UPDATE device SET data = '{"weight": "heavy"}' WHERE id = 7; UPDATE device SET data = '[]' WHERE id = 8;
             ANALYZE;"""
    (found,) = findings(db18, "json-key-as-column", sql)
    assert found.severity is Severity.WARNING
    assert (measured(found)["“weight”: missing in"], measured(found)["“weight”: of another type in"]) == (1, 1)
    assert measured(found)["“weight”: not in, for example"] == ('7: {"weight": "heavy"}', "8: []")


def test_a_document_that_jsonb_cannot_hold_does_not_hide_the_others(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE device (id int PRIMARY KEY, data json);
             INSERT INTO device SELECT n, json_build_object('weight', n) FROM generate_series(1, 300) AS n;
             UPDATE device SET data = '{"weight": "\\u0000"}' WHERE id = 7; ANALYZE device"""
    (found,) = findings(db18, "json-key-as-column", sql)
    assert measured(found)["“weight”: missing in"] == 1


def test_digits_that_are_joined_as_text_stay_text(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE depot (mark text PRIMARY KEY);
             INSERT INTO depot SELECT n FROM generate_series(1, 90) AS n; INSERT INTO depot VALUES ('A1');
             CREATE TABLE parcel (id int PRIMARY KEY, mark text, points text);
             INSERT INTO parcel SELECT n, n % 90 + 1, n * 3 FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert [f.object for f in findings(db18, "typed-values-in-text", sql)] == ["public.parcel.points"]


def test_the_state_of_an_address_is_no_enumeration(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE address (id int PRIMARY KEY, city text, state text);
             CREATE TABLE bill (id int PRIMARY KEY, state text);
             INSERT INTO address SELECT n, 'City ' || n, (ARRAY['MA', 'TX'])[n % 2 + 1]
             FROM generate_series(1, 200) AS n;
             INSERT INTO bill SELECT n, (ARRAY['new', 'paid'])[n % 2 + 1] FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert [f.object for f in findings(db18, "unchecked-enumeration", sql)] == ["public.bill.state"]


def test_what_the_data_says_can_be_left_out(db18: psycopg.Connection) -> None:
    db18.execute(HOSTILE.encode())
    db18.execute(
        """
        CREATE TABLE t (id int PRIMARY KEY, origin text, height int, sku text, name text, data jsonb, state text);
        INSERT INTO t SELECT n, 'secret origin', n % 50, 'secret sku ' || n, 'name ' || n, '{"secret key": 1}', 'secret'
        FROM generate_series(1, 300) AS n;
        UPDATE t SET height = 77777, sku = 'secret sku 7', name = 'secret name ', state = 'secret state',
               data = '{"secret key": "secret text"}' WHERE id IN (7, 8, 9);
        UPDATE t SET data = '{"secret key": 2}' WHERE id > 100;
        ANALYZE t;
        """
    )
    found = redacted(report(db18, *RULES)).findings
    said = " ".join(f"{f.message} {f.advice} {[(e.measure, e.value) for e in f.evidence]}" for f in found)
    assert len({f.rule for f in found}) >= 8
    assert not [word for word in ("secret", "Offen", "bezahlt", "it's {k}", "5 %s", "X.org", "Name ") if word in said]
