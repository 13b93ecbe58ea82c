"""Statements of a function that are never run."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import bodies
from pgrefit.rules.functions._flow import outermost, unreachable


@rule(
    code="FUN008",
    title="Statement that is never reached",
    why=(
        "What stands after a RETURN, an error or an endless loop is not run. Whoever put it there meant it to be: a"
        " check, a note in a history or an update that does not happen."
    ),
    example="""
        CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            RETURN n * 2;
            RAISE NOTICE 'twice %', n;
        END $$;
    """,
    clean="""
        CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            IF n < 0 THEN RAISE 'not of %', n; END IF;
            RAISE NOTICE 'twice %', n;
            LOOP EXIT WHEN n > 0; n := n + 1; END LOOP;
            RETURN n * 2;
        END $$;
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        END $$;
        CREATE FUNCTION doubles(n int) RETURNS SETOF int LANGUAGE plpgsql AS $$
        BEGIN
            RETURN NEXT n;
            RETURN QUERY SELECT n * 2;
            RETURN;
        END $$;
    """,
)
def unreachable_statement(observation: Observation) -> Iterator[Finding]:
    """PL/pgSQL functions with statements after one that leaves them, or the loop, for certain."""
    for body in bodies(observation.snapshot):
        lines = unreachable(body.tree) if outermost(body) else ()
        if lines:
            where = f"line{'' if len(lines) == 1 else 's'} {', '.join(map(str, lines))} of its body"
            yield Finding(
                object=body.title,
                message=f"what begins at {where} is never reached",
                severity=Severity.INFO,
                evidence=(catalog("lines of the body", lines),),
                advice="take away what is not needed, or put it before what leaves the function",
            )
