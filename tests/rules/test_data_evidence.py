"""What data rules tell by values alone, or by names of any language, and on what that looks alike they are silent."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.rules._languages import english, meanings
from rules.observing import findings, measured


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Rechnungsnummer", ("invoice", "number")), ("fecha_inicio", ("date", "start")),
        ("датаОкончания", ("date", "end")), ("ZHUANGTAI", ("status",)),
        ("geändert_am", ("modified", "am")), ("order_qty", ("order", "quantity")),
        ("capacity", ("capacity",)), ("statement_lines", ("statement", "line")),
    ],
)  # fmt: skip
def test_names_are_read_in_other_languages(name: str, words: tuple[str, ...]) -> None:
    assert english(name) == words
    assert set(words) <= meanings(name)


def test_a_line_number_is_unique_within_its_order(db18: psycopg.Connection) -> None:
    found = findings(
        db18, "undeclared-unique-key",
        """
        CREATE TABLE purchase (id int PRIMARY KEY);
        INSERT INTO purchase SELECT generate_series(1, 200);
        CREATE TABLE item (id int PRIMARY KEY, purchase_id int NOT NULL REFERENCES purchase, place int NOT NULL,
                           pieces int NOT NULL);
        INSERT INTO item SELECT n, n % 200 + 1, n / 200, n * 7919 % 12 FROM generate_series(1, 2000) AS n;
        ANALYZE;
        """,
    )  # fmt: skip
    assert [(f.object, measured(f)["within"]) for f in found] == [("public.item.place", "purchase_id")]


def test_few_rows_are_unique_by_chance(db18: psycopg.Connection) -> None:
    assert not findings(
        db18, "undeclared-unique-key",
        """
        CREATE TABLE purchase (id int PRIMARY KEY);
        INSERT INTO purchase SELECT generate_series(1, 300);
        CREATE TABLE item (id int PRIMARY KEY, purchase_id int NOT NULL REFERENCES purchase, pieces int NOT NULL);
        INSERT INTO item SELECT n, n % 300 + 1, n * 7 % 190 FROM generate_series(1, 600) AS n;
        ANALYZE;
        """,
    )  # fmt: skip


def test_codes_are_keys_without_a_name_that_says_so(db18: psycopg.Connection) -> None:
    found = findings(
        db18, "undeclared-unique-key",
        """
        CREATE TABLE t (id int PRIMARY KEY, a text, b text, c text, d text, e text);
        INSERT INTO t SELECT n, 'KX-' || 100000 + n, 'Bo Li ' || n, md5(n::text), '/srv/f' || 1000 + n, n || '@x.org'
        FROM generate_series(1, 400) AS n;
        ANALYZE;
        """,
    )  # fmt: skip
    assert [f.object for f in found] == ["public.t.a", "public.t.e"]


def test_values_follow_from_moments_texts_and_rates(db18: psycopg.Connection) -> None:
    found = findings(
        db18, "derived-column",
        """
        CREATE TABLE stay (id int PRIMARY KEY, a timestamptz, b timestamptz, c int, d text, e text, f text, g numeric,
                           h numeric(4, 2), i numeric(12, 2), j date, k int);
        INSERT INTO stay
        SELECT n, m, m + n % 90 * interval '1 min', n % 90, 'A' || n % 9, 'B' || n % 11,
               'A' || n % 9 || ', B' || n % 11,
               n * 37 % 1000, r, round(n * 37 % 1000 * (1 + r), 2), day, extract(year FROM age('2024-05-05', day))
        FROM generate_series(1, 400) AS n, LATERAL (SELECT timestamptz '2024-01-01' + n * interval '37 min' AS m,
             (ARRAY[0.19, 0.07, 0.05])[n % 3 + 1] AS r, date '1940-01-01' + n * 53 AS day) AS v;
        ANALYZE;
        """,
    )  # fmt: skip
    assert {f.object for f in found} == {f"public.stay.{c}" for c in "cfik"}
    assert all(measured(f)["disagreeing"] == 0 for f in found)


def test_an_age_that_is_no_age(db18: psycopg.Connection) -> None:
    assert not findings(
        db18, "derived-column",
        """
        CREATE TABLE pupil (id int PRIMARY KEY, born date, seat int);
        INSERT INTO pupil SELECT n, date '2008-01-01' + n * 7 % 2000, n * 7919 % 31 FROM generate_series(1, 300) AS n;
        ANALYZE;
        """,
    )  # fmt: skip


def test_texts_by_a_template(db18: psycopg.Connection) -> None:
    found = findings(
        db18, "metadata-in-text",
        """
        CREATE TABLE entry (id int PRIMARY KEY, a text, b text, c text, d text);
        INSERT INTO entry SELECT n, CASE WHEN n > 3 THEN 'size=' || n || '; hue=red' ELSE 'nothing special' END,
            '[2024-03-0' || n % 9 + 1 || '] spoke with the tenant again', 'On 2024-01-02 we met, the third time ' || n,
            'See you: at the gate; or else at home ' || n
        FROM generate_series(1, 200) AS n;
        ANALYZE;
        """,
    )  # fmt: skip
    assert {f.object: measured(f)["texts of another form"] for f in found} == {"public.entry.a": 3, "public.entry.b": 0}


def test_counts_and_sums_without_a_telling_name(db18: psycopg.Connection) -> None:
    found = findings(
        db18, "drifted-counter",
        """
        CREATE TABLE house (id int PRIMARY KEY, x int, y numeric, z int);
        CREATE TABLE flat (id int PRIMARY KEY, house_id int NOT NULL REFERENCES house, rent numeric, sold boolean);
        INSERT INTO house SELECT n, 0, 0, n % 17 FROM generate_series(1, 200) AS n;
        INSERT INTO flat SELECT row_number() OVER (), n, 100 + n * i % 77, (n + i) % 3 = 0
        FROM generate_series(1, 200) AS n, generate_series(1, n % 17 + 1) AS i;
        UPDATE house SET x = (SELECT count(*) FROM flat WHERE house_id = house.id AND sold),
                         y = (SELECT sum(rent) FROM flat WHERE house_id = house.id);
        UPDATE house SET x = x + 1 WHERE id < 4;
        UPDATE house SET y = y + 5 WHERE id = 9;
        ANALYZE;
        """,
    )  # fmt: skip
    assert {f.object: measured(f)["differing"] for f in found if f.object != "public.house.z"} == {
        "public.house.x": 3, "public.house.y": 1,
    }  # fmt: skip


def test_a_copy_through_a_reference_that_is_not_declared(db18: psycopg.Connection) -> None:
    found = findings(
        db18, "drifted-copy",
        """
        CREATE TABLE author (id int PRIMARY KEY, pen text NOT NULL);
        INSERT INTO author SELECT n, 'pen ' || n FROM generate_series(1, 60) AS n;
        CREATE TABLE article (id int PRIMARY KEY, author_id int NOT NULL, by_line text NOT NULL);
        INSERT INTO article SELECT n, n % 60 + 1, 'pen ' || n % 60 + 1 FROM generate_series(1, 900) AS n;
        UPDATE author SET pen = 'pen of old' WHERE id = 7;
        ANALYZE;
        """,
    )  # fmt: skip
    assert [(f.object, measured(f)["differing"]) for f in found] == [("public.article.by_line", 15)]


def test_a_name_that_reads_like_a_placeholder(db18: psycopg.Connection) -> None:
    found = findings(
        db18, "sentinel-value",
        """
        CREATE TABLE guest (id int PRIMARY KEY, surname text NOT NULL, town text NOT NULL);
        INSERT INTO guest SELECT n, CASE n % 80 WHEN 7 THEN 'Null' WHEN 8 THEN 'None' ELSE 'N' || n % 80 END,
            CASE WHEN n % 12 = 0 THEN 'б/д' ELSE 'Town ' || n % 70 END FROM generate_series(1, 900) AS n;
        ANALYZE;
        """,
    )  # fmt: skip
    assert [f.object for f in found] == ["public.guest.town"]


def test_all_columns_of_a_large_table_that_hold_no_null(db18: psycopg.Connection) -> None:
    (found,) = findings(
        db18, "nullable-never-null",
        """
        CREATE TABLE probe (id int PRIMARY KEY, a numeric, b text, c text, d int CHECK (d IS NOT NULL), closed_at date);
        INSERT INTO probe SELECT n, n % 90, 'b', CASE WHEN n <> 1500 THEN 'c' END, n, now()
        FROM generate_series(1, 3000) AS n;
        ANALYZE;
        """,
    )  # fmt: skip
    assert measured(found)["never null"] == ("a", "b")
