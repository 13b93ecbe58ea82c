"""SQL put together from a parameter that is not quoted."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._access import executors
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._names import words
from pgrefit.rules.functions._taint import between_quotes, runs_it_whole, unquoted_parameters, used_of_row
from pgrefit.rules.functions._use import attached

TEXTS = ("character", "citext", "json", "name", "public.citext", "text")
NAMES_OF_SQL = frozenset({"cmd", "command", "ddl", "dml", "query", "sql", "statement", "stmt"})


@rule(
    code="FUN001",
    title="Dynamic SQL that can be injected into",
    why=(
        "EXECUTE runs whatever text it gets. A parameter that stands in it as it was given can end the statement and"
        " begin another one, with the rights of the function."
    ),
    example="""
        CREATE FUNCTION clear(label text) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE command text := 'DELETE FROM sale WHERE label = ''' || label || '''';
        BEGIN
            EXECUTE command;
        END $$;
    """,
    clean="""
        CREATE FUNCTION clear(tab text, label text, direction text, at date, many int, name regclass) RETURNS void
        LANGUAGE plpgsql AS $$
        DECLARE command text;
        BEGIN
            IF direction NOT IN ('asc', 'desc') THEN RAISE EXCEPTION 'no'; END IF;
            EXECUTE format('DELETE FROM %I WHERE label = %L LIMIT %s', tab, label, many);
            EXECUTE 'DELETE FROM ' || quote_ident(tab) || ' WHERE label = $1 AND day < ''' || at || '''' USING label;
            command := 'SELECT FROM ' || name || ' ORDER BY 1 ' || direction;
            EXECUTE command;
        END $$;
        CREATE FUNCTION estimate(query text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN EXECUTE 'EXPLAIN ' || query; END $$;
        CREATE FUNCTION count_of(tab text) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE result bigint;
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_tables WHERE tablename = tab) THEN RAISE EXCEPTION 'no'; END IF;
            EXECUTE 'SELECT count(*) FROM ' || tab INTO result;
            RETURN result;
        END $$;
    """,
)
def dynamic_sql_injection(observation: Observation) -> Iterator[Finding]:
    """PL/pgSQL that runs text parameters unquoted, also by way of variables.

    With its caller's rights, a value between quotes is what an application passes on from its users; whoever may give
    the name of a table or a part of a statement may run the same SQL himself.

    Nothing is said of parameters that are held against what is allowed, nor of functions with their caller's rights
    that are there to run the query they are given.
    """
    db = observation.snapshot
    for body in bodies(db):
        row = _texts_of_row(db, body) if body.executed and body.function.returns == "trigger" else ()
        found = tuple(sorted(p for p in unquoted_parameters(body, row) if not _meant_as_sql(body, p)))
        if found:
            yield _finding(db, body, found, as_value=bool(between_quotes(body, row) & set(found)))


def _texts_of_row(db: Snapshot, body: Body) -> tuple[str, ...]:
    """What a trigger's row may hold any text in; any field of it that it uses where no table has the trigger yet."""
    on = attached(db).get(body.function.name, ())
    names = {c.name.lower() for r in on for c in r.columns if c.type.startswith(TEXTS)} or used_of_row(body)
    return tuple(f"{row}.{name}" for row in ("new", "old") for name in sorted(names))


def _meant_as_sql(body: Body, parameter: str) -> bool:
    return not body.function.security_definer and bool(NAMES_OF_SQL & set(words(parameter)))


def _finding(db: Snapshot, body: Body, found: tuple[str, ...], *, as_value: bool) -> Finding:
    rights = f"of {body.function.owner}" if body.function.security_definer else "of its caller"
    grave = body.function.security_definer and bool(executors(db, body.function))
    otherwise = Severity.WARNING if body.function.security_definer or as_value else Severity.INFO
    whole = any(runs_it_whole(body, parameter) for parameter in found)
    runs = "whatever SQL it is given in" if whole else "SQL that holds, unquoted,"
    return Finding(
        object=body.title,
        message=f"runs {runs} {', '.join(found)}, with the rights {rights}",
        severity=Severity.ERROR if grave else otherwise,
        evidence=(catalog("parameters", found), catalog("security definer", body.function.security_definer)),
        advice="EXECUTE format('… %I … %L …', …) for names and values, or EXECUTE … USING for values",
    )
