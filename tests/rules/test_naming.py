"""Names, however odd, are read as a whole."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.rules import all_rules
from rules.observing import findings, measured, report

ODD = """
    CREATE SCHEMA "Odd ""one";
    CREATE TABLE "Odd ""one"."Vidéos {0} %s" ("select" int PRIMARY KEY, "Sélect" int, straße text, "🙂" text);
    CREATE TABLE "Odd ""one"."1" (a int);
"""


def test_rules_of_taste_run_only_where_they_are_asked_for(db18: psycopg.Connection) -> None:
    db18.execute(ODD.encode())
    assert not [f for f in report(db18).findings if f.rule == "name-that-needs-quotes"]
    (first, second) = findings(db18, "name-that-needs-quotes")
    assert measured(second)["names"] == ("Vidéos {0} %s", "Sélect", "straße", "🙂")
    assert measured(first)["names"] == ("1",)
    (found,) = findings(db18, "reserved-word-as-name")
    assert measured(found)["names"] == ("select",)


@pytest.mark.parametrize(
    ("letters", "fires"), [("ä" * 40, True), ("ä" * 30, False), ("a" * 63, True)], ids=["cut", "short", "full"]
)
def test_a_name_is_cut_between_letters(db18: psycopg.Connection, letters: str, *, fires: bool) -> None:
    assert bool(findings(db18, "name-at-length-limit", f'CREATE TABLE t (id int, "{letters}" text)')) is fires


def test_names_that_look_alike(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE users (id int PRIMARY KEY, раssword text, password text); CREATE TABLE "Users" (id int);
        CREATE SCHEMA other; CREATE TABLE other.users (id int);
    """
    assert {f.object: measured(f) for f in findings(db18, "confusable-names", sql)} == {
        "public.users": {"columns": ("раssword", "password")}, "public.Users": {"tables": ("Users", "users")}
    }  # fmt: skip


def test_odd_names_stop_no_rule_about_columns(db18: psycopg.Connection) -> None:
    db18.execute(ODD.encode())
    themes = {"types", "redundancy", "naming"}
    assert report(db18, *(rule for rule in all_rules() if rule.theme in themes)).crashed == ()
