"""A result of a function that is always NULL."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies, parameters
from pgrefit.rules.functions._flow import every
from pgrefit.rules.functions._words import words_of

WHOLE_ROWS = {"PLpgSQL_stmt_return_query", "PLpgSQL_stmt_return_next"}


@rule(
    code="FUN010",
    title="Output that is never set",
    why="An OUT parameter to which nothing is assigned is NULL in every answer; callers take it for a value.",
    example="""
        CREATE FUNCTION price(net numeric, OUT tax numeric, OUT gross numeric) LANGUAGE plpgsql AS $$
        BEGIN tax := net * 0.2;
        END $$;
    """,
    clean="""
        CREATE TABLE sale (id int PRIMARY KEY, net numeric, tax numeric);
        CREATE FUNCTION price(which int, OUT net numeric, OUT tax numeric) LANGUAGE plpgsql AS $$
        BEGIN SELECT s.net, s.tax INTO net, tax FROM sale AS s WHERE s.id = which;
        END $$;
        CREATE FUNCTION prices() RETURNS TABLE (net numeric, tax numeric) LANGUAGE plpgsql AS $$
        BEGIN RETURN QUERY SELECT 1.0, 2.0;
        END $$;
        CREATE FUNCTION later(OUT net numeric) LANGUAGE plpgsql AS $$
        BEGIN RAISE 'not yet';
        END $$;
    """,
)
def output_never_set(observation: Observation) -> Iterator[Finding]:
    """PL/pgSQL functions of which an OUT parameter is not named in the body at all."""
    for body in bodies(observation.snapshot):
        unset = _unset(body)
        if unset:
            yield Finding(
                object=body.title,
                message=f"never sets {', '.join(unset)}: it is NULL in every answer",
                severity=Severity.WARNING,
                evidence=(catalog("outputs never set", unset),),
                advice="assign it, or take it out of the result",
            )


def _unset(body: Body) -> tuple[str, ...]:
    outputs = [(n, p.name) for n, p in enumerate(parameters(body.definition), 1) if p.mode == pb.FUNC_PARAM_OUT]
    if body.function.language != "plpgsql" or not outputs:
        return ()
    kinds = {kind for kind, _ in every(body.tree)}
    words = words_of(body)
    if kinds & WHOLE_ROWS or not words or not body.trees:
        return ()
    return tuple(name for n, name in outputs if name and not words[name.lower()] and not words[f"${n}"])
