"""Functions with their owner's rights and an open search_path; functions that promise what they do not keep."""
# ruff: noqa: FBT001, FBT003 - rows of tables end with the verdict

from __future__ import annotations

from benchmarks.audit.defects.planting import Name, Plot, Variant, named

RULE = "mutable-search-path"

# What a function says of itself; whether a caller decides where its names lead to. {s} is its schema.
SETTINGS: tuple[tuple[str, bool], ...] = (
    ("SECURITY DEFINER", True),
    ("STABLE SECURITY DEFINER", True),
    ("SECURITY DEFINER SET work_mem = '32MB'", True),
    ("SECURITY DEFINER SET timezone = 'UTC' SET statement_timeout = '5s'", True),
    ("LEAKPROOF SECURITY DEFINER PARALLEL SAFE", True),
    ("SECURITY DEFINER SET search_path = {s}, pg_temp", False),
    ("SECURITY DEFINER SET search_path TO pg_catalog, {s}, pg_temp", False),
    ("SECURITY DEFINER SET search_path = ''", False),
    ("SECURITY DEFINER SET search_path = pg_catalog, pg_temp", False),
    ("SECURITY DEFINER SET search_path FROM CURRENT", False),
    ("SECURITY DEFINER SET work_mem = '32MB' SET search_path = {s}, pg_temp", False),
    ('SECURITY DEFINER SET "search_path" TO {s}, "pg_temp"', False),
    ("SECURITY INVOKER", False),
    ("STABLE", False),
    ("SECURITY INVOKER SET work_mem = '32MB'", False),
)
EVERYBODY = "definer-function-for-everybody"


def _body(p: Plot, settings: str, table: Name, column: Name) -> tuple[str, str]:
    """Language and body: one that reads, in SQL or PL/pgSQL, or writes where it may."""
    where = p.draw.choice((f"{table}", f"{p.schema}.{table}"))
    if "search_path" in settings and "{s}" not in settings:
        where = f"{p.schema}.{table}"
    bodies = [
        ("sql", f"SELECT count(*) FROM {where} WHERE {column} = wanted"),
        ("plpgsql", f"BEGIN RETURN (SELECT count(*) FROM {where} AS x WHERE x.{column} = wanted); END"),
    ]
    if "STABLE" not in settings and "LEAKPROOF" not in settings:
        bodies.append(("plpgsql", f"BEGIN UPDATE {where} SET {column} = wanted WHERE {column} = ''; RETURN 1; END"))
    return p.draw.choice(bodies)


def with_settings(settings: str, wrong: bool) -> Variant:
    def function(p: Plot) -> None:
        column, name = p.name(), p.name()
        table = p.host(f"{column} text NOT NULL DEFAULT ''")
        language, body = _body(p, settings, table, column)
        said = settings.format(s=p.schema)
        p.do(f"CREATE FUNCTION {name}(wanted text) RETURNS bigint LANGUAGE {language} {said} AS $body$ {body} $body$")
        _judge(p, name, wrong, "DEFINER" in settings)

    return named(function, f"{settings}")


def _judge(p: Plot, name: Name, wrong: bool, definer: bool) -> None:
    if wrong:
        p.defect(RULE, name)
    else:
        p.decoy(RULE)
    if definer:
        p.either(EVERYBODY, name)


def procedure(p: Plot) -> None:
    column, name = p.name(), p.name()
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE PROCEDURE {name}(wanted text) LANGUAGE plpgsql SECURITY DEFINER AS "
        f"$$ BEGIN DELETE FROM {table} WHERE {column} = wanted; END $$"
    )
    _judge(p, name, True, True)


