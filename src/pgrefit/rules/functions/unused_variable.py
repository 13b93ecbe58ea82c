"""What a function declares or is given, and never looks at."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies, parameters
from pgrefit.rules._effects import by_bare_name
from pgrefit.rules._plpgsql import Json
from pgrefit.rules.functions._flow import Statements, every, outermost, statements_of
from pgrefit.rules.functions._words import words_of

TARGET = re.compile(r"\s*(\w+)\s*:?=(?![=>])")
COUNTING = "PLpgSQL_stmt_fori"
OF_EXCEPTIONS = {"sqlerrm", "sqlstate"}
GIVEN = {pb.FUNC_PARAM_IN, pb.FUNC_PARAM_DEFAULT}


@rule(
    code="FUN009",
    title="Variable that is never used",
    why=(
        "A variable that nothing looks at is left over, or the place where it should be looked at is missing; a"
        " parameter that is ignored makes callers believe that it counts."
    ),
    example="""
        CREATE FUNCTION price(net numeric, rate numeric) RETURNS numeric LANGUAGE plpgsql AS $$
        DECLARE rounded numeric; tax numeric;
        BEGIN tax := net * rate; RETURN net + tax;
        END $$;
    """,
    clean="""
        CREATE FUNCTION price(net numeric, rate numeric) RETURNS numeric LANGUAGE plpgsql AS $$
        DECLARE tax numeric;
        BEGIN
            EXECUTE 'SELECT $1 * $2' INTO tax USING net, rate;
            FOR i IN 1..3 LOOP tax := tax + i; END LOOP;
            RETURN net + tax;
        END $$;
        CREATE FUNCTION often(n int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            FOR j IN 1..3 LOOP n := n * 2; END LOOP;
            RETURN n;
        EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; RETURN n;
        END $$;
        CREATE FUNCTION total(int, factor int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1 * $2; END $$;
        CREATE FUNCTION later(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'not yet'; END $$;
        CREATE FUNCTION form(kind int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
        CREATE FUNCTION form(kind text) RETURNS int LANGUAGE sql AS $$ SELECT length(kind) $$;
    """,
)
def unused_variable(observation: Observation) -> Iterator[Finding]:
    """Variables that are declared and named nowhere else, and parameters that the body does not name.

    Parameters of forms of one function, of what returns a constant, and of what others call by its signature (triggers,
    aggregates, operators, types) are as they have to be.
    """
    db = observation.snapshot
    for body in bodies(db):
        words = Counter[str]() if body.bound else words_of(body)
        variables = _variables(body, words) if words else ()
        unread = _only_set(body, words) if words else ()
        ignored = _ignored(db, body, words) if words else ()
        if variables or unread or ignored:
            yield Finding(
                object=body.title,
                message="; ".join(_says(variables, unread, ignored)),
                severity=Severity.INFO,
                evidence=(
                    catalog("variables never used", variables), catalog("parameters never used", ignored),
                    *((catalog("variables that are only set", unread),) if unread else ()),
                ),
                advice="take it away, or use it where it was meant to be",
            )  # fmt: skip


def _says(variables: tuple[str, ...], unread: tuple[str, ...], ignored: tuple[str, ...]) -> Iterator[str]:
    if variables:
        yield f"declares {', '.join(variables)} and never uses {'it' if len(variables) == 1 else 'them'}"
    if unread:
        yield f"sets {', '.join(unread)} and never looks at {'it' if len(unread) == 1 else 'them'}"
    if ignored:
        yield f"is given {', '.join(ignored)} and never looks at {'it' if len(ignored) == 1 else 'them'}"


def _variables(body: Body, words: Counter[str]) -> tuple[str, ...]:
    """Those that are declared, and named nowhere else, or only where a loop has one of the same name."""
    declared = _declared(body)
    loops = Counter(str(value.get("refname")) for _, value in _counters(body.tree))
    own = [name for name in declared if declared[name] > loops[name] and name not in OF_EXCEPTIONS]
    return tuple(name for name in own if words[name.lower()] == 1 or (loops[name] and _is_hidden(body, name)))


def _only_set(body: Body, words: Counter[str]) -> tuple[str, ...]:
    """Those that are named nowhere but where they are declared and where they are given a value."""
    texts = [_text(value.get("expr")) for kind, value in every(body.tree) if kind == "PLpgSQL_stmt_assign"]
    given = Counter(found[1] for text in texts if (found := TARGET.match(text)))
    declared = [name for name, times in _declared(body).items() if times == 1]
    return tuple(name for name in declared if given[name.lower()] and words[name.lower()] == 1 + given[name.lower()])


def _text(expression: Json) -> str:
    inner = expression.get("PLpgSQL_expr") if isinstance(expression, dict) else None
    return str(inner.get("query", "")).lower() if isinstance(inner, dict) else ""


def _declared(body: Body) -> Counter[str]:
    """How many variables of a name there are, those that loops make among them; a row's fields have no line."""
    datums = next((value.get("datums") for kind, value in statements_of(body.tree) if kind == "PLpgSQL_function"), None)
    return Counter(str(v["refname"]) for _, v in statements_of(datums) if v.get("lineno") and v.get("refname"))


def _counters(tree: Json) -> Statements:
    """The variables that FOR … IN 1..3 makes for itself."""
    return [pair for kind, value in every(tree) if kind == COUNTING for pair in statements_of([value.get("var")])]


def _is_hidden(body: Body, name: str) -> bool:
    """Whether nothing but loops with a variable of that name speaks of it."""
    outside = json.dumps([value for _, value in outermost(body)], default=str)
    for loop in (value for kind, value in every(body.tree) if kind == COUNTING):
        if any(counter.get("refname") == name for _, counter in statements_of([loop.get("var")])):
            outside = outside.replace(json.dumps(loop), "")
    return bool(outermost(body)) and not re.search(rf"\b{re.escape(name)}\b", outside)


def _ignored(db: Snapshot, body: Body, words: Counter[str]) -> tuple[str, ...]:
    """Parameters that neither their names nor their numbers stand for."""
    if _has_to(db, body):
        return ()
    given = [parameter for parameter in parameters(body.definition) if parameter.mode in GIVEN]
    return tuple(p.name for n, p in enumerate(given, 1) if p.name and not words[p.name.lower()] and not words[f"${n}"])


def _has_to(db: Snapshot, body: Body) -> bool:
    """Whether its signature is not its own choice, or it does not do anything with what it is given."""
    several = len(by_bare_name(db).get(body.function.name.name, ())) > 1
    reads = any(tree.all(pb.ColumnRef) or tree.all(pb.ParamRef) for tree in body.trees)
    refuses = any(kind == "PLpgSQL_stmt_raise" for kind, _ in every(body.tree))
    given = "internal" in body.function.arguments or body.function.returns in {"trigger", "event_trigger", "internal"}
    return several or given or (refuses and not reads) or not reads
