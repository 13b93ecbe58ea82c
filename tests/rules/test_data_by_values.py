"""What values say where no name does: each defect beside what looks like it and is none."""

from __future__ import annotations

import psycopg
import pytest

from rules.observing import findings, measured


def _said(conn: psycopg.Connection, rule: str, sql: str = "") -> dict[str, str]:
    """The message of each finding, by the part of its object behind the schema."""
    return {f.object.removeprefix("public."): f.message for f in findings(conn, rule, sql)}


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ("to_char(date '2023-05-28' + n, 'DD.MM.YYYY')", "date"),
        ("to_char(date '2023-05-28' + n, 'FMMM/FMDD/YYYY')", "date"),
        ("to_char(date '2023-05-28' + n, 'YYYYMMDD')", "date"),
        ("to_char(date '2023-05-28' + n, 'FMMonth FMDD, YYYY')", "date"),
        ("to_char(timestamp '2023-05-28 07:10' + n * interval '7 h', 'DD/MM/YYYY HH24:MI')", "timestamp"),
        ("translate(to_char(n * 137.5, 'FM999,990.00'), ',.', '.,')", "numeric"),
        ("(20 + n % 60) || ' ' || lpad((n * 37 % 1000)::text, 3, '0') || ' €'", "numeric"),
        ("to_char(date '2023-05-28' + n, 'DD/MM/YY')", "date"),
        ("'PT' || n || 'M'", "interval"),
        ("(ARRAY['10%', '20%', '0%'])[n % 3 + 1]", "numeric"),
        ("'10.0.' || n % 3 || '.' || n", "inet"),
        ("to_char(time '06:00' + n * interval '7 min', 'HH24:MI')", "time"),
        ("CASE n % 3 WHEN 0 THEN 'tak' ELSE 'nie' END", "boolean"),
    ],
)
def test_types_as_people_write_them(db18: psycopg.Connection, values: str, type_: str) -> None:
    sql = f"""CREATE TABLE t (id int PRIMARY KEY, reading text);
              INSERT INTO t SELECT n, {values} FROM generate_series(1, 200) AS n;
              UPDATE t SET reading = 'brak' WHERE id = 7; ANALYZE;"""
    (found,) = findings(db18, "typed-values-in-text", sql)
    assert (measured(found)[f"values of type {type_}"], measured(found)["not castable"]) == (199, 1)


@pytest.mark.parametrize(
    "values",
    [
        "'1.' || n % 12",
        "(20230000 + n * 3)::text",
        "n % 40 || '/' || n % 7",
        "'501 ' || 100 + n % 800 || ' ' || 100 + n * 7 % 800",
        "(n % 6) || ':' || n % 5",
    ],
)
def test_what_only_looks_so(db18: psycopg.Connection, values: str) -> None:
    sql = f"""CREATE TABLE t (id int PRIMARY KEY, reading text);
              INSERT INTO t SELECT n, {values} FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert findings(db18, "typed-values-in-text", sql) == ()


def test_a_slip_with_two_points_makes_no_versions_of_prices(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, reading text);
             INSERT INTO t SELECT n, to_char(n * 7919 % 90 * 1.37 + 2, 'FM9990.00') FROM generate_series(1, 300) AS n;
             UPDATE t SET reading = '1.2.3' WHERE id % 90 = 7; ANALYZE;"""
    (found,) = findings(db18, "typed-values-in-text", sql)
    assert measured(found)["not castable, for example"] == ("7: 1.2.3", "97: 1.2.3", "187: 1.2.3", "277: 1.2.3")


def test_a_column_that_spells_its_gaps_is_not_always_filled(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, zip text, town text);
             INSERT INTO t SELECT n, CASE WHEN n % 150 > 0 THEN 'Z' || n * 7 ELSE '' END, 'town ' || n % 90
             FROM generate_series(1, 600) AS n; ANALYZE;"""
    assert _said(db18, "nullable-never-null", sql) == {"t.town": "may be empty, and never is: town"}


def test_a_day_that_its_month_has_not_is_not_castable(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, reading text);
             INSERT INTO t SELECT n, to_char(date '2024-01-01' + n, 'DD.MM.YYYY')
             FROM generate_series(1, 100) AS n;
             UPDATE t SET reading = '31.04.2024' WHERE id = 7; ANALYZE;"""
    (found,) = findings(db18, "typed-values-in-text", sql)
    assert measured(found)["not castable, for example"] == ("7: 31.04.2024",)