def trigger_function(p: Plot) -> None:
    column, name, log, note = p.name(), p.name(), p.name(), p.name()
    p.bare(log, [f"{p.name('id')} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", f"{note} text NOT NULL"])
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        f"$$ BEGIN INSERT INTO {log} ({note}) VALUES (NEW.{column}); RETURN NEW; END $$"
    )
    p.do(f"CREATE TRIGGER {p.name()} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    _judge(p, name, True, True)


def set_afterwards(p: Plot) -> None:
    column, name = p.name(), p.name()
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE FUNCTION {name}(wanted text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS "
        f"$$ SELECT count(*) FROM {p.schema}.{table} WHERE {column} = wanted $$"
    )
    p.do(f"ALTER FUNCTION {name}(text) SET search_path = {p.schema}, pg_temp")
    _judge(p, name, False, True)


def reset_afterwards(p: Plot) -> None:
    column, name = p.name(), p.name()
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE FUNCTION {name}(wanted text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = {p.schema} AS $$ SELECT count(*) FROM {table} WHERE {column} = wanted $$"
    )
    p.do(f"ALTER FUNCTION {name}(text) RESET search_path")
    _judge(p, name, True, True)


def parsed_when_made(p: Plot) -> None:
    """A body in standard SQL is bound to its tables for good, whatever the caller's path."""
    column, name = p.name(), p.name()
    table = p.host(f"{column} text NOT NULL DEFAULT ''")
    p.do(
        f"CREATE FUNCTION {name}(wanted text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER "
        f"BEGIN ATOMIC SELECT count(*) FROM {table} WHERE {column} = wanted; END"
    )
    p.decoy(RULE)
    p.either(EVERYBODY, name)


# rule, volatility and body of a function (wanted text) returns bigint over table {t} with text column {c}; wrong?
BODIES: tuple[tuple[str, str, str, str, bool], ...] = (
    ("immutable-function-that-reads", "IMMUTABLE", "sql", "SELECT count(*) FROM {t} WHERE {c} = wanted", True),
    ("immutable-function-that-reads", "IMMUTABLE", "plpgsql",
     "DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM {t} WHERE {c} = wanted; RETURN n; END", True),
    ("immutable-function-that-reads", "STABLE", "sql", "SELECT count(*) FROM {t} WHERE {c} = wanted", False),
    ("immutable-function-that-reads", "IMMUTABLE", "sql", "SELECT length(wanted)::bigint", False),
    ("immutable-function-that-reads", "IMMUTABLE", "sql", "SELECT sum(x) FROM (VALUES (1), (2)) AS v (x)", False),
    ("immutable-function-that-reads", "IMMUTABLE", "sql",
     "SELECT count(*) FROM unnest(string_to_array(wanted, ',')) AS part", False),
    ("reading-function-that-writes", "STABLE", "plpgsql",
     "BEGIN UPDATE {t} SET {c} = wanted; RETURN 1; END", True),
    ("reading-function-that-writes", "IMMUTABLE", "plpgsql",
     "BEGIN IF wanted = '' THEN DELETE FROM {t} WHERE {c} = ''; END IF; RETURN 1; END", True),
    ("reading-function-that-writes", "VOLATILE", "plpgsql", "BEGIN UPDATE {t} SET {c} = wanted; RETURN 1; END", False),
    ("reading-function-that-writes", "STABLE", "plpgsql",
     "BEGIN RETURN (SELECT count(*) FROM {t} WHERE {c} = 'delete from x'); END", False),
    ("function-names-missing-table", "VOLATILE", "plpgsql",
     "BEGIN INSERT INTO {gone} ({c}) VALUES (wanted); RETURN 1; END", True),
    ("function-names-missing-table", "VOLATILE", "plpgsql",
     "BEGIN RETURN (SELECT count(*) FROM {t} JOIN {gone} USING ({c})); END", True),
    ("function-names-missing-table", "VOLATILE", "plpgsql",
     "BEGIN CREATE TEMP TABLE {gone} (x text); INSERT INTO {gone} VALUES (wanted); RETURN 1; END", False),
    ("function-names-missing-table", "VOLATILE", "plpgsql",
     "BEGIN RETURN (WITH {gone} AS (SELECT * FROM {t}) SELECT count(*) FROM {gone}); END", False),
    ("function-names-missing-table", "VOLATILE", "plpgsql",
     "BEGIN IF to_regclass('{gone}') IS NOT NULL THEN EXECUTE 'TRUNCATE {gone}'; END IF; RETURN 1; END", False),
    ("function-names-missing-column", "VOLATILE", "plpgsql",
     "BEGIN UPDATE {t} SET {gone} = wanted; RETURN 1; END", True),
    ("function-names-missing-column", "VOLATILE", "plpgsql",
     "BEGIN RETURN (SELECT count(*) FROM {t} AS q WHERE q.{gone} = wanted); END", True),
    ("function-names-missing-column", "VOLATILE", "plpgsql",
     "DECLARE {gone} text := wanted; BEGIN RETURN (SELECT count(*) FROM {t} WHERE {c} = {gone}); END", False),
    ("function-names-missing-column", "VOLATILE", "plpgsql",
     "BEGIN RETURN (SELECT count(q.{gone}) FROM (SELECT {c} AS {gone} FROM {t}) AS q); END", False),
    ("function-calls-missing-function", "VOLATILE", "plpgsql", "BEGIN PERFORM {s}.{gone}(wanted); RETURN 1; END", True),
    ("function-calls-missing-function", "VOLATILE", "plpgsql",
     "BEGIN RETURN (SELECT {s}.{gone}({c}) FROM {t} LIMIT 1); END", True),
    ("function-calls-missing-function", "VOLATILE", "plpgsql",
     "BEGIN RETURN (SELECT count(lower({c})) FROM {t}); END", False),
    ("dynamic-sql-injection", "VOLATILE", "plpgsql",
     "BEGIN EXECUTE 'DELETE FROM x WHERE y = ''' || wanted || ''''; RETURN 1; END", True),
    ("dynamic-sql-injection", "VOLATILE", "plpgsql",
     "DECLARE q text; BEGIN q := format('SELECT 1 FROM %s', wanted); EXECUTE q; RETURN 1; END", True),
    ("dynamic-sql-injection", "VOLATILE", "plpgsql",
     "DECLARE n bigint; BEGIN EXECUTE concat('SELECT count(*) FROM ', wanted) INTO n; RETURN n; END", True),
    ("dynamic-sql-injection", "VOLATILE", "plpgsql",
     "BEGIN EXECUTE format('SELECT 1 FROM %I WHERE x = %L', wanted, wanted); RETURN 1; END", False),
    ("dynamic-sql-injection", "VOLATILE", "plpgsql",
     "BEGIN EXECUTE 'SELECT 1 FROM ' || quote_ident(wanted); RETURN 1; END", False),
    ("dynamic-sql-injection", "VOLATILE", "plpgsql",
     "BEGIN EXECUTE 'SELECT count(*) FROM pg_class WHERE relname = $1' USING wanted; RETURN 1; END", False),
    ("dynamic-sql-injection", "VOLATILE", "plpgsql",
     "BEGIN EXECUTE 'SELECT ' || length(wanted)::int; RETURN 1; END", False),
)  # fmt: skip


def with_body(rule: str, volatility: str, language: str, body: str, wrong: bool) -> Variant:
    def function(p: Plot) -> None:
        column, name, gone = p.name(), p.name(), p.name()
        table = p.host(f"{column} text NOT NULL DEFAULT ''")
        said = (
            body.replace("{s}", f"{p.schema}")
            .replace("{t}", f"{table}")
            .replace("{c}", f"{column}")
            .replace("{gone}", f"{gone}")
        )
        p.do(
            f"CREATE FUNCTION {name}(wanted text) RETURNS bigint LANGUAGE {language} {volatility} "
            f"SET search_path = {p.schema} AS $body$ {said} $body$"
        )
        if wrong:
            p.defect(rule, name)
        else:
            p.decoy(rule)
        if rule == "reading-function-that-writes":
            p.either("immutable-function-that-reads", name)

    return named(function, f"{volatility} {body}")


VARIANTS: tuple[Variant, ...] = (
    *(with_settings(settings, wrong) for settings, wrong in SETTINGS),
    *(with_body(*row) for row in BODIES),
    procedure, trigger_function, set_afterwards, reset_afterwards, parsed_when_made,
)  # fmt: skip
