"""Counters, copies, formulas and keys by what the data tells, where no name does."""

from __future__ import annotations

import psycopg
import pytest

from rules.observing import findings

OWNER = """
    CREATE TABLE owner (id int PRIMARY KEY, surname text NOT NULL, latest_stay date, pets int NOT NULL,
                        remark_total int NOT NULL DEFAULT 0);
    INSERT INTO owner SELECT n, 'Sur' || n % 90 || 'name', NULL, 0 FROM generate_series(1, 200) AS n;
    CREATE TABLE pet (id int PRIMARY KEY, owner_id int NOT NULL REFERENCES owner, died date);
    INSERT INTO pet SELECT n, n * 7919 % 200 + 1, CASE WHEN n % 5 = 0 THEN date '2024-01-01' + n END
    FROM generate_series(1, 600) AS n WHERE n * 7919 % 11 > 3;
    CREATE TABLE stay (id int PRIMARY KEY, pet_id int NOT NULL REFERENCES pet, began date NOT NULL,
                       owner_surname text NOT NULL);
    INSERT INTO stay SELECT row_number() OVER (), p.id, date '2024-01-01' + (p.id * 31 + i * 17) % 300, o.surname
    FROM pet AS p JOIN owner AS o ON o.id = p.owner_id, generate_series(1, p.id % 4) AS i;
    CREATE TABLE remark (id int PRIMARY KEY, subject_type text NOT NULL, subject_id int NOT NULL);
    INSERT INTO remark SELECT n, CASE WHEN n % 3 = 0 THEN 'pet' ELSE 'owner' END, (n * n) % 97 + 1
    FROM generate_series(1, 700) AS n;
    UPDATE owner SET
        pets = (SELECT count(*) FROM pet WHERE owner_id = owner.id AND died IS NULL),
        latest_stay = (SELECT max(began) FROM stay JOIN pet ON pet.id = pet_id WHERE owner_id = owner.id),
        remark_total = (SELECT count(*) FROM remark WHERE subject_type = 'owner' AND subject_id = owner.id);
"""
DRIFT = """
    UPDATE owner SET pets = pets + 1, latest_stay = latest_stay - 9 WHERE id IN (20, 40, 60);
    UPDATE owner SET remark_total = remark_total + 2 WHERE id IN (5, 7);
    UPDATE owner SET surname = 'Married' WHERE id IN (33, 66);
"""


def objects(conn: psycopg.Connection, rule: str, sql: str) -> set[str]:
    return {finding.object.removeprefix("public.") for finding in findings(conn, rule, sql + "; ANALYZE")}


@pytest.mark.parametrize("drift", ["", DRIFT])
def test_counters_by_kind_by_what_is_left_and_across_two_levels(db18: psycopg.Connection, drift: str) -> None:
    expected = {"owner.pets", "owner.latest_stay", "owner.remark_total"} if drift else set[str]()
    assert objects(db18, "drifted-counter", OWNER + drift) == expected


@pytest.mark.parametrize("drift", ["", DRIFT])
def test_copies_of_what_the_row_in_between_refers_to(db18: psycopg.Connection, drift: str) -> None:
    assert objects(db18, "drifted-copy", OWNER + drift) == ({"stay.owner_surname"} if drift else set[str]())


