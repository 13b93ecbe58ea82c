"""References that no name tells, or not in full: by values, together with others, in other words and languages."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.model.finding import Finding
from rules.observing import findings, measured


def said(found: tuple[Finding, ...]) -> set[tuple[str, str]]:
    """Columns and keys, without public."""
    pairs: set[tuple[str, str]] = set()
    for finding in found:
        measures = measured(finding)
        columns, keys = measures.get("columns"), measures["key"]
        place = finding.object.removeprefix("public.")
        if isinstance(columns, tuple) and isinstance(keys, tuple):
            pairs.add((f"{place}", ", ".join(str(key).removeprefix("public.") for key in keys)))
        else:
            pairs.add((place, str(keys).removeprefix("public.")))
    return pairs


def rows(table: str, many: int, *values: str) -> str:
    return f"INSERT INTO {table} SELECT {', '.join(values)} FROM generate_series(1, {many}) AS n;"


def pick(salt: int, many: int) -> str:
    """A number from 1 to that many."""
    return f"(1 + abs(hashint4(n * 1000 + {salt})) % {many})"


def test_numbers_of_one_sequence_tell_their_table(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE TABLE gamer (id bigint PRIMARY KEY, tag text);
        CREATE TABLE duel (id bigint PRIMARY KEY, first bigint, best bigint, rounds int, points int, rematch bigint);
        {rows("gamer", 200, "n * 7", "'g' || n")}
        {
        rows(
            "duel",
            300,
            "5000 + n * 3",
            f"{pick(1, 200)} * 7",
            f"CASE WHEN n < 4 THEN 1 ELSE {pick(2, 200)} * 7 END",
            pick(3, 30),
            pick(4, 900),
            "CASE WHEN n > 200 THEN 5000 + (n - 150) * 3 END",
        )
    }
        ANALYZE;
    """
    found = findings(db18, "missing-foreign-key", sql)
    assert said(found) == {("duel.first", "gamer.id"), ("duel.best", "gamer.id"), ("duel.rematch", "duel.id")}
    assert {f.object: measured(f)["orphans"] for f in found}["public.duel.best"] == 3


def test_a_database_that_was_just_loaded(db18: psycopg.Connection) -> None:
    """The server has no statistics of it yet."""
    sql = f"""
        CREATE TABLE gamer (id bigint PRIMARY KEY);
        CREATE TABLE duel (id bigint PRIMARY KEY, best bigint, points int);
        ALTER TABLE gamer SET (autovacuum_enabled = off);
        ALTER TABLE duel SET (autovacuum_enabled = off);
        {rows("gamer", 200, "n * 7")}
        {rows("duel", 300, "5000 + n * 3", f"{pick(1, 200)} * 7", pick(4, 900))}
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {("duel.best", "gamer.id")}


def test_numbers_far_from_the_first_tell_their_table(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE TABLE emp (emp_no int PRIMARY KEY, hired_year int);
        CREATE TABLE ticket (tkt_no int PRIMARY KEY, assgn int, prio int, opened_year int, copy_no int);
        {rows("emp", 150, "2000 + n", f"2000 + {pick(1, 24)}")}
        {rows("ticket", 600, "n", f"2000 + {pick(2, 150)}", pick(3, 4), f"2000 + {pick(4, 24)}", "n")}
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {("ticket.assgn", "emp.emp_no")}


def test_a_copy_of_the_own_key_refers_to_nothing(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE payment (id uuid PRIMARY KEY, undoes uuid, trace uuid);
        INSERT INTO payment SELECT md5('p' || n)::uuid, CASE WHEN n > 50 THEN md5('p' || (n - 50))::uuid END,
                                   md5('p' || n)::uuid FROM generate_series(1, 100) AS n;
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {("payment.undoes", "payment.id")}


def test_texts_that_are_the_keys_of_a_table(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE TABLE insurer (ik_no char(9) PRIMARY KEY);
        CREATE TABLE patient (id int PRIMARY KEY, cover_no char(9), card_no char(9), town text);
        {rows("insurer", 40, "(101000000 + n * 10007)::text")}
        {rows("patient", 300, "n", f"(101000000 + {pick(1, 40)} * 10007)::text", "(500000000 + n)::text", "'t' || n")}
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {("patient.cover_no", "insurer.ik_no")}


PLACES = f"""
    CREATE TABLE region (reg_cd char(2), town_cd char(3), PRIMARY KEY (reg_cd, town_cd));
    INSERT INTO region SELECT lpad(r::text, 2, '0'), lpad(t::text, 3, '0')
    FROM generate_series(1, 20) AS r, generate_series(1, 30) AS t WHERE t <= 3 + r * 7 % 20;
    CREATE TABLE person (id int PRIMARY KEY, birth_reg char(2), birth_town char(3));
    INSERT INTO person SELECT row_number() OVER (), reg_cd, town_cd FROM region, generate_series(1, 2);
    UPDATE person SET birth_town = '099' WHERE id <= 4;
    CREATE TABLE note (id int PRIMARY KEY, reg_cd char(2), town_cd char(3));
    INSERT INTO note SELECT n, lpad({pick(1, 20)}::text, 2, '0'), lpad({pick(2, 3)}::text, 3, '0')
    FROM generate_series(1, 200) AS n;
    ANALYZE;
