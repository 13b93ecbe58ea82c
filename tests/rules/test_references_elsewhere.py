"""References in schemas of other making: modules and dictionaries in front of names, marks, kinds in other words."""

from __future__ import annotations

import psycopg

from rules.observing import findings, measured
from rules.test_references import pick, rows, said


def test_dictionaries_numbers_beside_the_key_and_marks_of_keys(db18: psycopg.Connection) -> None:
    """A kind of thing is of no other table, 0 and 1 are a flag, and a list that is used up tells itself."""
    sql = f"""
        CREATE TABLE erp_c_region (rowid int PRIMARY KEY, code_region int NOT NULL UNIQUE);
        CREATE TABLE erp_c_term (rowid int PRIMARY KEY, label text);
        CREATE TABLE erp_c_action (id int PRIMARY KEY, label text);
        CREATE TABLE erp_user (rowid int PRIMARY KEY, fk_user int);
        CREATE TABLE erp_product (rowid int PRIMARY KEY, fk_product_type int NOT NULL);
        CREATE TABLE erp_action (id int PRIMARY KEY, fk_action int, fk_region int, fk_reglement int, fk_product int,
                                 product_type int, fk_author bigint);
        {rows("erp_c_region", 60, "n", "100 + n * 7")}
        {rows("erp_c_term", 11, "n", "'t'")}
        {rows("erp_c_action", 30, "n", "'a'")}
        {rows("erp_user", 120, "n", "CASE WHEN n > 9 THEN n / 3 END")}
        {rows("erp_product", 200, "n", "n % 2")}
        {
        rows(
            "erp_action", 600, "n", pick(1, 30), f"100 + {pick(2, 60)} * 7", pick(3, 11),
            f"CASE WHEN n < 4 THEN 900 + n ELSE {pick(4, 200)} END", "n % 2", pick(5, 120),
        )
    }
        ANALYZE;
    """  # fmt: skip
    found = findings(db18, "missing-foreign-key", sql)
    assert said(found) == {
        ("erp_user.fk_user", "erp_user.rowid"),
        ("erp_action.fk_action", "erp_c_action.id"),
        ("erp_action.fk_region", "erp_c_region.code_region"),
        ("erp_action.fk_reglement", "erp_c_term.rowid"),
        ("erp_action.fk_product", "erp_product.rowid"),
        ("erp_action.fk_author", "erp_user.rowid"),
    }
    told = {f.object: f for f in found}
    assert measured(told["public.erp_action.fk_product"])["orphans"] == 3
    assert "(integer) as bigint" in told["public.erp_action.fk_author"].message


def test_modules_in_front_of_names_and_users_that_are_persons(db18: psycopg.Connection) -> None:
    """A user's own partner does not make partners of users, and who did something did it as a user."""
    sql = f"""
        CREATE TABLE res_partner (id int PRIMARY KEY, name text, create_uid int);
        CREATE TABLE res_users (id int PRIMARY KEY, partner_id int NOT NULL UNIQUE, person_id int NOT NULL);
        CREATE TABLE person (person_id int PRIMARY KEY, birthdate date);
        CREATE TABLE uom_uom (id int PRIMARY KEY);
        CREATE TABLE sale_order (id int PRIMARY KEY, partner_id int, partner_invoice_id int, uom_id int, creator int);
        {rows("res_partner", 300, "n", "'p'", pick(1, 40))}
        {rows("res_users", 40, "n", "n * 7", "n * 11")}
        {rows("person", 500, "n", "date '1970-01-01' + n")}
        {rows("uom_uom", 30, "n")}
        {rows("sale_order", 600, "n", pick(2, 300), pick(3, 300), pick(4, 30), pick(5, 40))}
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {
        ("res_partner.create_uid", "res_users.id"),
        ("res_users.partner_id", "res_partner.id"),
        ("res_users.person_id", "person.person_id"),
        ("sale_order.partner_id", "res_partner.id"),
        ("sale_order.partner_invoice_id", "res_partner.id"),
        ("sale_order.uom_id", "uom_uom.id"),
        ("sale_order.creator", "res_users.id"),
    }


KINDS = f"""
    CREATE TABLE facture (id int PRIMARY KEY);
    CREATE TABLE task_run (id int PRIMARY KEY);
    CREATE TABLE driver (id int PRIMARY KEY);
    CREATE TABLE note (id int PRIMARY KEY, fk_element int, elementtype text, doc_no int, cost_event_id int,
                       cost_domain text, extra_drivers text, minutes text);
    {rows("facture", 100, "n")}
    {rows("task_run", 200, "n")}
    {rows("driver", 60, "n")}
    INSERT INTO note SELECT n, CASE WHEN n % 2 = 0 THEN {pick(1, 100)} ELSE {pick(2, 200)} END,
        CASE WHEN n % 2 = 0 THEN 'invoice' ELSE 'task' END, n % 70,
        CASE WHEN n % 3 = 0 THEN {pick(3, 60)} ELSE n % 200 + 1 END,
        CASE WHEN n % 3 = 0 THEN 'Driver' ELSE 'Task' END, concat({pick(4, 60)}, ', ', {pick(5, 60)}),
        concat({pick(6, 90)}, ', ', {pick(7, 90)}) FROM generate_series(1, 400) AS n;
    UPDATE note SET fk_element = 900 WHERE id = 2;
    UPDATE note SET cost_event_id = 900 WHERE id = 3;
    ANALYZE;
