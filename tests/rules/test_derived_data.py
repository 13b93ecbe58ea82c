"""Data that follow from other data: what rules say of them whatever the columns are called."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.statements import StatementStatistics
from rules.observing import findings, measured, observe, rule_named


def objects(conn: psycopg.Connection, rule: str, sql: str) -> set[str]:
    """What the rule speaks of, without the schema."""
    return {finding.object.removeprefix("public.") for finding in findings(conn, rule, sql)}


def test_a_column_follows_from_a_row_that_is_referred_to(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "derived-column", """
        CREATE TABLE tariff (id int PRIMARY KEY, per_unit numeric(8,4) NOT NULL, standing numeric(8,2) NOT NULL);
        INSERT INTO tariff SELECT n, (n * 37 % 101 + 3) / 1000.0, n * 7 % 23 + 1 FROM generate_series(1, 40) AS n;
        CREATE TABLE bill (id int PRIMARY KEY, tariff_id int NOT NULL REFERENCES tariff, used int NOT NULL,
                           pages int NOT NULL, sum_due numeric(10,2) NOT NULL);
        INSERT INTO bill SELECT n, t.id, u, n * 13 % 7, round(u * t.per_unit + t.standing, 2) + (n % 60 = 0)::int
        FROM generate_series(1, 300) AS n, LATERAL (SELECT n * 7919 % 997 + 1 AS u) AS v
        JOIN tariff AS t ON t.id = v.u % 40 + 1;
        ANALYZE;
    """)  # fmt: skip
    assert found.object == "public.bill.sum_due"
    assert (measured(found)["disagreeing"], found.remedy) == (5, ())


def test_what_has_no_end_or_needs_more_room_does_not_hide_a_formula(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE stay (id int PRIMARY KEY, arrived date, gone date, nights int, room int, price int, total bigint);
        INSERT INTO stay SELECT n, d, d + n % 9, n % 9, n % 7 + 1, n % 83, (n % 7 + 1) * (n % 83)
        FROM generate_series(1, 300) AS n, LATERAL (SELECT date '2024-01-01' + n AS d) AS v;
        UPDATE stay SET gone = 'infinity' WHERE id = 5;
        INSERT INTO stay VALUES (999, NULL, NULL, NULL, 100000, 100000, 10000000000);
        ANALYZE stay;
    """
    assert objects(db18, "derived-column", sql) == {"stay.nights", "stay.total"}


