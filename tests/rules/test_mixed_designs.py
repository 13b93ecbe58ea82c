"""Designs of grown systems: what looks like a defect and is none, and defects that look like none."""

from __future__ import annotations

import psycopg

from rules.observing import findings, measured


def test_a_total_is_that_of_the_rows_with_which_most_agree(db: psycopg.Connection) -> None:
    (found,) = findings(db, "drifted-counter", """
        CREATE TABLE faktura (id bigint PRIMARY KEY, razem numeric(10,2) NOT NULL DEFAULT 0);
        INSERT INTO faktura SELECT generate_series(1, 300);
        CREATE TABLE pozycja (id bigint PRIMARY KEY, faktura_id bigint NOT NULL REFERENCES faktura,
                              cena numeric(8,2) NOT NULL, ile int NOT NULL);
        CREATE INDEX ON pozycja (faktura_id);
        INSERT INTO pozycja SELECT n, (n + 1) / 2, 2 + n * 37 % 113 / 10.0, 1 + n * n % 7
        FROM generate_series(1, 600) AS n;
        UPDATE faktura SET razem = (SELECT sum(cena * ile) FROM pozycja WHERE faktura_id = faktura.id);
        UPDATE faktura SET razem = razem + 5 WHERE id % 50 = 7;
        CREATE TABLE wplata (id bigint PRIMARY KEY, faktura_id bigint NOT NULL REFERENCES faktura,
                             kwota numeric(10,2) NOT NULL);
        CREATE INDEX ON wplata (faktura_id);
        INSERT INTO wplata SELECT id, id, CASE WHEN id % 8 = 3 THEN razem / 2 ELSE razem END FROM faktura;
        ANALYZE;
    """)  # fmt: skip
    assert measured(found)["counts"] == "sum of cena * ile"
    assert measured(found)["differing"] == 6


