"""Values and names as they are elsewhere: other languages, units, markup, spellings; each beside what is none."""

from __future__ import annotations

import psycopg

from rules.observing import findings, measured


def _said(conn: psycopg.Connection, rule: str, sql: str = "") -> dict[str, str]:
    """The message of each finding, by the part of its object behind the schema."""
    return {f.object.removeprefix("public."): f.message for f in findings(conn, rule, sql)}


def test_markup_and_money_kept_as_text(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, doc text, html text, fare text, mean text);
             INSERT INTO t SELECT n, '<?xml version="1.0"?><r no="' || n || '"><s>x</s></r>',
                                  '<p>Hello ' || n || '</p>', 'Rp ' || 5 + n % 90 || '.500',
                                  (n * 7919 % 400)::numeric / 30
             FROM generate_series(1, 200) AS n; ANALYZE;"""
    said = _said(db18, "typed-values-in-text", sql)
    assert {name: message.partition("type ")[2].split()[0] for name, message in said.items()} == {
        "t.doc": "xml", "t.fare": "numeric", "t.mean": "numeric",
    }  # fmt: skip


def test_several_facts_in_a_short_text(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, dose text, took text, at_sea text, spot text, shown text, seat text,
                             pack_size text, note text);
             INSERT INTO t SELECT n, n % 40 || ' ml', n % 9 || 'h' || n % 60 || 'm', n % 80 || '°' || n % 60 || '''N '
                                  || n % 90 || '°' || n % 60 || '''E', 50 + n / 777.0 || ', ' || 8 + n / 555.0,
                                  date '2024-01-01' + n || ' - ' || date '2024-02-01' + n, n % 40 || 'C',
                                  n % 40 || ' ml', 'Ask ' || md5(n::text)
             FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert _said(db18, "metadata-in-text", sql).keys() == {"t.dose", "t.took", "t.at_sea", "t.spot", "t.shown"}


def test_uuids_without_hyphens_are_told_from_hashes(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, radio_uuid char(32), drawn text, checksum text, yes text, msn text);
             INSERT INTO t SELECT n, md5(n::text),
                                  overlay(overlay(md5(n::text) placing '4' from 13) placing 'a' from 17),
                                  md5('x' || n), CASE WHEN n % 3 = 0 THEN 'ya' ELSE 'tidak' END,
                                  CASE WHEN n % 60 = 0 THEN 'WL' || 10 + n % 90 ELSE (1000 + n * 7)::text END
             FROM generate_series(1, 300) AS n; ANALYZE;"""
    said = _said(db18, "typed-values-in-text", sql)
    assert said == {
        "t.radio_uuid": "text whose values are all of type uuid (without hyphens)",
        "t.drawn": "text whose values are all of type uuid (without hyphens)",
        "t.yes": "text whose values are all of type boolean",
    }


def test_a_label_with_one_value_is_no_data(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, note text, way text);
             INSERT INTO t SELECT n, CASE n % 3 WHEN 0 THEN 'Nothing: call at 8' WHEN 1 THEN 'Key: next door'
                                  ELSE 'Beware of ' || md5(n::text) END,
                                  (ARRAY['Blok M', 'Kota', 'Senen'])[n % 3 + 1] || ' -> Depok (' || n % 40 || ' km)'
             FROM generate_series(1, 300) AS n; ANALYZE;"""
    assert _said(db18, "metadata-in-text", sql).keys() == {"t.way"}


def test_umlauts_spelled_out_and_answers_in_two_cases(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, status text, paid text, tone text);
             INSERT INTO t SELECT n, (ARRAY['frei', 'geprüft', 'gesperrt'])[n % 3 + 1], (ARRAY['Y', 'N'])[n % 2 + 1],
                                  (ARRAY['C', 'c', 'G', 'g'])[n % 4 + 1] FROM generate_series(1, 200) AS n;
             UPDATE t SET status = 'geprueft', paid = 'y' WHERE id % 40 = 1; ANALYZE;"""
    found = _said(db18, "spelling-drift", sql)
    assert found.keys() == {"t.status", "t.paid"}
    assert "'geprueft' (5) for 'geprüft'" in found["t.status"]


