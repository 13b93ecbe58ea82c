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
        ("tab text", "q text := 'DELETE FROM @';", "q := replace(q, '@', tab); EXECUTE q;", ("tab",)),
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
        ("EXECUTE 'DELETE FROM gone';", "", ("gone",)),
        ("EXECUTE 'CREATE TABLE made (a int)'; EXECUTE 'DELETE FROM made';", "", ()),
        ("EXECUTE 'DELETE FROM ' || quote_ident('gone');", "", ()),
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


OTHER_SCHEMA = """
    CREATE SCHEMA game; CREATE TYPE game.kind AS ENUM ('a', 'b');
    CREATE TABLE game.player (id int PRIMARY KEY, nick text, kind game.kind);
"""


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("ordered(col text) RETURNS SETOF game.player",
         "BEGIN RETURN QUERY EXECUTE concat('SELECT FROM game.player ORDER BY ', col); END"),
        ("of_kind(wanted game.kind, col text) RETURNS void", "BEGIN EXECUTE 'DROP TABLE game.' || col; END"),
        ("declared(col text) RETURNS void",
         "DECLARE p game.player; k game.kind[]; n int := 1; BEGIN p.nick := col; EXECUTE 'DROP TABLE ' || col; END"),
        ("each_of(VARIADIC col text[]) RETURNS void",
         "DECLARE x text; BEGIN FOREACH x IN ARRAY col LOOP EXECUTE 'DROP TABLE ' || x; END LOOP; END"),
        ("by_row(col text) RETURNS void",
         "DECLARE p game.player%ROWTYPE; BEGIN p.nick := col; EXECUTE 'DROP TABLE ' || col; END"),
        ("into_one(col text) RETURNS void",
         "DECLARE k game.kind; n int; BEGIN SELECT kind, id INTO k, n FROM game.player; EXECUTE 'DROP ' || col; END"),
    ],
)  # fmt: skip
def test_functions_with_types_of_the_users_schemas_are_read(db18: psycopg.Connection, head: str, body: str) -> None:
    sql = f"{OTHER_SCHEMA} CREATE FUNCTION {head} LANGUAGE plpgsql AS $$ {body} $$"
    (found,) = findings(db18, "dynamic-sql-injection", sql)
    assert measured(found)["parameters"] == ("col",)


@pytest.mark.parametrize(
    ("column", "text", "found"),
    [
        ("nick", "'DROP TABLE ' || NEW.nick", ("new.nick",)),
        ("nick", "format('DROP TABLE %I', NEW.nick)", ()),
        ("id", "'DROP TABLE t' || NEW.id", ()),
    ],
)
def test_a_row_of_a_trigger_is_put_into_sql(
    db18: psycopg.Connection, column: str, text: str, found: tuple[str, ...]
) -> None:
    sql = f"""
        {OTHER_SCHEMA}
        CREATE FUNCTION clear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE {text}; RETURN NEW; END $$;
        CREATE TRIGGER clear AFTER UPDATE OF {column} ON game.player FOR EACH ROW EXECUTE FUNCTION clear();
    """
    told = findings(db18, "dynamic-sql-injection", sql)
    assert tuple(name for f in told for name in measured(f)["parameters"]) == found


@pytest.mark.parametrize(
    ("rights", "template", "severity"),
    [
        ("INVOKER", "SELECT FROM %s", Severity.INFO),  # who calls it may run the same SQL
        ("INVOKER", "SELECT FROM sale WHERE label = ''%s''", Severity.WARNING),
        ("DEFINER", "SELECT FROM %s", Severity.ERROR),
    ],
)
def test_whose_rights_injected_sql_has(
    db18: psycopg.Connection, rights: str, template: str, severity: Severity
) -> None:
    sql = f"""
        CREATE FUNCTION look(what text) RETURNS void LANGUAGE plpgsql SECURITY {rights} AS $$
        BEGIN EXECUTE format('{template}', what); END $$;
    """
    (found,) = findings(db18, "dynamic-sql-injection", sql)
    assert found.severity is severity


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        ("IF(true, 1, 2)", "if"),
        ("nvl(1, 2)", "nvl"),
        ("lower('a')::text = '' AND coalesce(1, 2) = 1 AND int4('1') = 1", ""),
        ("game.rate(1)", ""),
        ("game.rate(1, 2)", ""),
        ("game.rate(b => 2, a => 1)", ""),
        ("game.rate()", "game.rate with 0 arguments"),
        ("game.rate(1, 2, 3)", "game.rate with 3 arguments"),
        ("game.several(1, 2, 3, 4)", ""),
    ],
)
def test_calls_that_nothing_answers(db18: psycopg.Connection, call: str, missing: str) -> None:
    sql = f"""
        CREATE SCHEMA game;
        CREATE FUNCTION game.rate(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT a + b';
        CREATE FUNCTION game.several(VARIADIC n int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION caller() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM {call}; END $$;
    """
    told = findings(db18, "function-calls-missing-function", sql)
    assert [measured(f)["missing"] for f in told] == ([(missing,)] if missing else [])


