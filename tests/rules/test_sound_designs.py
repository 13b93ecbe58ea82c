"""What is right as it is designed, and beside it what looks alike and is a defect."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.model.finding import Severity
from rules.observing import findings

JSON = "json-key-as-column"
MAIL = "undeclared-unique-key"
LIST = "unchecked-enumeration"


def _objects(conn: psycopg.Connection, rule: str, sql: str) -> set[str]:
    return {found.object.removeprefix("public.") for found in findings(conn, rule, f"{sql}; ANALYZE")}


def test_what_is_passed_on_is_the_receivers_to_read(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE job (id int PRIMARY KEY, args jsonb NOT NULL, attempts int NOT NULL, done_at timestamptz);
        INSERT INTO job SELECT n, jsonb_build_object('user', n), 1, now() FROM generate_series(1, 200) AS n;
        CREATE TABLE account (id int PRIMARY KEY, data jsonb NOT NULL, failed_login_attempts int, seen_at timestamptz);
        INSERT INTO account SELECT n, jsonb_build_object('user', n), 0, now() FROM generate_series(1, 200) AS n;
        CREATE TABLE exam_attempt (id int PRIMARY KEY, attempt int, marks jsonb NOT NULL, handed_in_at timestamptz);
        INSERT INTO exam_attempt SELECT n, 1, jsonb_build_object('grade', n) FROM generate_series(1, 200) AS n
    """
    assert _objects(db18, JSON, sql) == {"account.data", "exam_attempt.marks"}


def test_an_address_of_mail_is_the_key_of_an_account_and_not_of_all_that_is_sent_there(
    db18: psycopg.Connection,
) -> None:
    mail = "'m' || n || '@example.org'"
    sql = f"""
        CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL, reset_token text,
                              reset_expires_at timestamptz);
        INSERT INTO account SELECT n, {mail} FROM generate_series(1, 300) AS n;
        CREATE TABLE invitation (id int PRIMARY KEY, email text NOT NULL, token_hash text NOT NULL,
                                 expires_at timestamptz NOT NULL);
        INSERT INTO invitation SELECT n, {mail}, md5(n::text), now() FROM generate_series(1, 300) AS n;
        CREATE TABLE site (id int PRIMARY KEY, email text);
        INSERT INTO site SELECT n, CASE WHEN n % 3 = 0 THEN {mail} END FROM generate_series(1, 600) AS n;
        CREATE TABLE site_person (site_id int REFERENCES site, role text, email text NOT NULL,
                                  PRIMARY KEY (site_id, role));
        INSERT INTO site_person SELECT n, 'owner', {mail} FROM generate_series(1, 300) AS n
    """
    assert _objects(db18, MAIL, sql) == {"account.email"}


def test_names_of_events_and_jobs_are_the_applications_to_extend(db18: psycopg.Connection) -> None:
    def one_of(*values: str) -> str:
        return f"(ARRAY{list(values)})[n % {len(values)} + 1]"

    sql = f"""
        CREATE TABLE event (id int PRIMARY KEY, action text NOT NULL, severity text NOT NULL);
        INSERT INTO event SELECT n, {one_of("task.made", "task.moved")}, {one_of("info", "error")}
        FROM generate_series(1, 200) AS n;
        CREATE TABLE job (id int PRIMARY KEY, kind text NOT NULL, state text NOT NULL, tries int, done_at timestamptz);
        INSERT INTO job SELECT n, {one_of("send_mail", "export")}, {one_of("waiting", "done")}, 1
        FROM generate_series(1, 200) AS n;
        CREATE TABLE parcel (id int PRIMARY KEY, kind text NOT NULL);
        INSERT INTO parcel SELECT n, {one_of("letter", "box")} FROM generate_series(1, 200) AS n
    """
    assert _objects(db18, LIST, sql) == {"event.severity", "job.state", "parcel.kind"}


@pytest.mark.parametrize(("table", "severity"), [("audit_log", Severity.INFO), ("visit", Severity.WARNING)])
def test_a_log_outlives_what_it_names(db18: psycopg.Connection, table: str, severity: Severity) -> None:
    sql = f"""
        CREATE TABLE staff (id uuid PRIMARY KEY);
        INSERT INTO staff SELECT md5(n::text)::uuid FROM generate_series(1, 50) AS n;
        CREATE TABLE {table} (id int PRIMARY KEY, actor text NOT NULL);
        INSERT INTO {table} SELECT n, md5((n % 50 + 1)::text)::uuid::text FROM generate_series(1, 200) AS n;
        ANALYZE;
    """
    (found,) = findings(db18, "reference-as-text", sql)
    assert (found.object, found.severity) == (f"public.{table}.actor", severity)


def test_an_import_keeps_its_lines_as_they_came(db18: psycopg.Connection) -> None:
    line = "'A-' || n || ';' || repeat('x', n % 7 + 3) || ';' || n"
    sql = f"""
        CREATE TABLE landing (id int PRIMARY KEY, line text NOT NULL, error text, taken_at timestamptz);
        INSERT INTO landing SELECT n, {line}, CASE WHEN n % 9 = 0 THEN 'no such part' END, now()
        FROM generate_series(1, 200) AS n;
        CREATE TABLE part (id int PRIMARY KEY, spec text NOT NULL, checked_at timestamptz);
        INSERT INTO part SELECT n, {line} FROM generate_series(1, 200) AS n
    """
    assert _objects(db18, "metadata-in-text", sql) == {"part.spec"}


