"""What one column holds, each defect beside a sound design that looks like it."""

from __future__ import annotations

import psycopg

from rules.observing import findings, measured


def _said(conn: psycopg.Connection, rule: str, sql: str = "") -> dict[str, str]:
    """The message of each finding, by the part of its object behind the schema."""
    return {f.object.removeprefix("public."): f.message for f in findings(conn, rule, sql)}


def test_placeholders_beside_names_and_floors(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, surname text NOT NULL, made_by text, origin uuid, etage int, rung int);
             INSERT INTO t SELECT n, CASE WHEN n % 60 > 0 THEN (ARRAY['Otto', 'Vogel', 'Jahn'])[n % 3 + 1]
                                  ELSE 'Null' END,
                                  CASE WHEN n % 60 = 0 THEN 'Null' ELSE (ARRAY['otto', 'vogel', 'jahn'])[n % 3 + 1] END,
                                  CASE WHEN n % 50 = 0 THEN '00000000-0000-0000-0000-000000000000'
                                  ELSE gen_random_uuid() END, n % 7 - 1, n % 7 - 1
             FROM generate_series(1, 600) AS n; ANALYZE;"""
    assert _said(db18, "sentinel-value", sql).keys() == {"t.made_by", "t.origin", "t.rung"}


def test_two_numbers_in_one_text_are_no_decimal(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, band text, price text, seen text, account text, member text,
                             line text, parts text, miles text, row_ref text);
             INSERT INTO t SELECT n, n % 6 || ',' || 8 + n % 5, n % 90 || ',' || lpad((n * 7 % 100)::text, 2, '0'),
                                  1600000000 + n * 3600, 1600000000 + n * 36000007::bigint % 8000000000,
                                  CASE n % 3 WHEN 0 THEN 'E' ELSE 'H' END, '+4850' || n * 7919,
                                  101 + n % 37 || ',' || 101 + n % 41 || ',' || 101 + n % 31,
                                  100 + n % 90 || ',' || lpad((n * 37 % 1000)::text, 3, '0'),
                                  'urn:uuid:' || gen_random_uuid()
             FROM generate_series(1, 400) AS n; ANALYZE;"""
    said = _said(db18, "typed-values-in-text", sql)
    assert said.keys() == {"t.price", "t.seen", "t.member", "t.miles", "t.row_ref"}
    assert "since 1970" in said["t.seen"]


def test_flags_as_other_numbers(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, smoker numeric(1), paid_up int, sides int, lift smallint, riktning int,
                             state_no int CHECK (state_no IN (0, 1, 2)), few int, trend smallint,
                             bln_ok smallint, shift_kind smallint);
             INSERT INTO t SELECT n, -(n % 3 / 2), n % 3 / 2, n % 2, n % 2, n % 2, n % 2, (n % 50 = 0)::int,
                                  n % 2 * 2 - 1, n % 2 + 1, n % 2 + 1
             FROM generate_series(1, 900) AS n; ANALYZE;"""
    said = _said(db18, "flag-as-number", sql)
    assert said.keys() == {"t.smoker", "t.paid_up", "t.lift", "t.bln_ok"}
    assert "0 or -1" in said["t.smoker"]


def test_keys_of_an_object_within_a_document(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, config jsonb, title jsonb, seats jsonb);
             INSERT INTO t SELECT n, jsonb_build_object('device', jsonb_build_object('interval', n, 'unit', n % 2 = 0)),
                                  jsonb_build_object('en', 'Name ' || n, 'pl', 'Nazwa ' || n),
                                  jsonb_build_object('front', jsonb_build_object('free', n % 9),
                                                     'back', jsonb_build_object('free', n % 7))
             FROM generate_series(1, 300) AS n; ANALYZE;"""
    assert _said(db18, "json-key-as-column", sql) == {
        "t.config": "all documents have device.interval, device.unit, of one type: a column each",
    }


