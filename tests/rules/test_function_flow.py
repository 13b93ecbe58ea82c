"""Ways through the bodies of functions: where they end, what they never reach or use; held against the server."""

from __future__ import annotations

import psycopg
import pytest

from rules.observing import findings

RUNS_OUT = "control reached end of function without RETURN"


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ("IF n > 0 THEN RETURN 1; ELSIF n < 0 THEN RETURN -1; END IF;", False),
        ("IF n > 0 THEN RETURN 1; ELSE RETURN 0; END IF;", True),
        ("CASE WHEN n > 0 THEN RETURN 1; ELSE RETURN 0; END CASE;", True),
        ("CASE WHEN n > 0 THEN RETURN 1; ELSE n := 1; END CASE;", False),
        ("BEGIN IF n > 0 THEN RETURN 1; END IF; EXCEPTION WHEN OTHERS THEN RETURN 0; END;", False),
        ("BEGIN RETURN 1 / n; EXCEPTION WHEN division_by_zero THEN RETURN 0; END;", True),
        ("LOOP n := n + 1; IF n > 3 THEN RETURN n; END IF; END LOOP;", True),
        ("LOOP n := n + 1; LOOP EXIT; END LOOP; IF n > 3 THEN RETURN n; END IF; END LOOP;", True),
        ("LOOP n := n + 1; EXIT WHEN n > 3; IF n > 9 THEN RETURN n; END IF; END LOOP;", False),
        ("FOR i IN 1..n LOOP RETURN i; END LOOP;", False),
        ("IF n > 0 THEN RETURN n; END IF; RAISE 'no';", True),
        ("IF n > 0 THEN RETURN n; END IF; RAISE NOTICE 'no';", False),
    ],
)
def test_where_a_function_ends(db18: psycopg.Connection, body: str, *, ends: bool) -> None:
    sql = f"CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
    assert bool(findings(db18, "function-without-return", sql)) is not ends
    try:
        db18.execute("SELECT f(0)")
        ran_out = False
    except psycopg.Error as error:
        ran_out = RUNS_OUT in str(error)
    assert ran_out is not ends


def test_a_loop_counts_in_a_variable_of_its_own(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
        DECLARE i int; j int := 0; k int := 0;
        BEGIN
            FOR i IN 1..n LOOP k := k + i; END LOOP;
            FOR j IN 1..n LOOP k := k + j; END LOOP;
            RETURN k + j;
        END $$
    """
    (found,) = findings(db18, "unused-variable", sql)
    assert found.message == "declares i and never uses it"
    assert db18.execute("SELECT f(2)").fetchone() == (6,)


def test_columns_without_their_table(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE sale (id int PRIMARY KEY, amount int);
        CREATE TABLE note (id int, what text);
        SET check_function_bodies = off;
        CREATE FUNCTION f(n int) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM sale WHERE area = n $$;
        CREATE FUNCTION fine(n int) RETURNS bigint LANGUAGE sql
            AS $$ SELECT count(*) AS many FROM sale AS s, note WHERE amount > n AND what IS NOT NULL ORDER BY many $$;
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO note (id, what) VALUES (NEW.id, tg_table_name); RETURN NULL; END $$;
        CREATE TRIGGER noted AFTER INSERT ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        CREATE FUNCTION held() RETURNS int LANGUAGE plpgsql AS $$
        DECLARE one sale%ROWTYPE; BEGIN RETURN one.id; END $$;
        CREATE FUNCTION lost() RETURNS int LANGUAGE plpgsql AS $$
        DECLARE one public.refund%ROWTYPE; BEGIN RETURN one.id; END $$;
    """
    (found,) = findings(db18, "function-names-missing-column", sql)
    assert (found.object, "public.sale.area" in found.message) == ("public.f(n integer)", True)
    (lost,) = findings(db18, "function-names-missing-table", "SELECT 1")
    assert lost.object == "public.lost()"
