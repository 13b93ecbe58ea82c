"""A function that owes its caller a value and never gives one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from postgast import PgQueryError, scan
from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies, parameters, source
from pgrefit.rules.functions._flow import ends, last_kind, outermost
from pgrefit.rules.functions._use import severity_by_use, used_by

NOTHING_OWED = ("void", "event_trigger", "SETOF ", "TABLE(")
GIVES_BACK = {pb.FUNC_PARAM_INOUT, pb.FUNC_PARAM_OUT, pb.FUNC_PARAM_TABLE}
MAY_REFUSE = {"perform", "call", "dynexecute", "assert"}
GOES_ON = {"debug", "info", "log", "notice", "warning"}  # levels of RAISE
COMMENTS = {pb.Token.SQL_COMMENT, pb.Token.C_COMMENT}


@rule(
    code="FUN007",
    title="Function without RETURN",
    why=(
        "PL/pgSQL fails at the end of a function that has not returned its value: each call does; and with a trigger"
        " function, each write to its table."
    ),
    example="""
        CREATE TABLE sale (id int PRIMARY KEY);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE NOTICE 'sold %', NEW.id; -- return NEW;
        END $$;
        CREATE TRIGGER noted BEFORE INSERT ON sale FOR EACH ROW EXECUTE FUNCTION noted();
    """,
    clean="""
        CREATE FUNCTION nothing() RETURNS void LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
        CREATE FUNCTION never() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'not supported'; END $$;
        CREATE FUNCTION twice(n int, OUT result int) LANGUAGE plpgsql AS $$ BEGIN result := n * 2; END $$;
        CREATE FUNCTION empty() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
        CREATE FUNCTION sign_of(n int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN IF n < 0 THEN RETURN -1; ELSE RETURN 1; END IF; END $$;
        CREATE FUNCTION first_of(n int) RETURNS int LANGUAGE plpgsql AS $$
        DECLARE i int := 0;
        BEGIN
            LOOP i := i + 1; IF i * i > n THEN RETURN i; END IF; END LOOP;
        EXCEPTION WHEN numeric_value_out_of_range THEN RETURN NULL;
        END $$;
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; ELSIF TG_OP = 'INSERT' THEN RETURN NEW; END IF; END $$;
    """,
)
def function_without_return(observation: Observation) -> Iterator[Finding]:
    """PL/pgSQL functions of one value that hold no RETURN, or none on one of the ways through them.

    Not those that refuse to be called, nor those that end by calling what may refuse.
    """
    db = observation.snapshot
    for body in bodies(db):
        function = body.function
        owes = function.language == "plpgsql" and function.kind == "function"
        if not owes or function.returns.startswith(NOTHING_OWED) or _gives_back(body):
            continue
        never = _runs_out(body)
        if never or _may_run_out(body):
            yield Finding(
                object=body.title,
                message=f"should return {function.returns} and has no RETURN: it fails whenever it is run to its end"
                if never
                else f"should return {function.returns}, and can reach its end without RETURN: then it fails",
                severity=severity_by_use(db, body) if never else Severity.WARNING,
                evidence=(catalog("returns", function.returns), catalog("used by", used_by(db, body))),
                advice="RETURN the value (NEW, OLD or NULL in a trigger function)",
            )


def _gives_back(body: Body) -> bool:
    return any(parameter.mode in GIVES_BACK for parameter in parameters(body.definition))


def _may_run_out(body: Body) -> bool:
    """Whether some way leads past the last statement; what is called there may raise an error instead."""
    statements = outermost(body)
    return bool(statements) and not ends(statements) and last_kind(statements) not in MAY_REFUSE


def _runs_out(body: Body) -> bool:
    text = source(body.definition)
    data = text.encode()
    try:
        tokens = [token for token in scan(text).tokens if token.token not in COMMENTS]
    except PgQueryError:
        return False
    words = [data[token.start : token.end].decode().lower() for token in tokens]
    refuses = any(word == "raise" and after not in GOES_ON for word, after in pairwise(words))
    return "return" not in words and "loop" not in words and not refuses