def test_a_number_that_its_rows_repeat_is_not_their_mean(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE prescription (id int PRIMARY KEY, dose numeric(8, 3) NOT NULL);
        INSERT INTO prescription SELECT n, (n % 40 + 1) * 2.5 FROM generate_series(1, 300) AS n;
        CREATE TABLE intake (id int PRIMARY KEY, prescription_id int NOT NULL REFERENCES prescription,
                             given numeric(8, 3) NOT NULL);
        INSERT INTO intake SELECT p.id * 10 + i, p.id, CASE WHEN p.id % 11 = 0 AND i = 1 THEN 0 ELSE p.dose END
        FROM prescription AS p, generate_series(1, 3) AS i;
        CREATE TABLE film (id int PRIMARY KEY, stars numeric(4, 2) NOT NULL);
        CREATE TABLE opinion (id int PRIMARY KEY, film_id int NOT NULL, stars numeric(4, 2) NOT NULL);
        INSERT INTO opinion SELECT n * 10 + i, n, (n * i * 7) % 83 / 8.0 FROM generate_series(1, 300) AS n,
                                                                             generate_series(1, 3) AS i;
        INSERT INTO film SELECT film_id, round(avg(stars), 2) + (film_id % 30 = 0)::int FROM opinion GROUP BY 1;
        ALTER TABLE opinion ADD FOREIGN KEY (film_id) REFERENCES film
    """
    assert _objects(db18, "drifted-counter", sql) == {"film.stars"}


def test_a_number_within_a_key_says_which_and_not_whether(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE outlet (id int PRIMARY KEY, box int NOT NULL, inlet smallint NOT NULL, fused smallint NOT NULL,
                             UNIQUE (box, inlet));
        INSERT INTO outlet SELECT n, n / 2, n % 2, (n % 7 > 2)::int FROM generate_series(1, 300) AS n
    """
    assert _objects(db18, "flag-as-number", sql) == {"outlet.fused"}


def test_values_that_are_names_of_tables_grow_with_the_schema(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE offer (id int PRIMARY KEY, phase text NOT NULL);
        INSERT INTO offer SELECT n, (ARRAY['open', 'taken'])[n % 2 + 1] FROM generate_series(1, 200) AS n;
        CREATE TABLE client (id int PRIMARY KEY);
        CREATE TABLE changed (id int PRIMARY KEY, relation text NOT NULL);
        INSERT INTO changed SELECT n, (ARRAY['offer', 'client'])[n % 2 + 1] FROM generate_series(1, 200) AS n
    """
    assert _objects(db18, LIST, sql) == {"offer.phase"}


def test_what_only_one_kind_of_rows_has_tells_nothing_of_the_kind(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE home (id int PRIMARY KEY, kind text NOT NULL, floor text, ward text NOT NULL, mayor text NOT NULL);
        INSERT INTO home
        SELECT n, (ARRAY['flat', 'house', 'plot'])[n % 3 + 1], CASE WHEN n % 3 = 0 THEN 'floor ' || (n / 3) % 6 END,
               'ward ' || (n * 7919) % 11, 'the mayor of ' || md5(((n * 7919) % 11)::text)
        FROM generate_series(1, 900) AS n
    """
    assert _objects(db18, "repeated-fact", sql) == {"home.mayor"}


def test_within_a_reference_one_declared_key_is_enough(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE lease (id int PRIMARY KEY);
        INSERT INTO lease SELECT generate_series(1, 100);
        CREATE TABLE receipt (id int PRIMARY KEY, lease_id int NOT NULL REFERENCES lease, month date NOT NULL,
                              issued_on date NOT NULL, UNIQUE (lease_id, month));
        CREATE TABLE reading (id int PRIMARY KEY, lease_id int NOT NULL REFERENCES lease, month date NOT NULL);
        INSERT INTO receipt SELECT l * 100 + m, l, date '2024-01-01' + m * 30, date '2024-01-05' + m * 30
        FROM generate_series(1, 100) AS l, generate_series(1, 12) AS m;
        INSERT INTO reading SELECT id, lease_id, month FROM receipt
    """
    assert _objects(db18, MAIL, sql) == {"reading.month"}


def test_a_day_that_is_usually_as_much_later_is_no_error_elsewhere(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE loan (id int PRIMARY KEY, lent_on date NOT NULL, due_on date NOT NULL);
        INSERT INTO loan SELECT n, date '2024-01-01' + n % 300, date '2024-01-01' + n % 300 + 21
        FROM generate_series(1, 400) AS n;
        ANALYZE;
    """
    (found,) = findings(db18, "derived-column", sql)
    assert (found.object, found.severity) == ("public.loan.due_on", Severity.INFO)


def test_a_count_is_no_reference_to_what_it_counts(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE game_map (id int PRIMARY KEY, code text);
        INSERT INTO game_map SELECT n, 'm' || n FROM generate_series(1, 12) AS n;
        CREATE TABLE rating (player int, season int, games int NOT NULL, map_id int NOT NULL,
                             PRIMARY KEY (player, season));
        INSERT INTO rating SELECT n, n % 3, 1 + (n * n) % 11, 1 + n % 12 FROM generate_series(1, 400) AS n
    """
    assert _objects(db18, "missing-foreign-key", sql) == {"rating.map_id"}


def test_an_array_whose_items_are_all_there_is_worth_knowing(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE country (code text PRIMARY KEY);
        INSERT INTO country SELECT 'C' || n FROM generate_series(1, 20) AS n;
        CREATE TABLE licence (id int PRIMARY KEY, territories text[] NOT NULL, sold_in text NOT NULL);
        INSERT INTO licence SELECT n, ARRAY['C' || n % 20 + 1, 'C' || n % 7 + 1],
                                   'C' || n % 20 + 1 || ',C' || n % 7 + 1 FROM generate_series(1, 300) AS n;
        ANALYZE;
    """
    found = {each.object: each.severity for each in findings(db18, "list-of-references", sql)}
    assert found == {"public.licence.territories": Severity.INFO, "public.licence.sold_in": Severity.WARNING}
