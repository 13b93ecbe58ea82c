"""A function that names a column which its table does not have."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import bodies
from pgrefit.rules.functions._columns import missing_columns
from pgrefit.rules.functions._missing import is_guarded
from pgrefit.rules.functions._use import severity_by_use, used_by


@rule(
    code="FUN003",
    title="Function that names a missing column",
    why=(
        "The body of a function is text: nothing follows in it when a column is renamed or dropped. The statement fails"
        " when it is first run, for a trigger function with every write to its table."
    ),
    example="""
        CREATE TABLE sale (id int PRIMARY KEY, amount int);
        CREATE FUNCTION book(which int) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE sale AS s SET amount = 0, booked_at = now() WHERE s.id = which;
        END $$;
    """,
    clean="""
        CREATE TABLE sale (id int PRIMARY KEY, amount int);
        CREATE TABLE refund (id int PRIMARY KEY, sale int, reason text);
        CREATE FUNCTION book(which int) RETURNS TABLE (total bigint) LANGUAGE plpgsql AS $$
        DECLARE s record; found_one refund;
        BEGIN
            SELECT 1 AS level INTO s;
            WITH sale AS (SELECT 1 AS rank) SELECT sale.rank INTO total FROM sale;
            UPDATE sale SET amount = s.level WHERE sale.id = which AND sale.ctid IS NOT NULL;
            RETURN QUERY SELECT count(*) FROM sale AS v, LATERAL (SELECT v.id AS twice) AS d WHERE d.twice = book.which;
        END $$;
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_TABLE_NAME = 'other' THEN NEW.stamp := now(); END IF;
            IF TG_OP = 'INSERT' THEN PERFORM NEW.id; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER noted BEFORE INSERT ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        CREATE TRIGGER noted BEFORE INSERT ON refund FOR EACH ROW EXECUTE FUNCTION noted();
    """,
)
def function_names_missing_column(observation: Observation) -> Iterator[Finding]:
    """Columns that static statements put in, set, or name after an alias, and those of NEW and OLD.

    Only where it is certain which table is meant; nothing is said of functions that look first whether things are
    there or that handle errors.
    """
    db = observation.snapshot
    for body in bodies(db):
        missing = () if body.bound or is_guarded(body) else missing_columns(db, body)
        if missing:
            yield Finding(
                object=body.title,
                message=f"names {', '.join(missing)}, which is not there",
                severity=severity_by_use(db, body),
                evidence=(catalog("missing", missing), catalog("used by", used_by(db, body))),
                advice="name the column that took its place, or drop the function",
            )