def test_a_trigger_function_that_one_of_its_tables_does_not_fit(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE one (id int, updated_at timestamptz); CREATE TABLE other (id int);
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
        CREATE TRIGGER touch BEFORE UPDATE ON one FOR EACH ROW EXECUTE FUNCTION touch();
        CREATE TRIGGER touch BEFORE UPDATE ON other FOR EACH ROW EXECUTE FUNCTION touch();
    """
    (found,) = findings(db18, "function-names-missing-column", sql)
    assert measured(found)["missing"] == ("NEW.updated_at (of public.other)",)


def test_a_table_that_a_function_makes_by_its_own_sql_is_not_missing(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION note() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN EXECUTE 'CREATE TABLE public.journal (id int)'; INSERT INTO public.journal VALUES (1); END $$;
    """
    assert findings(db18, "function-names-missing-table", sql) == ()


def test_promises_that_are_broken_at_one_remove(db18: psycopg.Connection) -> None:
    sql = """
        CREATE SEQUENCE numbers;
        CREATE FUNCTION me() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.me') $$;
        CREATE FUNCTION greeting() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 'hi ' || me(); END $$;
        CREATE FUNCTION taken() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT nextval('numbers') $$;
    """
    (found,) = findings(db18, "immutable-function-that-reads", sql)
    assert measured(found)["calls"] == ("public.me()",)
    assert [f.object for f in findings(db18, "reading-function-that-writes")] == ["public.taken()"]


def test_the_day_of_a_moment_depends_on_the_session(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION day_of(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$ SELECT at::date $$;
        CREATE FUNCTION in_words(timestamptz) RETURNS text LANGUAGE plpgsql IMMUTABLE
            AS $$ BEGIN RETURN $1::text; END $$;
        CREATE FUNCTION in_utc(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
            AS $$ SELECT (at AT TIME ZONE 'UTC')::date $$;
    """
    found = findings(db18, "immutable-function-that-reads", sql)
    assert {f.object.partition("(")[0] for f in found} == {"public.day_of", "public.in_words"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("DECLARE s int; BEGIN s := 3; RETURN n; END", "sets s and never looks at it"),
        ("DECLARE s int; BEGIN s := 3; s := s + n; RETURN n; END", None),
        ("DECLARE s int; BEGIN s := 3; RETURN s + n; END", None),
    ],
)
def test_a_variable_that_is_only_set(db18: psycopg.Connection, body: str, says: str | None) -> None:
    sql = f"CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ {body} $$"
    assert [f.message for f in findings(db18, "unused-variable", sql)] == ([says] if says else [])


def test_fields_of_a_row_that_its_table_does_not_have(db18: psycopg.Connection) -> None:
    body = "DECLARE r sale%ROWTYPE; BEGIN SELECT * INTO r FROM sale; RAISE NOTICE '% %', r.id, r.gone; END"
    sql = f"{SALE} CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ {body} $$"
    (found,) = findings(db18, "function-names-missing-column", sql)
    assert measured(found)["missing"] == ("public.sale.gone",)


def test_what_follows_an_exit_is_not_reached(db18: psycopg.Connection) -> None:
    body = "LOOP EXIT; n := 1; END LOOP; LOOP EXIT WHEN n > 1; n := 2; END LOOP; RETURN n;"
    sql = f"CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n{body}\nEND $$"
    assert len(findings(db18, "unreachable-statement", sql)) == 1


@pytest.mark.parametrize(
    ("expression", "fires"),
    [
        ("to_char(at, 'HH24')", True),
        ("to_char(at AT TIME ZONE 'UTC', 'HH24')", False),
        ("date_trunc('day', at)::text", True),
        ("date_trunc('day', at, 'UTC')::text", False),
        ("extract(epoch FROM at)::text", False),
        ("extract(hour FROM at)::text", True),
        ("to_tsvector('word')::text", True),
        ("to_tsvector('simple', 'word')::text", False),
    ],
)
def test_a_moment_is_read_in_some_time_zone(db18: psycopg.Connection, expression: str, *, fires: bool) -> None:
    sql = f"CREATE FUNCTION f(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT {expression} $$"
    assert bool(findings(db18, "immutable-function-that-reads", sql)) == fires


def test_a_stable_function_that_writes_by_another(db18: psycopg.Connection) -> None:
    sql = (
        SALE
        + """CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ INSERT INTO sale (id) VALUES (9) RETURNING id $$;
        CREATE FUNCTION f() RETURNS int LANGUAGE sql STABLE AS $$ SELECT g() $$;"""
    )
    (found,) = findings(db18, "reading-function-that-writes", sql)
    assert "by public.g()" in found.message
