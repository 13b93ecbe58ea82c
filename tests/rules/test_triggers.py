"""Triggers that are switched off."""

from __future__ import annotations

import psycopg

from rules.observing import findings, measured

SALE = """
    CREATE TABLE sale (id int, day date) PARTITION BY RANGE (day);
    CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE sale_2 PARTITION OF sale FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER "one %" AFTER INSERT ON sale FOR EACH ROW EXECUTE FUNCTION noted();
    CREATE TRIGGER other AFTER DELETE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
"""


def test_a_partitioned_table_is_told_once_with_all_its_triggers(db18: psycopg.Connection) -> None:
    assert findings(db18, "disabled-trigger", SALE) == ()
    db18.execute("ALTER TABLE sale DISABLE TRIGGER USER")
    (found,) = findings(db18, "disabled-trigger")
    assert (found.object, measured(found)["disabled triggers"]) == ("public.sale", ("one %", "other"))


def test_writes_that_are_swallowed(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE sale (id int PRIMARY KEY); INSERT INTO sale VALUES (1);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN /* RETURN OLD */ RETURN NEW; END $$;
        CREATE TRIGGER noted BEFORE DELETE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
    """
    (found,) = findings(db18, "trigger-that-swallows-writes", sql)
    assert "no row is deleted" in found.message
    assert db18.execute("DELETE FROM sale").rowcount == 0
    assert db18.execute("SELECT count(*) FROM sale").fetchone() == (1,)


def test_new_is_filled_and_never_returned(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE sale (id int PRIMARY KEY, place text); CREATE TABLE log (line text);
        CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.place := trim(NEW.place); RETURN NULL; END $$;
        CREATE TRIGGER tidy BEFORE INSERT ON sale FOR EACH ROW EXECUTE FUNCTION tidy();
        CREATE TABLE elsewhere (LIKE sale);
        CREATE FUNCTION sent() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.place := trim(NEW.place); INSERT INTO log VALUES (NEW.place); RETURN NULL; END $$;
        CREATE TRIGGER sent BEFORE INSERT ON elsewhere FOR EACH ROW EXECUTE FUNCTION sent();
    """
    (found,) = findings(db18, "trigger-that-swallows-writes", sql)
    assert (found.object, "no row is inserted" in found.message) == ("public.sale", True)
    assert db18.execute("INSERT INTO sale VALUES (1, ' x ')").rowcount == 0


def test_a_load_left_the_triggers_of_keys_off(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE shop (id int PRIMARY KEY);
        CREATE TABLE sale (id int PRIMARY KEY, shop_id int REFERENCES shop);
        ALTER TABLE sale DISABLE TRIGGER ALL;
    """
    (found,) = findings(db, "disabled-trigger", sql)
    assert measured(found)["constraints that are not checked"] == ("sale_shop_id_fkey",)
    db.execute("INSERT INTO sale VALUES (1, 99)")
    assert findings(db, "disabled-trigger", "ALTER TABLE sale ENABLE TRIGGER ALL") == ()


def test_off_in_one_partition(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "disabled-trigger", SALE + "ALTER TABLE sale_1 DISABLE TRIGGER other;")
    assert found.object == "public.sale_1"


def test_nobody_watches_over_the_schema(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'changed'; END $$;
        CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch();
    """
    assert findings(db18, "disabled-trigger", sql) == ()
    (found,) = findings(db18, "disabled-trigger", "ALTER EVENT TRIGGER watch DISABLE")
    assert found.object == "event trigger watch"