def test_levels_are_no_list(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE parish (code text PRIMARY KEY, nuts1 text NOT NULL, nuts2 text NOT NULL, nuts3 text NOT NULL);
        INSERT INTO parish SELECT 'P' || n, 'PT' || n % 2, 'PT' || n % 2 || n % 6, 'PT' || n % 2 || n % 6 || n % 30
        FROM generate_series(1, 200) AS n;
        CREATE TABLE member (id int PRIMARY KEY, phone1 text, phone2 text, phone3 text);
        INSERT INTO member
        SELECT n, '9' || n, CASE WHEN n % 3 = 0 THEN '2' || n END, CASE WHEN n % 9 = 0 THEN '3' || n END
        FROM generate_series(1, 200) AS n;
        ANALYZE;
    """
    assert [f.object for f in findings(db, "numbered-columns", sql)] == ["public.member"]


def test_two_clocks_of_one_day_are_no_summer_time(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE weighing (id int PRIMARY KEY, scale int NOT NULL, read_at timestamp NOT NULL,
                               received_at timestamptz NOT NULL);
        INSERT INTO weighing
        SELECT n, n % 9, t AT TIME ZONE 'UTC' + CASE WHEN {local} THEN interval '1 hour' ELSE interval '0' END, t
        FROM (SELECT n, timestamptz '2024-02-02 06:30+00' + n * interval '2 hours' AS t
              FROM generate_series(1, 900) AS n) AS x;
        ANALYZE weighing;
    """
    found = findings(db, "mixed-time-zones", sql.format(local="n % 9 < 6"))
    assert [f.object for f in found] == ["public.weighing.read_at"]
    db.execute("DROP TABLE weighing")
    assert not findings(db, "mixed-time-zones", sql.format(local="t >= '2024-03-31'"))


def test_limits_in_other_words(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE bereich (id int PRIMARY KEY, unten numeric(8,3) NOT NULL, oben numeric(8,3) NOT NULL);
        INSERT INTO bereich SELECT n, u, u + 0.5 + n * 53 % 400 / 10.0
        FROM (SELECT n, n * 31 % 600 / 10.0 AS u FROM generate_series(1, 500) AS n) AS x;
        UPDATE bereich SET unten = oben, oben = unten WHERE id IN (77, 203, 341);
        ANALYZE bereich;
    """
    assert [f.object for f in findings(db, "value-out-of-range", sql)] == ["public.bereich.oben"]


def test_the_plural_of_another_language_lists_ids(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE rejon (id bigint PRIMARY KEY, nazwa text NOT NULL);
        INSERT INTO rejon SELECT n, 'Rejon ' || n FROM generate_series(1, 150) AS n;
        CREATE TABLE trasa (id bigint PRIMARY KEY, rejony text NOT NULL, uwagi text);
        INSERT INTO trasa SELECT n, concat_ws(';', n, n + 7, n + 20), 'brama do ' || n || ', potem dzwonic'
        FROM generate_series(1, 110) AS n;
        ANALYZE;
    """
    assert [f.object for f in findings(db, "list-of-references", sql)] == ["public.trasa.rejony"]


def test_a_message_is_kept_as_it_went(db: psycopg.Connection) -> None:
    sql = r"""
        CREATE TABLE sent (id int PRIMARY KEY, hl7 text NOT NULL, line text NOT NULL);
        INSERT INTO sent SELECT n, 'MSH|^~\&|LIS|LAB|KIS|' || n || '|ORU^R01', 'LIS|LAB|KIS|' || n || '|ORU'
        FROM generate_series(1, 200) AS n;
        ANALYZE sent;
    """
    assert [f.object for f in findings(db, "metadata-in-text", sql)] == ["public.sent.line"]


def test_a_few_devices_with_serial_numbers(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE geraet (id int PRIMARY KEY, serien_nr text NOT NULL, note text);
        INSERT INTO geraet SELECT n, 'SN' || upper(substr(md5(n::text), 1, 9)), 'x' FROM generate_series(1, 90) AS n;
        ANALYZE geraet;
    """
    assert [f.object for f in findings(db, "undeclared-unique-key", sql)] == ["public.geraet.serien_nr"]


def test_a_number_that_begins_anew_belongs_to_no_column(db: psycopg.Connection) -> None:
    sql = """
        CREATE SEQUENCE label_no MAXVALUE 999 CYCLE;
        CREATE TABLE label (id int PRIMARY KEY, label_no int NOT NULL DEFAULT nextval('label_no'));
    """
    assert not findings(db, "sequence-without-owner", sql)


def test_what_is_moved_may_come_back(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE tank (id int PRIMARY KEY);
        INSERT INTO tank SELECT generate_series(1, 84);
        CREATE TABLE transfer (id int PRIMARY KEY, from_id int NOT NULL REFERENCES tank,
                               to_id int NOT NULL REFERENCES tank, done_at timestamptz NOT NULL);
        CREATE INDEX ON transfer (from_id); CREATE INDEX ON transfer (to_id);
        INSERT INTO transfer SELECT n, 1 + n % 84, 1 + (n + 1 + n % 5) % 84, now() - n * interval '6 hours'
        FROM generate_series(1, 1100) AS n;
        ANALYZE;
    """
    assert not findings(db, "cycle-in-hierarchy", sql)


def test_a_copy_that_stayed_is_told_once(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE patient (id int PRIMARY KEY, code char(14) NOT NULL, ward text);
        INSERT INTO patient SELECT n, 'RM' || n, NULL FROM generate_series(1, 900) AS n;
        CREATE TABLE patient_bak_20230907 AS SELECT * FROM patient;
        ANALYZE;
    """
    assert [f.object for f in findings(db, "left-over-table", sql)] == ["public.patient_bak_20230907"]
    assert [f.object for f in findings(db, "column-always-null")] == ["public.patient"]
    assert [f.object for f in findings(db, "undeclared-unique-key")] == ["public.patient.code"]


def test_a_log_without_keys_outlives_what_it_names(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE customer (id int PRIMARY KEY);
        CREATE TABLE customer_address (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer);
        INSERT INTO customer SELECT generate_series(1, 100);
        CREATE TABLE event_log (id int PRIMARY KEY, customer_id int, what text NOT NULL);
        INSERT INTO event_log SELECT n, 1 + n % 102, 'x' FROM generate_series(1, 500) AS n;
        CREATE TABLE catalog (id int PRIMARY KEY, customer_id int, what text NOT NULL);
        INSERT INTO catalog SELECT n, 1 + n % 102, 'x' FROM generate_series(1, 500) AS n;
        ANALYZE;
    """
    assert [f.object for f in findings(db, "missing-foreign-key", sql)] == ["public.catalog.customer_id"]
    keyless = [f.object for f in findings(db, "missing-foreign-key", "DROP TABLE customer_address")]  # nobody has any
    assert keyless == ["public.catalog.customer_id", "public.event_log.customer_id"]


def test_variants_of_models_are_no_slips(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE meter (id int PRIMARY KEY, model text NOT NULL, state text NOT NULL);
        INSERT INTO meter
        SELECT n, (ARRAY['MC603', 'UH50', 'Sharky'])[1 + n % 3] || CASE WHEN n % 40 = 0 THEN 'x' ELSE '' END,
               CASE WHEN n % 90 = 0 THEN 'workingg' WHEN n % 3 = 0 THEN 'stopped' ELSE 'working' END
        FROM generate_series(1, 1600) AS n;
        ANALYZE meter;
    """
    assert [f.object for f in findings(db, "spelling-drift", sql)] == ["public.meter.state"]


def test_settings_hold_values_of_every_kind(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE ayar (anahtar text PRIMARY KEY, deger text NOT NULL);
        INSERT INTO ayar SELECT 'a.' || n, CASE n % 3 WHEN 0 THEN 'true' WHEN 1 THEN (n * 60)::text
                                           ELSE 'smtp' || n || '.example' END
        FROM generate_series(1, 64) AS n;
        ANALYZE ayar;
    """
    assert not findings(db, "sentinel-value", sql)


def test_a_copy_whose_comment_says_it_is_of_its_time(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE examiner (id int PRIMARY KEY, full_name text NOT NULL);
        INSERT INTO examiner SELECT n, 'Examiner ' || n FROM generate_series(1, 60) AS n;
        CREATE TABLE verdict (id int PRIMARY KEY, examiner_id int NOT NULL REFERENCES examiner, examiner_name text);
        CREATE INDEX ON verdict (examiner_id);
        INSERT INTO verdict SELECT n, n % 60 + 1, 'Examiner ' || CASE WHEN n % 20 = 7 THEN 99 ELSE n % 60 + 1 END
        FROM generate_series(1, 900) AS n;
        ANALYZE;
    """
    assert [f.object for f in findings(db, "drifted-copy", sql)] == ["public.verdict.examiner_name"]
    assert not findings(db, "drifted-copy", "COMMENT ON COLUMN verdict.examiner_name IS 'name as signed under it'")


def test_circles_by_another_key_than_the_primary_one(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE application (id int PRIMARY KEY, dnr text NOT NULL UNIQUE,
                                  mother_dnr text REFERENCES application (dnr));
        INSERT INTO application SELECT n, 'P' || n FROM generate_series(1, 300) AS n;
        UPDATE application SET mother_dnr = 'P' || id / 4 + 1 WHERE id > 8;
        UPDATE application SET mother_dnr = 'P' || (CASE id WHEN 101 THEN 104 WHEN 104 THEN 107 ELSE 101 END)
        WHERE id IN (101, 104, 107);
        CREATE INDEX ON application (mother_dnr);
        ANALYZE application;
    """
    (found,) = findings(db, "cycle-in-hierarchy", sql)
    assert (found.object, measured(found)["in a circle"]) == ("public.application.mother_dnr", 3)


def test_a_unique_number_with_gaps_is_referred_to(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE fitter (id int PRIMARY KEY, staff_no int NOT NULL UNIQUE);
        INSERT INTO fitter SELECT n, 41000 + n * 13 FROM generate_series(1, 190) AS n;
        CREATE TABLE outage (id int PRIMARY KEY, told_by int, minutes int NOT NULL);
        INSERT INTO outage SELECT n, 41000 + (1 + n * 7 % 190) * 13 + CASE WHEN n % 60 = 7 THEN 1 ELSE 0 END, 41000 + n
        FROM generate_series(1, 900) AS n;
        CREATE INDEX ON outage (told_by);
        ANALYZE;
    """
    assert [f.object for f in findings(db, "missing-foreign-key", sql)] == ["public.outage.told_by"]


def test_numbers_of_an_office_are_no_measurements(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE prio (id int PRIMARY KEY, utl_nr text NOT NULL, rate text NOT NULL);
        INSERT INTO prio
        SELECT n, 1000000 + n * 7919 || CASE WHEN n % 2 = 0 THEN '.' || n % 3 ELSE '' END, 9.5 + n * 0.01
        FROM generate_series(1, 600) AS n;
        ANALYZE prio;
    """
    assert [f.object for f in findings(db, "typed-values-in-text", sql)] == ["public.prio.rate"]


def test_things_that_are_counted_are_no_list_of_values(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE trip (id int PRIMARY KEY, bus text NOT NULL, route text NOT NULL);
        INSERT INTO trip SELECT n, 'BUS' || n % 2 + 1, (ARRAY['NORTH', 'SOUTH'])[1 + n % 2]
        FROM generate_series(1, 200) AS n;
        ANALYZE trip;
    """
    assert [f.object for f in findings(db, "unchecked-enumeration", sql)] == ["public.trip.route"]