RANGES = """
    CREATE TABLE trip (id int PRIMARY KEY, booked_at timestamptz, off_at timestamptz NOT NULL, on_at timestamptz,
                       invoiced_on date, due_on date, settled_on date, opens time, shuts time, area_whole int,
                       area_built int, bytes_up bigint, ping int, wetness numeric, surplus int, warmth numeric,
                       built_year int, on_hand int, reserved int, filled numeric);
    INSERT INTO trip
    SELECT n, m - interval '1 day', m, CASE WHEN n % 9 > 0 THEN m + (2 + r(n, 5) / 10.0) * interval '1 h' END,
           m::date, m::date + 14, m::date + r(n, 1) % 15, time '08:00' + r(n, 2) % 40 * interval '15 min',
           time '08:20' + (r(n, 2) % 40 * 15 + r(n, 7) % 30) * interval '1 min', 80 + r(n, 3),
           (80 + r(n, 3)) * r(n, 4) / 100, r(n, 5) * 1000, 5 + r(n, 6), r(n, 8), r(n, 9) - 3,
           (r(n, 10) + r(n, 11) + r(n, 12)) / 10.0 - 3, 1920 + r(n, 13),
           r(n, 14), r(n, 14) * r(n, 15) / 100, r(n, 16) / 100.0
    FROM (SELECT n, timestamptz '2024-01-01' + n * interval '3 h' AS m FROM generate_series(1, 1000) AS n) AS s;
    UPDATE trip SET on_at = off_at - interval '3 h', shuts = opens - interval '1 h', area_built = area_whole + 5,
                    bytes_up = -bytes_up - 1, ping = -40, wetness = 104, built_year = 19740,
                    reserved = on_hand + 3, filled = 1.7 WHERE id IN (17, 400, 800);
    UPDATE trip SET settled_on = due_on + id % 9 + 1 WHERE id % 150 = 0;
    ANALYZE trip;
"""
SPREAD = """
    CREATE FUNCTION r(n int, salt int) RETURNS int IMMUTABLE LANGUAGE sql
    AS $$ SELECT ('x' || substr(md5(n || '/' || salt), 1, 6))::bit(24)::int % 101 $$;
"""  # 0 to 100


def test_orders_and_ends_that_a_few_rows_break(db18: psycopg.Connection) -> None:
    """A late payment, a negative surplus and a cold day are no slips."""
    found = _said(db18, "value-out-of-range", SPREAD + RANGES)
    assert found == {
        "trip.on_at": "is below off_at in some rows",
        "trip.shuts": "is below opens in some rows",
        "trip.area_whole": "is below area_built in some rows",
        "trip.bytes_up": "should be at least 0, and is not in some rows",
        "trip.ping": "should be at least 0, and is not in some rows",
        "trip.on_hand": "is below reserved in some rows",
        "trip.filled": "should be 0 to 1, and is not in some rows",
        "trip.built_year": "should be 1500 to 2200, and is not in some rows",
        "trip.wetness": "should be 0 to 100, and is not in some rows",
    }


KEYS = """
    CREATE TABLE site (id int PRIMARY KEY);
    INSERT INTO site SELECT generate_series(1, 60);
    CREATE TABLE reading (id int PRIMARY KEY, site_id int NOT NULL REFERENCES site, at timestamptz NOT NULL,
                          docket text, person text, contact text, remark text, drawn text UNIQUE, handle text UNIQUE,
                          mark text UNIQUE);
    INSERT INTO reading
    SELECT n, n % 60 + 1, timestamptz '2024-01-01' + n / 60 * interval '1 h',
           'B-' || chr(65 + n % 26) || ' ' || 1000 + n,
           4711000000 + n * 7919, '+44 20 ' || 7000000 + n * 37, 'seen by ' || md5(n::text),
           translate(encode(decode(md5(n::text), 'hex'), 'base64'), '/+=', 'aZ'), 'Dark' || initcap(s) || n, 'M-' || n
    FROM generate_series(0, 1199) AS n CROSS JOIN LATERAL (SELECT (ARRAY['wolf', 'mage', 'fox'])[n % 3 + 1] AS s) AS l;
    UPDATE reading SET site_id = 7, at = '2024-01-01 05:00+00' WHERE id IN (500, 700);
    UPDATE reading SET docket = 'B-X 2000' WHERE id IN (11, 71);
    UPDATE reading SET handle = 'darkwolf3' WHERE id = 90;
    UPDATE reading SET mark = 'M-8 ' WHERE id = 91;
    ANALYZE;
"""


