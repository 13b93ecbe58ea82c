"""A retyped reference loses nothing, whatever is written while both shapes are there."""

from __future__ import annotations

from functools import partial

import psycopg
import pytest

from pgrefit.apply.executor import apply_plan
from pgrefit.apply.rollback import roll_back
from pgrefit.changes.retype_columns import Conversion, RetypeColumns
from pgrefit.design.plan import make_plan
from pgrefit.errors import ProofFailed, StoppedSafely
from pgrefit.model.change import Phase
from pgrefit.model.intent import Intent
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan
from pgrefit.model.statistics import Statistics
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.connect import open_session
from step_runner import dsn, start

SCHEMA = """
    CREATE TABLE shop.customer (id int PRIMARY KEY);
    INSERT INTO shop.customer SELECT generate_series(1, 20);
    CREATE TABLE shop.purchase (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id text, quantity int);
    INSERT INTO shop.purchase (customer_id, quantity) SELECT n, 1 FROM generate_series(1, 20) AS n;
"""
CHANGE = RetypeColumns(
    table=Relation("shop", "purchase"),
    conversions=(
        Conversion(column="customer_id", to_type="integer", parent=Relation("shop", "customer"), parent_column="id"),
    ),
)


def planned(conn: psycopg.Connection, more: str = "") -> Plan:
    start(conn, SCHEMA + more)
    return make_plan(take_snapshot(conn), Statistics(), (CHANGE,), Intent())


def opener(conn: psycopg.Connection):
    return partial(open_session, dsn(conn), application="test")


def step_named(plan: Plan, words: str) -> str:
    return next(step.id for step in plan.steps if words in step.step.title)


def test_a_value_that_does_not_convert_is_refused_once_the_rest_was_checked(db18: psycopg.Connection) -> None:
    plan = planned(db18)
    apply_plan(opener(db18), plan, until=Phase.SWITCH)
    with pytest.raises(psycopg.errors.CheckViolation):
        db18.execute("INSERT INTO shop.purchase (customer_id_pgrefit_old) VALUES ('unknown')")


def test_another_spelling_is_kept_when_the_old_column_goes(db18: psycopg.Connection) -> None:
    plan = planned(db18, "UPDATE shop.purchase SET customer_id = ' 007 ' WHERE id = 7;")
    apply_plan(opener(db18), plan)
    kept = db18.execute("SELECT key, columns, old, new FROM pgrefit.before_image").fetchall()
    assert kept == [(["7"], ["customer_id"], [" 007 "], ["7"])]


def test_a_trigger_of_the_application_is_seen_whatever_its_name(db18: psycopg.Connection) -> None:
    plan = planned(
        db18,
        """
        CREATE FUNCTION shop.house() RETURNS trigger LANGUAGE plpgsql
            AS $$BEGIN NEW.customer_id := '20'; RETURN NEW; END$$;
        CREATE TRIGGER zz_house BEFORE INSERT OR UPDATE ON shop.purchase FOR EACH ROW WHEN (NEW.quantity = 77)
            EXECUTE FUNCTION shop.house();
        """,
    )
    apply_plan(opener(db18), plan, until=Phase.MIGRATE)
    row = db18.execute(
        "UPDATE shop.purchase SET quantity = 77 WHERE id = 3 RETURNING customer_id, customer_id_pgrefit_new"
    ).fetchone()
    assert row == ("20", 20)


def test_what_was_put_aside_late_comes_back_although_nothing_was_before(db18: psycopg.Connection) -> None:
    plan = planned(db18)
    aside = step_named(plan, "aside")
    assert {step.id: step.state for step in apply_plan(opener(db18), plan, until=aside).steps}[aside] == "skipped"
    db18.execute("INSERT INTO shop.purchase (customer_id) VALUES ('orphan')")
    apply_plan(opener(db18), plan, until=Phase.MIGRATE)
    assert db18.execute("SELECT count(*) FROM shop.purchase").fetchone() == (20,)
    roll_back(opener(db18), plan)
    assert db18.execute(
        "SELECT count(*), count(*) FILTER (WHERE customer_id = 'orphan') FROM shop.purchase"
    ).fetchone() == (
        21,
        1,
    )


def test_rows_come_back_into_a_table_that_has_got_a_column_since(db18: psycopg.Connection) -> None:
    plan = planned(db18, "UPDATE shop.purchase SET customer_id = 'nobody' WHERE id = 5;")
    apply_plan(opener(db18), plan, until=Phase.SWITCH)
    db18.execute("ALTER TABLE shop.purchase ADD COLUMN note text")
    roll_back(opener(db18), plan)
    assert db18.execute("SELECT customer_id, quantity, note FROM shop.purchase WHERE id = 5").fetchone() == (
        "nobody",
        1,
        None,
    )


def test_columns_that_disagree_are_not_dropped(db18: psycopg.Connection) -> None:
    plan = planned(db18)
    apply_plan(opener(db18), plan, until=Phase.SWITCH)
    db18.execute("SET session_replication_role = replica")  # past the trigger that keeps both in step
    db18.execute("UPDATE shop.purchase SET customer_id_pgrefit_old = '1' WHERE id = 2")
    db18.execute("RESET session_replication_role")
    with pytest.raises(ProofFailed):
        apply_plan(opener(db18), plan)
    assert db18.execute("SELECT customer_id_pgrefit_old FROM shop.purchase WHERE id = 2").fetchone() == ("1",)


def test_what_was_built_on_the_old_column_since_stops_its_drop(db18: psycopg.Connection) -> None:
    plan = planned(db18, "CREATE INDEX known ON shop.purchase (customer_id, id);")
    apply_plan(opener(db18), plan, until=Phase.SWITCH)
    db18.execute("CREATE UNIQUE INDEX late ON shop.purchase (customer_id_pgrefit_old, id)")
    with pytest.raises(StoppedSafely) as stopped:
        apply_plan(opener(db18), plan)
    assert "late" in stopped.value.why
    db18.execute("DROP INDEX shop.late")
    assert apply_plan(opener(db18), plan).state == "done"


def test_functions_that_name_the_column_are_a_hazard_of_the_switch(db18: psycopg.Connection) -> None:
    body = "'SELECT count(*) FROM shop.purchase WHERE customer_id = c'"
    plan = planned(db18, f"CREATE FUNCTION shop.bought(c text) RETURNS bigint LANGUAGE sql AS {body};")
    (switch,) = (step.step for step in plan.steps if step.step.title == "switch shop.purchase to the new columns")
    assert "shop.bought name them in their bodies" in switch.hazard