def test_copies_and_counts_by_a_reference_that_is_kept_as_text(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE patient (id uuid PRIMARY KEY, reach_at text NOT NULL, visits int NOT NULL);
        INSERT INTO patient SELECT md5(n::text)::uuid, '555-' || n * 7919 % 99991, 0 FROM generate_series(1, 300) AS n;
        CREATE TABLE visit (id int PRIMARY KEY, patient_ref text NOT NULL, called_on text NOT NULL, kind text NOT NULL);
        INSERT INTO visit SELECT n, upper(p.id::text), CASE WHEN n % 50 = 0 THEN '555-0' ELSE p.reach_at END,
                                 CASE n % 5 WHEN 0 THEN 'void' WHEN 1 THEN 'first' ELSE 'next' END
        FROM generate_series(1, 900) AS n JOIN patient AS p ON p.id = md5((n * 31 % 300 + 1)::text)::uuid;
        UPDATE patient AS p SET visits = (SELECT count(*) FROM visit AS v
            WHERE v.patient_ref = upper(p.id::text) AND v.kind <> 'void') + (md5(p.id::text) LIKE '00%')::int;
        CREATE TABLE order_item (id int PRIMARY KEY, patient_id uuid NOT NULL REFERENCES patient, reach_at text);
        INSERT INTO order_item SELECT n, p.id, CASE WHEN n % 50 = 0 THEN '555-0' ELSE p.reach_at END
        FROM generate_series(1, 900) AS n JOIN patient AS p ON p.id = md5((n % 300 + 1)::text)::uuid;
        ANALYZE;
    """
    assert objects(db18, "drifted-copy", sql) == {"visit.called_on"}
    (counter,) = findings(db18, "drifted-counter")
    assert counter.object == "public.patient.visits"
    assert measured(counter)["counts"] == "rows with kind not void"


def test_a_mean_that_is_kept_goes_wrong_as_counts_do(db18: psycopg.Connection) -> None:
    assert objects(db18, "drifted-counter", """
        CREATE TABLE shop (id int PRIMARY KEY, stars numeric(4,2));
        CREATE TABLE review (id int PRIMARY KEY, shop_id int NOT NULL REFERENCES shop, given int NOT NULL);
        INSERT INTO shop SELECT n FROM generate_series(1, 80) AS n;
        INSERT INTO review SELECT n, n * 7919 % 80 + 1, n * n % 5 + 1 FROM generate_series(1, 800) AS n;
        UPDATE shop AS s SET stars = (SELECT round(avg(given), 2) FROM review WHERE shop_id = s.id) + (id = 7)::int;
        ANALYZE;
    """) == {"shop.stars"}  # fmt: skip


def test_circles_are_told_by_the_rows(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE quest (id int PRIMARY KEY, unlocked_after int REFERENCES quest, twin int REFERENCES quest,
                            alike int REFERENCES quest);
        INSERT INTO quest SELECT n, CASE WHEN n > 5 THEN n - 1 - n % 5 END, (n - 1) / 2 * 2 + 2 - (n - 1) % 2,
                                 CASE WHEN n % 2 = 0 THEN n * 7919 % 200 + 1 END FROM generate_series(1, 200) AS n;
        UPDATE quest SET unlocked_after = 140 WHERE id = 134;
        CREATE TABLE part_of (whole int NOT NULL REFERENCES quest, part int NOT NULL REFERENCES quest);
        INSERT INTO part_of SELECT n + 40, n FROM generate_series(1, 150) AS n;
        INSERT INTO part_of VALUES (9, 49);
        CREATE TABLE friend (one int NOT NULL REFERENCES quest, other int NOT NULL REFERENCES quest);
        INSERT INTO friend SELECT n, n * 31 % 200 + 1 FROM generate_series(1, 150) AS n;
        INSERT INTO friend SELECT other, one FROM friend;
        ANALYZE;
    """
    assert objects(db18, "cycle-in-hierarchy", sql) == {"quest.unlocked_after", "part_of.part"}


def test_lists_in_documents_and_of_any_name(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE player (id uuid PRIMARY KEY);
        INSERT INTO player SELECT md5(n::text)::uuid FROM generate_series(1, 60) AS n;
        CREATE TABLE depot (nr int PRIMARY KEY);
        INSERT INTO depot SELECT generate_series(501, 560);
        CREATE TABLE tour (id int PRIMARY KEY, stops text NOT NULL, crew jsonb NOT NULL, load jsonb NOT NULL,
                           measures jsonb NOT NULL, note text NOT NULL);
        INSERT INTO tour SELECT n, concat(501 + n % 60, '>', 501 + n * 7 % 60),
            jsonb_build_array(md5((n % 60 + 1)::text)::uuid, md5((n % 66 + 1)::text)::uuid),
            jsonb_build_array(jsonb_build_object('depotNr', 501 + n % 60, 'kg', n), jsonb_build_object('depotNr', 502)),
            jsonb_build_array(n % 60, n % 7), 'salt, then ' || n FROM generate_series(1, 200) AS n;
        ANALYZE;
    """
    assert objects(db18, "list-of-references", sql) == {"tour.stops", "tour.crew", "tour.load"}


def test_kinds_may_be_told_by_their_values(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE invoice (id int PRIMARY KEY);
        INSERT INTO invoice SELECT generate_series(1, 50);
        CREATE TABLE contract (id int PRIMARY KEY);
        INSERT INTO contract SELECT generate_series(1, 90);
        CREATE TABLE remark (id int PRIMARY KEY, subject text NOT NULL, subject_id int NOT NULL);
        INSERT INTO remark SELECT n, CASE n % 2 WHEN 0 THEN 'invoice' ELSE 'contract' END, n % 51 + 1
        FROM generate_series(1, 300) AS n;
        CREATE TABLE change_log (id int PRIMARY KEY, subject text NOT NULL, subject_id int NOT NULL);
        INSERT INTO change_log SELECT * FROM remark;
        ANALYZE;
    """
    assert objects(db18, "polymorphic-orphans", sql) == {"remark.subject_id"}


CLOCKS = """
    CREATE TABLE scan (id uuid PRIMARY KEY, seen timestamp NOT NULL, stored timestamptz NOT NULL, reader text NOT NULL);
    INSERT INTO scan SELECT md5(n::text)::uuid, timestamp '2024-03-01' + n * interval '17 min' - n % 9 * interval '41 s'
        + {shift}, timestamptz '2024-03-01 00:00 UTC' + n * interval '17 min', 'r' || n % 2
    FROM generate_series(1, 600) AS n;
    ANALYZE scan;
"""


@pytest.mark.parametrize(
    ("shift", "fires"),
    [("n % 2 * interval '7 h'", True), ("interval '7 h'", False), ("n * 7919 % 997 * interval '1 min'", False)],
)
def test_moments_are_stored_a_while_after_they_were_seen(db18: psycopg.Connection, shift: str, *, fires: bool) -> None:
    assert bool(findings(db18, "mixed-time-zones", CLOCKS.format(shift=shift))) is fires


@pytest.mark.parametrize(("writer", "fires"), [("terminal", True), ("shift_name", False)])
def test_the_hours_of_the_day_tell_a_writer_in_another_zone(
    db18: psycopg.Connection, writer: str, *, fires: bool
) -> None:
    sql = f"""
        CREATE TABLE entry (id uuid PRIMARY KEY, passed timestamp NOT NULL, {writer} text NOT NULL);
        INSERT INTO entry SELECT md5(n::text)::uuid, date '2024-03-01' + n % 97 + interval '8 h'
            + (n * 7919 % 300 + n * 31 % 300) * interval '1 min' + n % 3 / 2 * interval '9 h', 't' || n % 3 / 2
        FROM generate_series(1, 900) AS n;
        ANALYZE entry;
    """
    assert bool(findings(db18, "mixed-time-zones", sql)) is fires


def test_a_code_tells_its_name_though_some_rows_differ(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "repeated-fact", """
        CREATE TABLE parcel (id int PRIMARY KEY, carrier_code text NOT NULL, carrier text NOT NULL, sheet int NOT NULL);
        INSERT INTO parcel SELECT n, 'c' || n % 9,
            'carrier of ' || chr(97 + n % 9) || CASE WHEN n % 40 = 0 THEN '!' ELSE '' END, n * 7919 % 31
        FROM generate_series(1, 600) AS n;
        CREATE TABLE bill (id int PRIMARY KEY, billing_address text, billing_city text, billing_postal_code text);
        INSERT INTO bill SELECT n, 'street ' || n % 59, 'city ' || n % 53, 'zip ' || n % 55
        FROM generate_series(1, 412) AS n;
        ANALYZE;
    """)  # fmt: skip
    assert (found.object, found.message) == (
        "public.parcel.carrier", "carrier_code alone tells carrier, but in a few rows otherwise",
    )  # fmt: skip


def test_a_number_that_no_key_keeps_unique_has_a_sequence_too(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE session (id uuid PRIMARY KEY, place serial, turn serial, hall int);
        INSERT INTO session SELECT md5(n::text)::uuid, n, n % 9, n % 7 FROM generate_series(1, 200) AS n;
        ANALYZE session;
    """
    assert objects(db18, "sequence-behind-column", sql) == {"session.place"}


def test_numbers_as_text_refer_by_the_name_of_a_table_or_of_its_key(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE shp_head (shp_id bigint PRIMARY KEY);
        INSERT INTO shp_head SELECT generate_series(1, 300);
        CREATE TABLE parcel (nr int PRIMARY KEY);
        INSERT INTO parcel SELECT generate_series(3001, 3300);
        CREATE TABLE event (id int PRIMARY KEY, shp_no text NOT NULL, parcel text NOT NULL, zip text NOT NULL,
                            seen_by text NOT NULL);
        INSERT INTO event SELECT n, n % 303 + 1 || ' ', lpad((3001 + n % 304)::text, 8, '0'), 100 + n % 200,
                                 3001 + n % 290 FROM generate_series(1, 600) AS n;
        ANALYZE;
    """
    assert objects(db18, "reference-as-text", sql) == {"event.shp_no", "event.parcel", "event.seen_by"}


@pytest.mark.parametrize(("blocks", "fires"), [(20_000, True), (400, False)])
def test_of_a_counted_statement_its_cost_tells_the_value(db18: psycopg.Connection, blocks: int, *, fires: bool) -> None:
    db18.execute("""
        CREATE TABLE job (id int PRIMARY KEY, state text NOT NULL);
        INSERT INTO job SELECT n, CASE WHEN n % 60 = 0 THEN 'waiting' ELSE 'done' END
        FROM generate_series(1, 6000) AS n;
        ANALYZE job;
    """)
    rule = rule_named("rare-value-without-partial-index")
    text = "SELECT id FROM job WHERE state = $1 ORDER BY id LIMIT $2"
    counted = StatementStatistics(query_id=7, text=text, calls=100, total_ms=90.0, rows=2000, blocks_hit=blocks)
    found = audit.run(replace(observe(db18, rule), statements=(counted,)), (rule,))
    assert not found.crashed
    assert bool(found.findings) is fires
