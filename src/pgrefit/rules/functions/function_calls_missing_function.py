"""A function that calls one which is not there."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._access import tables_and_views
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._effects import calls
from pgrefit.rules.functions._missing import is_guarded
from pgrefit.rules.functions._use import severity_by_use, used_by


@rule(
    code="FUN006",
    title="Function that calls a missing function",
    why=(
        "The body of a function is text: nothing follows in it when what it calls is renamed, moved or dropped. The"
        " call fails when it is first made, for a trigger function with every write to its table."
    ),
    example="""
        CREATE FUNCTION rate(amount int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN RETURN public.rate_of(amount) + 1; END $$;
    """,
    clean="""
        CREATE TYPE price AS (amount int);
        CREATE FUNCTION rate_of(amount int) RETURNS int LANGUAGE sql AS 'SELECT amount * 2';
        CREATE FUNCTION rate(amount int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            IF to_regproc('extra.rate_of') IS NOT NULL THEN RETURN extra.rate_of(amount); END IF;
            RETURN 1;
        END $$;
        CREATE FUNCTION total(amount int) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN RETURN pg_catalog.abs(public.rate_of(amount))::text || upper('a') || rate_of(1); END $$;
    """,
)
def function_calls_missing_function(observation: Observation) -> Iterator[Finding]:
    """Calls with a schema, of no function there; without a schema they may be the server's own, and nothing is said.

    Nor of functions that first look whether things are there or that handle errors.
    """
    db = observation.snapshot
    for body in bodies(db):
        missing = () if body.bound or is_guarded(body) else _missing(db, body)
        if missing:
            yield Finding(
                object=body.title,
                message=f"calls {', '.join(missing)}, which is not there",
                severity=severity_by_use(db, body),
                evidence=(catalog("missing", missing), catalog("used by", used_by(db, body))),
                advice="call what took its place, or drop the function",
            )


def _missing(db: Snapshot, body: Body) -> tuple[str, ...]:
    paths = ([part.string.sval for part in call.funcname] for tree in body.trees for call in calls(tree))
    named = (Relation(*path) for path in paths if len(path) == 2 and not path[0].startswith(("pg_", "information_")))
    return tuple(dict.fromkeys(str(name) for name in named if name not in _callable(db)))


@lookup.remembered
def _callable(db: Snapshot) -> frozenset[Relation]:
    """What can stand before parentheses: functions, and types, which cast."""
    types = {user_type.name for user_type in db.types} | {relation.name for relation in tables_and_views(db)}
    return frozenset({function.name for function in db.functions} | types)