def test_blanks_that_no_one_sees_but_not_the_layout_of_lines(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, place text, verse text);
             INSERT INTO t SELECT n, 'P' || n || CASE WHEN n % 50 = 0 THEN U&'\\200B' ELSE '' END,
                                  E'  The sea ' || n || E'\\n    is wide\\n' FROM generate_series(1, 200) AS n;
             ANALYZE;"""
    assert _said(db18, "padded-text", sql).keys() == {"t.place"}


def test_flags_and_answers_by_what_is_stored(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, dringend smallint, aktif int, stops smallint, nivel smallint,
                             doppelt boolean, agreed boolean, rare boolean);
             INSERT INTO t SELECT n, (n % 5 = 0)::int, (n % 3 = 0)::int, n % 2, n % 2,
                                  CASE WHEN n % 10 > 0 THEN n % 3 = 0 END, CASE WHEN n % 10 > 0 THEN n % 3 = 0 END,
                                  CASE WHEN n % 2 > 0 THEN n % 3 = 0 END FROM generate_series(1, 400) AS n; ANALYZE;"""
    assert _said(db18, "flag-as-number", sql).keys() == {"t.dringend", "t.aktif"}
    assert _said(db18, "three-valued-boolean") == {"t": "may hold NULL where a yes or no is meant: doppelt"}


def test_nothing_in_other_words_and_in_other_numbers(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, sponsor text, rooms int, change int, until date);
             INSERT INTO t SELECT n, CASE WHEN n % 20 = 0 THEN 'sem informação' ELSE 'Rede ' || n % 7 END,
                                  CASE WHEN n % 20 = 0 THEN -2 ELSE n % 30 END,
                                  CASE WHEN n % 20 = 0 THEN -2 ELSE n % 30 END,
                                  CASE WHEN n % 20 = 0 THEN '2199-12-31' ELSE date '2020-01-01' + n END
             FROM generate_series(1, 400) AS n; ANALYZE;"""
    assert _said(db18, "sentinel-value", sql).keys() == {"t.sponsor", "t.rooms", "t.until"}


def test_passwords_in_other_words(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id int PRIMARY KEY, palavra_passe text, kata_sandi text, mdp text, lösenord text,
                             client_secret text, pin text, pin_code text, palavra_chave text, mdp_hash text);
             INSERT INTO t SELECT n, 'mar' || n, 'garuda' || n, 'loulou' || n, 'hej' || n, 'sk_' || n,
                                  lpad(n::text, 4, '0'), '110001', 'sol', 'abc' FROM generate_series(1, 50) AS n;
             ANALYZE;"""
    said = _said(db18, "readable-password", sql)
    assert said["t.client_secret"] == "holds secrets that can be read"
    assert said.keys() == {"t.palavra_passe", "t.kata_sandi", "t.mdp", "t.lösenord", "t.client_secret", "t.pin"}


def test_one_name_as_text_and_as_a_number_in_two_tables(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE a (id int PRIMARY KEY, kai_nr int, price numeric, status int, hired_on date, external_id int);
             CREATE TABLE b (id int PRIMARY KEY, kai_nr text, price text, status text, hired_on text,
                             external_id text);"""
    found = findings(db18, "name-with-several-types", sql)
    assert {f.object for f in found} == {"public.b.kai_nr", "public.b.price", "public.b.hired_on"}
    assert all(f"public.a.{f.object.rpartition('.')[2]}" in measured(f) for f in found)


def test_ids_with_a_mark_before_each(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE artist (id int PRIMARY KEY, name text NOT NULL);
             INSERT INTO artist SELECT n, 'A' || n FROM generate_series(1, 60) AS n;
             CREATE TABLE song (id int PRIMARY KEY, artists text);
             INSERT INTO song SELECT n, '#' || n % 60 + 1 || ' / #' || n % 7 + 1 FROM generate_series(1, 100) AS n;
             ANALYZE;"""
    assert _said(db18, "list-of-references", sql) == {"song.artists": "lists ids of public.artist.id"}