def test_keys_alike_within_a_tenant(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE member (tenant int, login text, PRIMARY KEY (tenant, login));
             INSERT INTO member SELECT n % 3, 'USER' || n / 3 FROM generate_series(30, 630) AS n;
             INSERT INTO member VALUES (1, 'user20 '), (1, 'user30');
             CREATE TABLE word (lang int, text text, PRIMARY KEY (lang, text));
             INSERT INTO word SELECT n % 2, (ARRAY['Open', 'open'])[n % 2 + 1] || n / 2
             FROM generate_series(30, 330) AS n;
             CREATE TABLE car (id int PRIMARY KEY, plate text NOT NULL UNIQUE);
             INSERT INTO car SELECT n, 'KR ' || 1000 + n FROM generate_series(1, 300) AS n;
             INSERT INTO car VALUES (301, 'KR1007'); ANALYZE;"""
    found = {f.object: measured(f) for f in findings(db18, "key-alike-but-for-case", sql)}
    assert {name: said["values that are another one in another spelling"] for name, said in found.items()} == {
        "public.member.login": 2, "public.car.plate": 1,
    }  # fmt: skip


def test_a_flag_that_waits_is_left_alone(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE claim (id int PRIMARY KEY, closed_at date, founded boolean, audible boolean,
                                 CHECK ((closed_at IS NULL) = (founded IS NULL)));
             INSERT INTO claim SELECT n, CASE WHEN n % 20 > 0 THEN date '2024-01-01' + n END,
                                      CASE WHEN n % 20 > 0 THEN n % 3 = 0 END, CASE WHEN n % 25 > 0 THEN n % 3 = 0 END
             FROM generate_series(1, 1000) AS n;
             CREATE TABLE call (id int PRIMARY KEY, ended date, useful boolean);
             INSERT INTO call SELECT id, closed_at, founded FROM claim; ANALYZE;"""
    assert _said(db18, "three-valued-boolean", sql) == {"claim": "may hold NULL where a yes or no is meant: audible"}


def test_an_index_on_what_is_nearly_always_the_same(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE task (id int PRIMARY KEY, state text NOT NULL, kind text NOT NULL, due date NOT NULL,
                                shown boolean NOT NULL, rank int NOT NULL);
             CREATE INDEX by_rank ON task (rank, due);
             CREATE INDEX by_state ON task (state, due);
             CREATE INDEX by_kind ON task (kind, due);
             CREATE INDEX by_shown ON task (shown);
             INSERT INTO task SELECT n, CASE WHEN n % 40 = 0 THEN 'open' ELSE 'done' END,
                                     CASE WHEN n % 40 = 0 THEN 'b' ELSE 'a' END, date '2024-01-01' + n % 90, n % 40 > 0,
                                     CASE WHEN n % 40 = 0 THEN 1 + n % 3 ELSE 0 END
             FROM generate_series(1, 4000) AS n;
             CREATE FUNCTION next(day date) RETURNS SETOF task STABLE LANGUAGE sql
             AS $$ SELECT * FROM task WHERE state IN ('open', 'running') AND due <= day $$;
             CREATE VIEW ranked AS SELECT * FROM task WHERE rank > 0;
             CREATE FUNCTION of_a_kind(k text) RETURNS SETOF task STABLE LANGUAGE sql
             AS $$ SELECT * FROM task WHERE kind = k $$;
             CREATE VIEW on_show AS SELECT * FROM task WHERE shown; ANALYZE;"""
    found = {
        f.object: measured(f)["queries for other values"] for f in findings(db18, "index-mostly-of-one-value", sql)
    }
    assert found == {"public.by_state": ("function public.next(day date)",), "public.by_rank": ("view public.ranked",)}


def test_a_view_that_looks_for_the_rare_rows(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE job (id int PRIMARY KEY, urgent boolean NOT NULL);
             INSERT INTO job SELECT n, n % 40 = 0 FROM generate_series(1, 4000) AS n;
             CREATE VIEW pressing AS SELECT * FROM job WHERE urgent;
             CREATE VIEW other AS SELECT * FROM job WHERE NOT urgent; ANALYZE;"""
    (found,) = findings(db18, "rare-value-without-partial-index", sql)
    assert (found.object, measured(found)["queries"]) == ("public.job.urgent", ("view public.pressing",))


def test_logins_written_with_capitals_and_without(db18: psycopg.Connection) -> None:
    names = "(ARRAY['Ann', 'bob', 'CARL', 'dora'])[n % 4 + 1]"
    sql = f"""CREATE TABLE account (id int PRIMARY KEY, login text UNIQUE, code text UNIQUE, nick text UNIQUE,
                                    username text UNIQUE,
                                    folded text GENERATED ALWAYS AS (lower(username)) STORED UNIQUE);
              INSERT INTO account SELECT n, {names} || n, {names} || n, lower({names} || n), {names} || n
              FROM generate_series(1, 200) AS n;
              CREATE TABLE seat (club int, nick text, UNIQUE (club, nick));
              CREATE FUNCTION find(n text) RETURNS int STABLE LANGUAGE sql
              AS $$ SELECT id FROM account WHERE lower(nick) = lower(n) $$;
              CREATE INDEX by_nick ON seat (lower(nick)); ANALYZE;"""
    said = _said(db18, "case-sensitive-unique-key", sql)
    assert said.keys() == {"account_login_key", "account_nick_key", "seat_club_nick_key"}
    assert "function public.find" in said["account_nick_key"]


def test_lists_that_are_written_as_such(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, worn text, seen text, shape text, level_read text);
             INSERT INTO t SELECT n, '{' || n % 7 || ',' || n % 9 || '}', '|' || n || '|' || n * 3 || '|',
                                  '{x: ' || n || ', y: 3}', CASE n % 4 WHEN 0 THEN '>9' ELSE n % 7 || ',' || n % 5 END
             FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert _said(db18, "list-in-text", sql).keys() == {"t.worn", "t.seen"}


def test_three_columns_unique_together_but_for_two_rows(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE freezer (id int PRIMARY KEY);
             INSERT INTO freezer SELECT generate_series(0, 239);
             CREATE TABLE box (id int PRIMARY KEY, freezer_id int NOT NULL REFERENCES freezer, rack smallint NOT NULL,
                               slot smallint NOT NULL);
             INSERT INTO box SELECT n, k % 240, k / 240 % 4, k / 960
             FROM (SELECT n, CASE WHEN n IN (900, 2100) THEN n - 77 ELSE n END AS k FROM generate_series(1, 2600) AS n);
             ANALYZE;"""
    (found,) = findings(db18, "duplicate-natural-key", sql)
    assert (found.object, measured(found)["rows too many"]) == ("public.box", 2)


def test_spellings_with_letters_that_have_no_accent(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, shown text NOT NULL);
             INSERT INTO t SELECT n, CASE WHEN n % 50 = 0 THEN 'KAPALI' ELSE (ARRAY['Kapalı', 'Açık'])[n % 2 + 1] END
             FROM generate_series(1, 600) AS n; ANALYZE;"""
    (found,) = findings(db18, "spelling-drift", sql)
    assert measured(found)["rows in another spelling"] == 12


def test_numbers_that_start_anew_each_year(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE voucher (id int PRIMARY KEY, jahr smallint NOT NULL, lfd int NOT NULL, pages int NOT NULL);
             INSERT INTO voucher SELECT n, 2018 + n / 1000, n % 1000, n * 37 % 91 FROM generate_series(0, 3999) AS n;
             ANALYZE;"""
    assert _said(db18, "undeclared-unique-key", sql) == {
        "voucher.lfd": "has another value in each row of one jahr, and no unique index keeps it so"
    }


def test_marks_beyond_their_scale(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE visit (id int PRIMARY KEY, ocena int, rating int, score int, nilai int);
             INSERT INTO visit SELECT n, CASE n % 100 WHEN 0 THEN 55 ELSE n % 5 + 1 END, n % 5 + 1, n * n % 97,
                                      CASE WHEN n % 300 = 0 THEN 105 ELSE 20 + n % 81 END
             FROM generate_series(1, 900) AS n; ANALYZE;"""
    found = {f.object: measured(f)["expected"] for f in findings(db18, "value-out-of-range", sql)}
    assert found == {"public.visit.ocena": "1 to 5", "public.visit.nilai": "0 to 100"}


def test_the_start_of_a_trip_in_several_zones(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE trip (id int PRIMARY KEY, noted timestamptz NOT NULL, mulai timestamp NOT NULL,
                                start timestamp NOT NULL);
             INSERT INTO trip SELECT n, m, (m + interval '41 s') AT TIME ZONE z, date_trunc('hour', m AT TIME ZONE z)
             FROM generate_series(1, 600) AS n,
                  LATERAL (SELECT timestamptz '2024-05-01 06:00+00' + n * interval '437 s' AS m,
                                  'Asia/' || (ARRAY['Jakarta', 'Makassar', 'Jayapura'])[n * 7 % 11 % 3 + 1] AS z) AS v;
             ANALYZE;"""
    assert _said(db18, "mixed-time-zones", sql).keys() == {"trip.mulai"}


def test_lists_of_which_many_have_one_item(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE node (code text PRIMARY KEY);
             INSERT INTO node SELECT 'N' || lpad(n::text, 4, '0') FROM generate_series(1, 300) AS n;
             CREATE TABLE reading (id int PRIMARY KEY, beside text NOT NULL);
             INSERT INTO reading SELECT n, (SELECT string_agg('N' || lpad((1 + n * k * 37 % 300)::text, 4, '0'), '/')
                                            FROM generate_series(1, 1 + n % 4) AS k) FROM generate_series(1, 4000) AS n;
             ANALYZE;"""
    (found,) = findings(db18, "list-of-references", sql)
    assert (found.object, measured(found)["key"]) == ("public.reading.beside", "public.node.code")


def test_what_an_import_left_and_numbers_of_things(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE landing (id int PRIMARY KEY, note text, remark text, beacon bigint, bytes bigint);
             INSERT INTO landing SELECT n, 'full hold' || CASE WHEN n % 5 = 0 THEN E'\\r' ELSE '' END,
                                        'calm' || CASE WHEN n % 5 = 0 THEN ' ' ELSE '' END,
                                        263000000 + n * 7919 % 999983, n::bigint * n * 7919
             FROM generate_series(1, 600) AS n; ANALYZE;"""
    assert _said(db18, "padded-text", sql).keys() == {"landing.note"}
    assert _said(db18, "undeclared-unique-key").keys() == {"landing.beacon"}
