"""References as large public schemas name them: by the key's very name, by an abbreviation, by a kind, by no table."""

from __future__ import annotations

import psycopg

from rules.observing import findings, measured
from rules.test_references import pick, rows, said


def test_unique_columns_that_are_no_primary_key(db18: psycopg.Connection) -> None:
    """Other tables refer to the number that the source gave, not to the one of the row; each list numbers its own."""
    sql = f"""
        CREATE TABLE stays (row_id int PRIMARY KEY, hadm_id int NOT NULL UNIQUE);
        CREATE TABLE d_items (row_id int PRIMARY KEY, itemid int NOT NULL UNIQUE);
        CREATE TABLE d_labitems (row_id int PRIMARY KEY, itemid int NOT NULL UNIQUE);
        CREATE TABLE chart (row_id int PRIMARY KEY, hadm_id int NOT NULL, itemid int NOT NULL);
        {rows("stays", 60, "n", "100000 + n * 7")}
        {rows("d_items", 50, "n", "n * 3")}
        {rows("d_labitems", 40, "n", "50800 + n * 2")}
        {rows("chart", 300, "n", f"100000 + {pick(1, 60)} * 7", f"CASE WHEN n = 9 THEN 999 ELSE {pick(2, 50)} * 3 END")}
        ANALYZE;
    """
    found = findings(db18, "missing-foreign-key", sql)
    assert said(found) == {("chart.hadm_id", "stays.hadm_id"), ("chart.itemid", "d_items.itemid")}
    assert {f.object: measured(f)["orphans"] for f in found}["public.chart.itemid"] == 1


def test_names_of_which_no_table_is_called_so(db18: psycopg.Connection) -> None:
    """A film's facts are in movie_info: the film itself is what the ids reach to the end of."""
    sql = f"""
        CREATE TABLE title (id int PRIMARY KEY, kind_id int NOT NULL);
        CREATE TABLE kind_type (id int PRIMARY KEY, kind text NOT NULL);
        CREATE TABLE movie_info (id int PRIMARY KEY, movie_id int NOT NULL, kiosk_id int NOT NULL);
        CREATE TABLE movie_keyword (id int PRIMARY KEY, movie_id int NOT NULL);
        {rows("title", 400, "n", pick(1, 7))}
        {rows("kind_type", 7, "n", "'k' || n")}
        {rows("movie_info", 900, "n", pick(2, 400), pick(3, 40))}
        {rows("movie_keyword", 700, "n", pick(4, 400))}
        ANALYZE;
    """
    found = findings(db18, "missing-foreign-key", sql)
    assert said(found) == {
        ("movie_info.movie_id", "title.id"),
        ("movie_keyword.movie_id", "title.id"),
        ("title.kind_id", "kind_type.id"),
    }


def test_abbreviations_marks_in_front_and_ends(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE TABLE customer_address (ca_address_sk int PRIMARY KEY, ca_city text, ca_zip text, ca_state text);
        CREATE TABLE date_dim (d_date_sk int PRIMARY KEY, d_day date, d_first_dom int, d_year int);
        CREATE TABLE issues (id int PRIMARY KEY, subject text);
        CREATE TABLE relation (id int PRIMARY KEY, issue_from_id int, issue_to_id int, id_address_invoice int,
                               bill_addr_sk int, sold_date_sk int);
        CREATE TABLE address (id int PRIMARY KEY, city text);
        CREATE TABLE invoice (id int PRIMARY KEY);
        {rows("customer_address", 90, "n", "'c'", "'z'", "'s'")}
        {rows("date_dim", 300, "2450000 + n", "date '2001-01-01' + n", "2450000 + n - n % 30 + 1", "2001")}
        {rows("issues", 80, "n", "'s'")}
        {rows("address", 70, "n", "'c'")}
        {rows("invoice", 100, "n")}
        {rows("relation", 400, "n", pick(1, 80), pick(2, 80), pick(3, 70), pick(4, 90), f"2450000 + {pick(5, 300)}")}
        ANALYZE;
    """
    found = findings(db18, "missing-foreign-key", sql)
    assert said(found) == {
        ("relation.issue_from_id", "issues.id"),
        ("relation.issue_to_id", "issues.id"),
        ("relation.id_address_invoice", "address.id"),
        ("relation.bill_addr_sk", "customer_address.ca_address_sk"),
        ("relation.sold_date_sk", "date_dim.d_date_sk"),
    }


def test_texts_that_name_other_keys_than_the_primary_one(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE TABLE item (id int PRIMARY KEY, token uuid NOT NULL UNIQUE, inventory varchar(12) NOT NULL UNIQUE);
        CREATE TABLE photo (id int PRIMARY KEY, of_what text NOT NULL, session text NOT NULL);
        CREATE TABLE show (id int PRIMARY KEY, pieces text NOT NULL, prose text NOT NULL);
        {rows("item", 200, "n", "md5('i' || n)::uuid", "'RM-' || lpad(n::text, 6, '0')")}
        {rows("photo", 200, "n", f"upper(md5('i' || {pick(1, 200)})::uuid::text)", "md5('s' || n)::uuid::text")}
        INSERT INTO show SELECT n, (SELECT string_agg('RM-' || lpad((1 + (n * 31 + k * 17) % 200)::text, 6, '0'), ';')
                                    FROM generate_series(1, 4) AS k), 'grand, gay, ' || n || ' and bold'
        FROM generate_series(1, 100) AS n;
        UPDATE photo SET of_what = md5('gone')::uuid::text WHERE id = 3;
        UPDATE show SET pieces = pieces || ';RM-999999' WHERE id = 4;
        ANALYZE;
    """
    (text,) = findings(db18, "reference-as-text", sql)
    assert (text.object, measured(text)["orphans"]) == ("public.photo.of_what", 1)
    (listed,) = findings(db18, "list-of-references")
    assert (listed.object, measured(listed)["orphans"]) == ("public.show.pieces", 1)


def test_a_part_that_nothing_else_checks(db18: psycopg.Connection) -> None:
    """Of a key over two columns one may be empty: then nothing checks the other, unless a key of its own does."""
    sql = """
        CREATE TABLE house (building text PRIMARY KEY);
        CREATE TABLE room (building text, nr int, PRIMARY KEY (building, nr));
        CREATE TABLE box (id int PRIMARY KEY, building text NOT NULL, nr int,
                          FOREIGN KEY (building, nr) REFERENCES room);
        CREATE TABLE desk (id int PRIMARY KEY, building text NOT NULL REFERENCES house, nr int,
                           FOREIGN KEY (building, nr) REFERENCES room);
        INSERT INTO box VALUES (1, 'nowhere', NULL);
    """
    (found,) = findings(db18, "foreign-key-with-optional-part", sql)
    assert found.object == "public.box.box_building_nr_fkey"
    assert measured(found)["rows with a part of them"] == 1