def test_keys_that_no_name_tells(db18: psycopg.Connection) -> None:
    db18.execute(KEYS.encode())
    assert _said(db18, "duplicate-natural-key") == {
        "reading.docket": "a few of its values occur in more than one row",
        "reading.at": "has another value in each row of one site_id, but in a few rows the same",
    }
    assert {*_said(db18, "undeclared-unique-key")} == {"reading.person"}
    assert {*_said(db18, "key-alike-but-for-case")} == {"reading.handle", "reading.mark"}


def test_a_year_does_not_explain_one_duplicate(db18: psycopg.Connection) -> None:
    """Two rows of seventy years are hardly ever of the same one."""
    sql = """CREATE TABLE book (id int PRIMARY KEY, year int NOT NULL, barcode text NOT NULL);
             INSERT INTO book SELECT n, 1950 + n % 70, 'B' || n FROM generate_series(1, 400) AS n;
             UPDATE book SET barcode = 'B9' WHERE id = 110; ANALYZE;"""
    assert {*_said(db18, "duplicate-natural-key", sql)} == {"book.barcode"}


def test_a_placeholder_that_recurs_is_no_key(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE person (id int PRIMARY KEY, email text);
             INSERT INTO person SELECT n, CASE WHEN n % 20 = 0 THEN 'x@x.x' ELSE 'p' || n || '@mail.org' END
             FROM generate_series(1, 400) AS n; ANALYZE;"""
    assert findings(db18, "duplicate-natural-key", sql) == ()
    db18.execute("UPDATE person SET email = 'p7@mail.org' WHERE id = 8; ANALYZE")
    (found,) = findings(db18, "duplicate-natural-key")
    assert measured(found)["rows too many"] == 1


def test_placeholders_that_are_in_no_list(db18: psycopg.Connection) -> None:
    """What stands out of a column of nearly unique values, and is not made like them."""
    sql = """CREATE TABLE person (id int PRIMARY KEY, contact text, zone text, built_year int, until date,
                                  worth numeric,
                                  price numeric, level int, avatar text);
             INSERT INTO person SELECT n, '+48 5' || 10000000 + n * 7919,
                                       lpad((n * 37 % 900)::text, 5, '1') || '-' || n,
                                       1950 + n % 70, date '2024-03-05' + n, n * 1.5,
                                       (ARRAY[0.99, 1.99, 2.99, 9.99, 3.5, 2.25])[n % 6 + 1], n % 90, 'u' || n || '.png'
             FROM generate_series(1, 400) AS n;
             UPDATE person SET contact = 'nie podano', zone = '00000-000', built_year = 0, until = '2090-12-31',
                               worth = 9999999.99, level = 99, avatar = 'none.png' WHERE id % 20 = 0; ANALYZE;"""
    found = {*_said(db18, "sentinel-value", sql)}
    assert found == {f"person.{name}" for name in ("contact", "zone", "built_year", "until", "worth")}


def test_slips_accents_and_points_are_spellings(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE leave (id int PRIMARY KEY, status text, kind text, title text, memo text);
             INSERT INTO leave SELECT n, (ARRAY['delivered', 'returned', 'pending'])[n % 3 + 1],
                                      (ARRAY['Congés payés', 'Maladie'])[n % 2 + 1], (ARRAY['Mme', 'M.'])[n % 2 + 1],
                                      (ARRAY['as agreed', 'as agreed.'])[n % 2 + 1]
             FROM generate_series(1, 300) AS n;
             UPDATE leave SET status = 'deliverd', kind = 'Conges payes', title = 'Mme.' WHERE id = 8; ANALYZE;"""
    assert {*_said(db18, "spelling-drift", sql)} == {"leave.status", "leave.kind", "leave.title"}


def test_one_password_for_all_is_not_shown(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE staff (id int PRIMARY KEY, password_hash text NOT NULL, legacy_flag text, is_active text);
             INSERT INTO staff SELECT n, 'e10adc3949ba59abbe56e057f20f883e', 'MIGRATED', 'Y'
             FROM generate_series(1, 200) AS n; ANALYZE;"""
    secret, flag = findings(db18, "constant-column", sql)
    assert "e10adc" not in f"{secret.message}{secret.evidence}"
    assert flag.object == "public.staff.legacy_flag"


def test_days_that_are_always_the_same_are_copies(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE fine (id int PRIMARY KEY, written_on date, drawn_up date,
                                created_at timestamptz DEFAULT now(),
                                updated_at timestamptz DEFAULT now(), due_on date, state text, status_copy text);
             INSERT INTO fine SELECT n, d, d, d, d, d, s, s FROM generate_series(1, 300) AS n CROSS JOIN LATERAL
             (SELECT date '2024-01-01' + n % 90 AS d, (ARRAY['new', 'paid', 'void'])[n % 3 + 1] AS s) AS l; ANALYZE;"""
    assert {*_said(db18, "duplicate-column", sql)} == {"fine.drawn_up", "fine.status_copy"}


def test_sentences_that_a_program_filled_in(db18: psycopg.Connection) -> None:
    """Prose, addresses and names of things share words too."""
    sql = """CREATE TABLE alarm (id int PRIMARY KEY, said text, fields text, sender text, prose text,
                                 address text, thing text, agent text);
             INSERT INTO alarm
             SELECT n, 'Sensor T-' || n % 60 || ' exceeded ' || 80 + n % 17 || '.5 C (limit ' || 75 + n % 3 || ')',
                    'A' || n % 7 || '|' || date '2024-01-01' + n || '|EUR', 'Amy Hill <a' || n || '@x.org>',
                    (ARRAY['the guard called', 'the pump', 'nobody saw', 'it was'])[n % 4 + 1]
                    || (ARRAY[' again', ' and went off', ' at night', ', says he', ''])[n % 5 + 1] || '. Row ' || n,
                    'Mill Lane ' || n || ', ' || 10000 + n || ' York',
                    (ARRAY['Apple iPhone ', 'Bosch Drill '])[n % 2 + 1] || n,
                    'Mozilla/5.0 (X11; Linux x86_64) like Gecko Chrome/' || n || ' Safari/' || n
             FROM generate_series(1, 200) AS n; ANALYZE;"""
    found = {f.object: measured(f)["texts of this form"] for f in findings(db18, "metadata-in-text", sql)}
    assert found == {f"public.alarm.{name}": 200 for name in ("said", "fields", "sender")}


def test_json_in_a_text_has_keys_too(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE player (id int PRIMARY KEY, profile text);
             INSERT INTO player SELECT n, json_build_object('xp', n, 'title', 'T' || n % 9)::text
             FROM generate_series(1, 200) AS n; ANALYZE;"""
    (found,) = findings(db18, "json-key-as-column", sql)
    assert (measured(found)["keys"], found.remedy) == (("title", "xp"), ())


def test_lists_under_any_name(db18: psycopg.Connection) -> None:
    """Items that recur, now first and now behind another; a city and its country keep their places."""
    sql = """CREATE TABLE film (id int PRIMARY KEY, listed_in text, sorted_as text, place text, flags text);
             INSERT INTO film
             SELECT n, g[n % 5 + 1] || CASE WHEN n % 3 > 0 THEN ', ' || g[n / 5 % 5 + 1] ELSE '' END,
                    (ARRAY['Hill', 'Park', 'Reed'])[n % 3 + 1] || ', ' || (ARRAY['Amy', 'Bob'])[n % 2 + 1],
                    (ARRAY['Oslo', 'Bern', 'Graz'])[n % 3 + 1] || ', ' || (ARRAY['Norway', 'Austria'])[n % 2 + 1],
                    (ARRAY['roof', 'pump'])[n % 2 + 1] || CASE WHEN n % 3 = 0 THEN '|hot' ELSE '' END
                    || repeat('|north', n % 2) || repeat('|wet', n % 5 / 3)
             FROM generate_series(1, 300) AS n,
                  (VALUES (ARRAY['Dramas', 'TV Movies', 'Comedies', 'Kids', 'Docuseries'])) AS v(g); ANALYZE;"""
    assert {*_said(db18, "list-in-text", sql)} == {"film.listed_in", "film.flags"}


def test_midnights_want_a_date(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE staff (id int PRIMARY KEY, born timestamp, seen timestamp);
             INSERT INTO staff SELECT n, date '1980-01-01' + n, timestamp '2024-01-01' + n * interval '7 h'
             FROM generate_series(1, 100) AS n; ANALYZE;"""
    found = {f.object: f.advice for f in findings(db18, "timestamp-without-time-zone", sql)}
    assert {*found} == {"public.staff.born", "public.staff"}
    assert "make it a date" in found["public.staff.born"]


def test_empty_texts_are_no_values(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE place (id int PRIMARY KEY, line_2 text, line_3 text);
             INSERT INTO place SELECT n, CASE WHEN n > 4 THEN '' END, CASE WHEN n > 4 THEN '' ELSE 'x' || n END
             FROM generate_series(1, 600) AS n; ANALYZE;"""
    (found,) = findings(db18, "column-always-null", sql)
    assert measured(found)["columns"] == ("line_2",)