"""


def test_columns_that_refer_together_in_another_part(db18: psycopg.Connection) -> None:
    """Notes have numbers of their own that are below those of any region."""
    (found,) = findings(db18, "missing-foreign-key", PLACES)
    assert found.object == "public.person (birth_reg, birth_town)"
    assert measured(found)["orphans"] == 4


def test_a_number_that_is_counted_within_its_table(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE TABLE ward (ward_id int PRIMARY KEY);
        CREATE TABLE bed (ward_id int, bed_no int, PRIMARY KEY (ward_id, bed_no));
        CREATE TABLE stay (id int PRIMARY KEY, ward_id int, bed_no int);
        {rows("ward", 12, "n")}
        INSERT INTO bed SELECT w, b FROM generate_series(1, 12) AS w, generate_series(1, 24) AS b WHERE b <= 8 + w;
        {rows("stay", 400, "n", pick(1, 12), f"1 + abs(hashint4(n)) % (8 + {pick(1, 12)})")}
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {
        ("stay (ward_id, bed_no)", "bed.ward_id, bed.bed_no"),
        ("bed.ward_id", "ward.ward_id"),
    }


def test_parts_that_people_play_in_german(db18: psycopg.Connection) -> None:
    """From one age to another is no doctor."""
    sql = f"""
        CREATE TABLE arzt (arzt_id int PRIMARY KEY, nachname text);
        CREATE TABLE befund (id int PRIMARY KEY, gestellt_von int, hausarzt int, alter_von int, alter_bis int);
        {rows("arzt", 30, "n", "'n' || n")}
        {rows("befund", 200, "n", pick(1, 30), pick(2, 30), pick(3, 30), pick(4, 30))}
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {
        ("befund.gestellt_von", "arzt.arzt_id"),
        ("befund.hausarzt", "arzt.arzt_id"),
    }


def test_parts_that_people_play_in_polish(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE TABLE pracownik (id int PRIMARY KEY, nazwisko text, kierownik_id int);
        CREATE TABLE wniosek (id int PRIMARY KEY, id_pracownika int, zatwierdzil int, dni int);
        {rows("pracownik", 90, "n", "'n' || n", f"CASE WHEN n > 5 THEN {pick(5, 90)} END")}
        {rows("wniosek", 300, "n", pick(6, 90), pick(7, 20), pick(8, 26))}
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {
        ("pracownik.kierownik_id", "pracownik.id"),
        ("wniosek.id_pracownika", "pracownik.id"),
        ("wniosek.zatwierdzil", "pracownik.id"),
    }


def test_columns_named_like_references_are_told_once_a_parent(db18: psycopg.Connection) -> None:
    tables = "".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, tenant_id int);" for n in range(7))
    (found,) = findings(db18, "missing-foreign-key", f"CREATE TABLE tenant (id int PRIMARY KEY); {tables}")
    columns = measured(found)["references"]
    assert found.object == "public.tenant"
    assert columns == tuple(f"public.t{n}.tenant_id" for n in range(7))


NONE: set[tuple[str, str]] = set()
VERY_NAME = """
    CREATE TABLE event_data (event_data_id uuid PRIMARY KEY);
    CREATE TABLE site_event (event_id uuid PRIMARY KEY);
    CREATE TABLE sale (id uuid PRIMARY KEY, event_id uuid);
"""
OTHER_KINDS = """
    CREATE TABLE mail_validation_session (session_id text PRIMARY KEY);
    CREATE TABLE key (id int PRIMARY KEY, auth_session_id text, session_id text);
"""
OF_A_SERVICE = """
    CREATE TABLE users (id text PRIMARY KEY);
    CREATE TABLE hook (id int PRIMARY KEY, slack_user_id text);
"""
CALLED_SO = """
    CREATE TABLE users (id uuid PRIMARY KEY);
    CREATE TABLE currency (iso char(3) PRIMARY KEY);
    CREATE TABLE model (name text PRIMARY KEY);
    CREATE TABLE bill (id int PRIMARY KEY, created_by uuid, currency char(3), model text);
"""
A_WORD_MORE = "CREATE TABLE acct (acct_id int PRIMARY KEY, pay_acct_id int, own_acct_id int NOT NULL);"


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        pytest.param(VERY_NAME, {("sale.event_id", "site_event.event_id")}, id="a key of the very name"),
        pytest.param(OTHER_KINDS, NONE, id="another kind of thing"),
        pytest.param(OF_A_SERVICE, NONE, id="an id of another service"),
        pytest.param(CALLED_SO, {("bill.created_by", "users.id"), ("bill.currency", "currency.iso")}, id="called so"),
        pytest.param(A_WORD_MORE, {("acct.pay_acct_id", "acct.acct_id")}, id="its own key with a word more"),
    ],
)
def test_names_alone(db18: psycopg.Connection, sql: str, wanted: set[tuple[str, str]]) -> None:
    assert said(findings(db18, "missing-foreign-key", sql)) == wanted


def test_wide_keys_are_told_once_a_schema(db18: psycopg.Connection) -> None:
    columns = "a int, b int, c int, d int, e int"
    tables = "".join(
        f"CREATE TABLE p{n} ({columns}, PRIMARY KEY (a, b, c, d, e));"
        f" CREATE TABLE c{n} (id int PRIMARY KEY, {columns}, FOREIGN KEY (a, b, c, d, e) REFERENCES p{n});"
        for n in range(5)
    )
    (found,) = findings(db18, "wide-referenced-key", tables)
    assert (found.object, measured(found)["tables"]) == ("public", 5)


def test_names_without_a_word(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE "{}" ("$" bigint PRIMARY KEY, "!" bigint);
        CREATE TABLE "_" ("%" bigint, "-" int, "2_of_id" bigint, PRIMARY KEY ("%", "-"));
        INSERT INTO "{}" SELECT n * 9, n * 9 FROM generate_series(1, 60) AS n;
        INSERT INTO "_" SELECT n % 40 * 9 + 9, n, 1 FROM generate_series(1, 90) AS n;
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == NONE
