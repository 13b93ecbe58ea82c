"""A function that names a table which is not there."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import bodies
from pgrefit.rules.functions._missing import is_guarded, missing_tables
from pgrefit.rules.functions._use import severity_by_use, used_by


@rule(
    code="FUN002",
    title="Function that names a missing table",
    why=(
        "The body of a function is text: nothing follows in it when a table is renamed or dropped. The statement fails"
        " when it is first run, for a trigger function with every write to its table."
    ),
    example="""
        CREATE TABLE sale (id int PRIMARY KEY, amount int);
        CREATE FUNCTION book(amount int) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO sale (id, amount) VALUES (1, book.amount);
            INSERT INTO sale_log (what) VALUES ('booked');
        END $$;
    """,
    clean="""
        CREATE TABLE sale (id int PRIMARY KEY, amount int);
        CREATE FUNCTION report() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE total bigint;
        BEGIN
            CREATE TEMP TABLE scratch ON COMMIT DROP AS SELECT amount FROM sale;
            WITH large AS (SELECT amount FROM scratch WHERE amount > 10) SELECT count(*) INTO total FROM large;
            EXECUTE 'CREATE TABLE IF NOT EXISTS archive (amount int)';
            INSERT INTO archive SELECT amount FROM public.sale;
            RETURN total + (SELECT count(*) FROM pg_class) + (SELECT count(*) FROM information_schema.tables);
        END $$;
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM count(*) FROM fresh; RETURN NULL; END $$;
        CREATE TRIGGER noted AFTER INSERT ON sale REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION noted();
        CREATE FUNCTION optional() RETURNS bigint LANGUAGE plpgsql AS $$
        BEGIN
            IF to_regclass('plugin.setting') IS NULL THEN RETURN 0; END IF;
            RETURN (SELECT count(*) FROM plugin.setting);
        END $$;
    """,
)
def function_names_missing_table(observation: Observation) -> Iterator[Finding]:
    """Static statements in SQL and PL/pgSQL, looked up as the function would.

    Nothing is said of functions that first look whether things are there or that handle errors, nor of names that a
    function may create.
    """
    db = observation.snapshot
    for body in bodies(db):
        missing = () if body.bound or is_guarded(body) else missing_tables(db, body)
        if missing:
            yield Finding(
                object=body.title,
                message=f"names {', '.join(missing)}, which is not there",
                severity=severity_by_use(db, body),
                evidence=(catalog("missing", missing), catalog("used by", used_by(db, body)),
                          catalog("search_path", next((s for s in body.function.settings if "search_path=" in s), ""))),
                advice="name what took its place, qualify it with its schema, or drop the function",
            )  # fmt: skip