def test_a_few_large_numbers_are_no_chance(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE skill (id int PRIMARY KEY, held_by int NOT NULL);
        INSERT INTO skill SELECT n, 0 FROM generate_series(1, 6) AS n;
        CREATE TABLE certificate (id int PRIMARY KEY, skill_id int NOT NULL REFERENCES skill);
        INSERT INTO certificate SELECT n, 1 + floor(sqrt(n))::int % 6 FROM generate_series(1, 1500) AS n;
        UPDATE skill SET held_by = (SELECT count(*) FROM certificate WHERE skill_id = skill.id);
        UPDATE skill SET held_by = held_by + 9 WHERE id = 4
    """
    assert objects(db18, "drifted-counter", sql) == {"skill.held_by"}


def test_constants_of_many_digits_days_months_totals_and_rates(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE haul (id int PRIMARY KEY, kg numeric(6,2), lb numeric(6,1), km int NOT NULL, miles int NOT NULL,
                           left_at timestamptz NOT NULL, back_at timestamptz NOT NULL, pace numeric(6,1),
                           permit date NOT NULL, permit_ends date NOT NULL, term int NOT NULL, renewal date NOT NULL,
                           seen date NOT NULL);
        INSERT INTO haul SELECT n, round(n * 7919 % 5000 / 77.0, 2), 0, 1000 + n * 104729 % 600000, 0,
            timestamptz '2024-01-01 00:00+00' + n * interval '7 hours',
            timestamptz '2024-01-01 00:00+00' + n * interval '7 hours' + (n * 31 % 400 + 20) * interval '1 minute',
            0, date '2020-01-01' + n * 13 % 900, '2020-01-01', (ARRAY[6, 12, 24])[1 + n % 3], '2020-01-01',
            date '2021-01-01' + n * 7919 % 1000
        FROM generate_series(1, 500) AS n;
        UPDATE haul SET lb = round(kg * 2.20462, 1), miles = floor(km * 0.621371), permit_ends = permit + 1825,
            pace = round((km % 900 / (extract(epoch FROM back_at - left_at) / 3600))::numeric, 1),
            renewal = (permit + term * interval '1 month')::date;
        ALTER TABLE haul ADD trip_km int;
        UPDATE haul SET trip_km = km % 900;
        UPDATE haul SET lb = lb + 3, miles = miles + 50, permit_ends = permit_ends + 2, renewal = renewal + 40,
                        pace = pace + 9 WHERE id IN (50, 250)
    """
    expected = {"haul.lb", "haul.miles", "haul.permit_ends", "haul.renewal"}
    found = objects(db18, "derived-column", sql)
    assert expected < found <= expected | {"haul.pace", "haul.trip_km"}


def test_totals_of_columns_side_by_side_and_of_what_is_empty(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE plan (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL, c int NOT NULL, d int NOT NULL,
                           e int NOT NULL, whole int NOT NULL);
        INSERT INTO plan SELECT n, n * 7 % 90, n * 11 % 80, n * 13 % 70, n * 17 % 60, n * 19 % 50, 0
        FROM generate_series(1, 300) AS n;
        UPDATE plan SET whole = a + b + c + d + e;
        CREATE TABLE bill (id int PRIMARY KEY, toll numeric(8, 2), fuel numeric(8, 2) NOT NULL, sum numeric(8, 2));
        INSERT INTO bill SELECT n, CASE WHEN n % 3 > 0 THEN n * 7 % 90 END, n * 11 % 83, 0
        FROM generate_series(1, 300) AS n;
        UPDATE bill SET sum = coalesce(toll, 0) + fuel
    """
    assert objects(db18, "derived-column", sql) == {"plan.whole", "bill.sum"}


@pytest.mark.parametrize(("first", "fires"), [(1, True), (7, False)])
def test_a_sequence_in_steps_is_behind_where_it_meets_a_row(
    db18: psycopg.Connection, first: int, *, fires: bool
) -> None:
    sql = f"""
        CREATE TABLE permit (id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 50) PRIMARY KEY);
        INSERT INTO permit SELECT {first} + 50 * n FROM generate_series(0, 40) AS n
    """
    assert bool(objects(db18, "sequence-behind-column", sql)) is fires


@pytest.mark.parametrize(("places", "expected"), [("n % 7", {"leg"}), ("n * n % 7", set[str]())])
def test_three_columns_that_are_a_key_together(db18: psycopg.Connection, places: str, expected: set[str]) -> None:
    sql = f"""
        CREATE TABLE leg (id int PRIMARY KEY, route_no int NOT NULL, part int NOT NULL, day date NOT NULL);
        INSERT INTO leg SELECT n + 1, n / 7 % 60, {places}, date '2024-01-01' + n / 420
        FROM generate_series(0, 2999) AS n;
        INSERT INTO leg SELECT id + 5000, route_no, part, day FROM leg WHERE id IN (50, 1050)
    """
    assert objects(db18, "duplicate-natural-key", sql) == expected


def test_attributes_as_rows_by_their_values(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE tier (id int PRIMARY KEY);
        INSERT INTO tier SELECT generate_series(1, 100);
        CREATE TABLE befund (id int PRIMARY KEY, tier_id int NOT NULL REFERENCES tier, merkmal text NOT NULL,
                             wert text);
        INSERT INTO befund SELECT n, n % 100 + 1, (ARRAY['gewicht', 'impfung', 'farbe'])[1 + n % 3],
            (ARRAY[n::text, (date '2024-01-01' + n % 90)::text, 'braun'])[1 + n % 3] FROM generate_series(1, 600) AS n;
        CREATE TABLE angabe (tier_id int NOT NULL REFERENCES tier, was text NOT NULL, txt text, zahl numeric, tag date);
        INSERT INTO angabe SELECT n % 100 + 1, (ARRAY['farbe', 'wert', 'seit'])[1 + n % 3],
            CASE n % 3 WHEN 0 THEN 'blau' END, CASE n % 3 WHEN 1 THEN n END,
            CASE n % 3 WHEN 2 THEN date '2024-01-01' END
        FROM generate_series(1, 300) AS n;
        CREATE TABLE bezeichnung (tier_id int NOT NULL REFERENCES tier, sprache text NOT NULL, wort text NOT NULL);
        INSERT INTO bezeichnung SELECT n % 100 + 1, (ARRAY['de', 'fr', 'it'])[1 + n % 3], 'wort ' || n
        FROM generate_series(1, 600) AS n
    """
    assert objects(db18, "entity-attribute-value", sql) == {"befund", "angabe"}


def test_a_column_for_each_month_or_year(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE budget (id int PRIMARY KEY, ene int, feb int, mar int, abr int, may int, jun int);
        CREATE TABLE usage (id int PRIMARY KEY, kwh_2021 int, kwh_2022 int, kwh_2023 int);
        CREATE TABLE paper (id int PRIMARY KEY, iso_2008 text, iso_2015 text, iso_2022 text, mar text, dec int)
    """
    assert objects(db18, "numbered-columns", sql) == {"budget", "usage"}


def test_a_month_is_no_id_that_an_unowned_sequence_may_serve(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE turnover (month int PRIMARY KEY, amount numeric);
        CREATE SEQUENCE running;
        CREATE TABLE request (id int PRIMARY KEY DEFAULT nextval('running'))
    """
    assert objects(db18, "sequence-without-owner", sql) == {"running"}


def test_states_that_leave_it_open_contradict_nothing(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE loan (id int PRIMARY KEY, state text NOT NULL, back_on date, note text, reason text);
        INSERT INTO loan SELECT n, (ARRAY['out', 'back', 'lost'])[1 + n % 3],
            CASE WHEN n % 3 = 1 OR n % 6 = 2 THEN date '2024-01-01' + n END, CASE WHEN n % 9 = 0 THEN 'note' END,
            CASE WHEN n % 3 = 2 AND n % 7 > 0 THEN 'stolen' END
        FROM generate_series(1, 900) AS n;
        UPDATE loan SET back_on = NULL WHERE id IN (1, 4)
    """
    assert objects(db18, "contradicting-state", sql) == {"loan.back_on"}


def test_shares_squares_and_other_letters(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE player (id int PRIMARY KEY, handle text NOT NULL, folded text NOT NULL, town text NOT NULL,
                             kg int NOT NULL, cm int NOT NULL, mass_index numeric(5,1), home int, away int, gap int);
        INSERT INTO player SELECT n, 'Ab' || n * 37 % 501 || 'Xy', 'ab' || n * 37 % 501 || 'xy', 'Town ' || n % 40,
            50 + n * 7919 % 60, 150 + n * 31 % 50, 0, n * 13 % 17, n * 29 % 19, 0 FROM generate_series(1, 400) AS n;
        UPDATE player SET mass_index = round(kg / (cm / 100.0) ^ 2, 1), gap = abs(home - away);
        UPDATE player SET folded = 'other', mass_index = mass_index + 4, gap = gap + 1 WHERE id IN (7, 90)
    """
    assert objects(db18, "derived-column", sql) == {"player.folded", "player.mass_index", "player.gap"}
