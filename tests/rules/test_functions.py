"""Bodies of functions: what they name, and what they run that was given to them."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.model.finding import Severity
from rules.observing import findings, measured, report

SALE = "CREATE TABLE sale (id int PRIMARY KEY, label text, amount int);"


def plpgsql(arguments: str, body: str, *, options: str = "", declare: str = "") -> str:
    return (
        f"CREATE FUNCTION f({arguments}) RETURNS void LANGUAGE plpgsql {options} AS $f$ DECLARE {declare} {body} $f$;"
    )


@pytest.mark.parametrize(
    ("arguments", "declare", "statements", "found"),
    [
        ("tab text", "", "EXECUTE 'DELETE FROM ' || tab;", ("tab",)),
        ("tab name, id int", "", "EXECUTE format('DELETE FROM %s WHERE id = %s', tab, id);", ("tab",)),
        ("tab text", "", "EXECUTE format('DELETE FROM %2$I WHERE x = %1$L', 'a', tab);", ()),
        ("tab text", "", "EXECUTE format('DELETE FROM %2$s WHERE x = %1$L', 'a', tab);", ("tab",)),
        ("text", "", "EXECUTE 'DELETE FROM ' || $1;", ("$1",)),
        ("a jsonb", "q text;", "q := 'DELETE FROM '; q := q || (a ->> 'tab'); EXECUTE q;", ("a",)),
        ("a text", "n int := a;", "EXECUTE 'DELETE FROM sale WHERE id = ' || n;", ()),
        ("tab text", "q text;", "q := quote_ident(tab); EXECUTE 'DELETE FROM ' || q;", ()),
        ("tab text", "", "tab := quote_ident(tab); EXECUTE 'DELETE FROM ' || tab;", ()),
        ("tab text", "", "PERFORM tab::regclass; EXECUTE 'DELETE FROM ' || tab;", ()),
        ("tab text", "", "IF tab <> '' THEN EXECUTE 'DELETE FROM ' || tab; END IF;", ("tab",)),
        ("tab text", "", "IF tab ~ '^[a-z]+$' THEN EXECUTE 'DELETE FROM ' || tab; END IF;", ()),
        ("tab text", "", "CASE tab WHEN 'a' THEN EXECUTE 'DELETE FROM ' || tab; END CASE;", ()),
        ("tab text", "r record;", "FOR r IN EXECUTE 'SELECT FROM ' || lower(tab) LOOP NULL; END LOOP;", ("tab",)),
        ("tab text", "", "EXECUTE 'SELECT $1' USING tab;", ()),
        ("parts text[]", "", "EXECUTE array_to_string(parts, ' ');", ("parts",)),
    ],
)  # fmt: skip
def test_what_reaches_execute(
    db18: psycopg.Connection, arguments: str, declare: str, statements: str, found: tuple[str, ...]
) -> None:
    sql = plpgsql(arguments, f"BEGIN {statements} END", declare=declare)
    assert [measured(f)["parameters"] for f in findings(db18, "dynamic-sql-injection", sql)] == [found] * bool(found)


def test_a_function_that_runs_any_query_with_its_owners_rights(db18: psycopg.Connection) -> None:
    body = "BEGIN EXECUTE query; END"
    assert findings(db18, "dynamic-sql-injection", plpgsql("query text", body)) == ()
    db18.execute("DROP FUNCTION f")
    (found,) = findings(db18, "dynamic-sql-injection", plpgsql("query text", body, options="SECURITY DEFINER"))
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("statement", "options", "missing"),
    [
        ("PERFORM FROM gone;", "", ("gone",)),
        ("PERFORM FROM public.gone;", "", ("public.gone",)),
        ("PERFORM FROM sale;", "SET search_path = ''", ("sale",)),
        ("PERFORM FROM sale;", "SET search_path = public", ()),
        ('PERFORM FROM "Sale";', "", ("Sale",)),
        ("PERFORM FROM tmp_upload;", "", ()),
        ("PERFORM FROM pg_class; PERFORM FROM information_schema.columns;", "", ()),
        ("CREATE TABLE extra (a int); INSERT INTO extra VALUES (1);", "", ()),
        ("DROP TABLE IF EXISTS gone;", "", ()),
        ("EXECUTE 'DELETE FROM gone';", "", ()),
        ("BEGIN PERFORM FROM gone; EXCEPTION WHEN undefined_table THEN NULL; END;", "", ()),
    ],
)
def test_tables_that_are_missing(
    db18: psycopg.Connection, statement: str, options: str, missing: tuple[str, ...]
) -> None:
    sql = SALE + plpgsql("", f"BEGIN {statement} END", options=options)
    assert [measured(f)["missing"] for f in findings(db18, "function-names-missing-table", sql)] == (
        [missing] if missing else []
    )


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("INSERT INTO sale (id, price) VALUES (1, 2);", ("public.sale.price",)),
        ("UPDATE sale SET (label, price) = ('a', 1);", ("public.sale.price",)),
        ("PERFORM FROM sale AS s WHERE s.price > 0;", ("public.sale.price",)),
        ("PERFORM FROM sale AS s JOIN (SELECT 1 AS price) AS d ON d.price = s.amount;", ()),
        ("WITH s AS (SELECT 1 AS x) SELECT FROM s, sale AS t WHERE EXISTS (SELECT FROM sale AS s WHERE s.x = 1);", ()),
        ("PERFORM FROM sale AS s (a, b, price) WHERE s.price > 0;", ()),
        ("INSERT INTO sale AS s (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET amount = s.id + excluded.amount;", ()),
        ("PERFORM FROM sale AS r WHERE r.price > 0;", ()),
    ],
)  # fmt: skip
def test_columns_that_are_missing(db18: psycopg.Connection, statement: str, missing: tuple[str, ...]) -> None:
    sql = SALE + plpgsql("", f"BEGIN {statement} END", declare="r record;")
    assert [measured(f)["missing"] for f in findings(db18, "function-names-missing-column", sql)] == (
        [missing] if missing else []
    )


def test_a_trigger_that_assigns_to_a_column_which_is_gone(db18: psycopg.Connection) -> None:
    sql = f"""{SALE}
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.changed_at := now(); RETURN NEW; END $$;
        CREATE TRIGGER stamp BEFORE INSERT ON sale FOR EACH ROW EXECUTE FUNCTION stamp();
    """
    (found,) = findings(db18, "function-names-missing-column", sql)
    assert (found.severity, measured(found)["missing"]) == (Severity.ERROR, ("NEW.changed_at",))
    with pytest.raises(psycopg.errors.UndefinedColumn):
        db18.execute("INSERT INTO sale VALUES (1)")
    db18.execute("ALTER TABLE sale ADD changed_at timestamptz")
    assert findings(db18, "function-names-missing-column") == ()


@pytest.mark.parametrize(
    ("definition", "wrong"),
    [
        ("LANGUAGE sql IMMUTABLE AS $$ SELECT count(*)::int FROM sale $$", True),
        ("LANGUAGE sql IMMUTABLE RETURN (SELECT count(*) FROM sale)", True),
        ("LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (random() * 6)::int; END $$", True),
        ("LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN extract(year FROM current_date); END $$", True),
        ("LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE random int := 4; BEGIN RETURN random; END $$", False),
        ("LANGUAGE sql STABLE AS $$ SELECT count(*)::int FROM sale $$", False),
    ],
)
def test_immutable_functions(db18: psycopg.Connection, definition: str, *, wrong: bool) -> None:
    found = findings(db18, "immutable-function-that-reads", f"{SALE} CREATE FUNCTION f() RETURNS int {definition};")
    assert bool(found) == wrong


def test_an_index_over_a_function_that_is_not_immutable(db18: psycopg.Connection) -> None:
    """What is in the index is not what the function says after the table has changed."""
    sql = f"""{SALE}
        CREATE FUNCTION share(amount int) RETURNS numeric LANGUAGE sql IMMUTABLE
            AS $$ SELECT $1 / sum(s.amount) FROM public.sale AS s $$;
        CREATE INDEX sale_share ON sale (share(amount));
    """
    (found,) = findings(db18, "immutable-function-that-reads", sql)
    assert (found.severity, measured(found)["is kept in"]) == (Severity.ERROR, ("public.sale_share",))


def test_a_stable_function_that_writes_fails(db18: psycopg.Connection) -> None:
    sql = SALE + plpgsql("", "BEGIN UPDATE sale SET amount = 0; END", options="STABLE")
    (found,) = findings(db18, "reading-function-that-writes", sql)
    assert found.object == "public.f()"
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="not allowed in a non-volatile function"):
        db18.execute("SELECT f()")


def test_hostile_names_in_bodies(db18: psycopg.Connection) -> None:
    db18.execute("""
        CREATE SCHEMA "Odd ""schema"; CREATE TABLE "Odd ""schema"."Vidéos {0} %s" ("Nr %" int PRIMARY KEY);
        CREATE FUNCTION "Odd ""schema"."do {it} %s"("Tab %" text) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE "My 'rec'" record;
        BEGIN
            UPDATE "Odd ""schema"."Vidéos {0} %s" SET "Nr %" = 1;
            EXECUTE 'DELETE FROM ' || "Tab %";
        END $$;
        CREATE FUNCTION "Odd ""schema"."trig"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW."Nr %" := '{"a":{}},{"b":[]}'::text IS NULL; RETURN NEW; END $$;
        CREATE TRIGGER "t %" BEFORE INSERT ON "Odd ""schema"."Vidéos {0} %s"
            FOR EACH ROW EXECUTE FUNCTION "Odd ""schema"."trig"();
    """)
    found = report(db18)
    assert [f.object for f in found.of("dynamic-sql-injection")] == ['"Odd ""schema".do {it} %s("Tab %" text)']
    assert not [f for f in found.findings if f.rule.startswith("function-names")]


def test_a_search_path_with_odd_names(db18: psycopg.Connection) -> None:
    db18.execute("""
        CREATE SCHEMA "odd""one, two"; CREATE TABLE "odd""one, two".parcel (id int PRIMARY KEY);
        CREATE FUNCTION "odd""one, two".count_them() RETURNS bigint LANGUAGE plpgsql
        SET search_path = "odd""one, two", pg_temp AS $$ BEGIN RETURN (SELECT count(id) FROM parcel); END $$;
    """)
    assert findings(db18, "function-names-missing-table") == ()