"""


def test_kinds_that_say_a_table_in_other_words(db18: psycopg.Connection) -> None:
    """By translation, by how a name begins or ends; a number that stands beside the kind is of no table."""
    found = findings(db18, "polymorphic-orphans", KINDS)
    assert {f.object: f.cost.rows for f in found if f.cost} == {
        "public.note.fk_element": 1,
        "public.note.cost_event_id": 1,
    }
    several = findings(db18, "reference-to-several-tables")
    assert {f.object for f in several} == {"public.note.fk_element", "public.note.cost_event_id"}
    (listed,) = findings(db18, "list-of-references")
    assert (listed.object, measured(listed)["key"]) == ("public.note.extra_drivers", "public.driver.id")


def test_tables_that_values_tie(db18: psycopg.Connection) -> None:
    """Nothing is declared: what no value ties either is linked to nothing."""
    sql = f"""
        CREATE TABLE station (id int PRIMARY KEY, name text);
        CREATE TABLE route (id int PRIMARY KEY, station_id int NOT NULL);
        CREATE TABLE stop (id int PRIMARY KEY, route_id int NOT NULL, station_id int NOT NULL);
        CREATE TABLE about (name text PRIMARY KEY, released date);
        CREATE TABLE old_fares (tariff text PRIMARY KEY, fare numeric);
        {rows("station", 50, "n", "'s'")}
        {rows("route", 60, "n", pick(1, 50))}
        {rows("stop", 200, "n", pick(2, 60), pick(3, 50))}
        {rows("old_fares", 30, "'f' || n", "n")}
        INSERT INTO about VALUES ('city', now());
        ANALYZE;
    """
    assert [f.object for f in findings(db18, "unlinked-table", sql)] == ["public.old_fares"]


def test_a_code_of_few_values_is_no_hierarchy(db18: psycopg.Connection) -> None:
    """Countries that are kept elsewhere, or nowhere, are no rows above."""
    sql = f"""
        CREATE TABLE contact (id int PRIMARY KEY, pays_id int);
        {rows("contact", 900, "n", "CASE WHEN n > 30 THEN 1 + (n * n) % 28 ELSE n % 3 + 2 END")}
        ANALYZE;
    """
    assert not findings(db18, "cycle-in-hierarchy", sql)


def test_old_rows_in_use_and_names_run_together(db18: psycopg.Connection) -> None:
    """Returned loans are found by their columns; an archive without a key is what it was. A number as text is told."""
    sql = f"""
        CREATE TABLE borrower (borrowernumber int PRIMARY KEY);
        CREATE TABLE aqbooksellers (id int PRIMARY KEY, name text);
        CREATE TABLE old_loan (id int PRIMARY KEY, borrowernumber int);
        CREATE INDEX ON old_loan (borrowernumber);
        CREATE TABLE loan_backup (id int, borrowernumber int);
        CREATE TABLE basket (id int PRIMARY KEY, booksellerid varchar(12), usrid int);
        CREATE TABLE users (userid int PRIMARY KEY);
        {rows("borrower", 90, "n * 3")}
        {rows("aqbooksellers", 40, "n", "'b'")}
        {rows("users", 30, "n")}
        {rows("old_loan", 300, "n", f"{pick(1, 90)} * 3")}
        {rows("loan_backup", 300, "n", f"{pick(1, 90)} * 3")}
        {rows("basket", 200, "n", f"{pick(2, 40)}::text", pick(3, 30))}
        ANALYZE;
    """
    assert said(findings(db18, "missing-foreign-key", sql)) == {
        ("old_loan.borrowernumber", "borrower.borrowernumber"),
        ("basket.usrid", "users.userid"),
    }
    (text,) = findings(db18, "reference-as-text")
    assert (text.object, measured(text)["key"]) == ("public.basket.booksellerid", "public.aqbooksellers.id")


def test_types_that_differ_where_there_are_no_rows(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE role (role_id int PRIMARY KEY, name text);
        CREATE TABLE member (id int PRIMARY KEY, role_id smallint);
    """
    (found,) = findings(db18, "missing-foreign-key", sql)
    assert "(integer) as smallint" in found.message
