"""What an owner's comment says to be meant so."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.rules._said import FOREIGN_KEYS, PRIMARY_KEYS, ROW_SECURITY, VACUUM, is_meant, on_purpose, outlives
from rules.observing import findings


@pytest.mark.parametrize(
    ("comment", "about"),
    [
        ("Audit log. No foreign keys by design: entries stay", FOREIGN_KEYS),
        ("Zugriffe, bewusst ohne Fremdschlüssel", FOREIGN_KEYS),
        ("Dziennik zmian, celowo bez kluczy obcych", FOREIGN_KEYS),
        ("Registo de acessos, sem chave estrangeira de propósito", FOREIGN_KEYS),
        ("RLS without policy on purpose: nobody but the owner may read", ROW_SECURITY),
        ("staging, duplicates intended", PRIMARY_KEYS),
        ("emptied and filled at once; autovacuum is off on purpose", VACUUM),
    ],
)
def test_what_is_said_to_be_meant(comment: str, about: tuple[str, ...]) -> None:
    assert is_meant(comment, about)


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Orders of the shop. Unlogged by design",
        "TODO: no foreign key yet",
        "the foreign key is still missing",
        "foreign key to customer, not null in every row",
        "customer of the order, on purpose a bigint",
    ],
)
def test_what_says_nothing_of_foreign_keys(comment: str) -> None:
    assert not outlives(comment)


def test_rows_that_outlive_others() -> None:
    assert outlives("who read what; entries outlive the patients that they name")
    assert not outlives("entries name patients")


def test_purpose_of_the_thing_itself() -> None:
    assert on_purpose("switched off on purpose while the import runs")
    assert not on_purpose("keeps the history")


LOG = """
    CREATE TABLE customer (id bigint PRIMARY KEY);
    INSERT INTO customer SELECT generate_series(1, 40);
    CREATE TABLE visit (id bigint PRIMARY KEY, customer_id bigint NOT NULL, seen_by text NOT NULL);
    INSERT INTO visit SELECT n, n % 41 + 1, 'x' FROM generate_series(1, 400) AS n;
    ANALYZE customer, visit;
"""


def test_no_key_is_missed_where_the_comment_wants_none(db: psycopg.Connection) -> None:
    assert [f.object for f in findings(db, "missing-foreign-key", LOG)] == ["public.visit.customer_id"]
    said = "COMMENT ON TABLE visit IS 'Append-only. Deliberately without foreign keys: customers may be erased'"
    assert not findings(db, "missing-foreign-key", said)


def test_deny_all_that_a_comment_explains(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE secret (id int PRIMARY KEY);
        ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
    """
    assert len(findings(db, "row-security-without-policy", sql)) == 1
    said = "COMMENT ON TABLE secret IS 'row security without policy on purpose: the owner alone reads it'"
    assert not findings(db, "row-security-without-policy", said)
    shut_out = "GRANT SELECT ON secret TO pg_monitor"
    assert len(findings(db, "row-security-without-policy", shut_out)) == 1


def test_what_is_from_some_age_on_names_nobody(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE patient (id bigint PRIMARY KEY, surname text NOT NULL);
        INSERT INTO patient SELECT n, 'x' || n FROM generate_series(1, 60) AS n;
        CREATE TABLE grenzwert (nr bigint PRIMARY KEY, alter_von int NOT NULL);
        INSERT INTO grenzwert SELECT n, n % 2 * 18 FROM generate_series(1, 200) AS n;
        ANALYZE patient, grenzwert;
    """
    assert not findings(db, "missing-foreign-key", sql)
