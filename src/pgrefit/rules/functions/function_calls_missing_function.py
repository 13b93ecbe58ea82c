"""A function that calls one which is not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.ddl import Literal, ddl, expression, joined, raw
from pgrefit.model.finding import Finding, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Function, Snapshot
from pgrefit.model.sql_tree import UnreadableError, parse_sql
from pgrefit.rules._access import tables_and_views
from pgrefit.rules._ask import catalog, rows_of
from pgrefit.rules._bodies import Body, bodies, parameters
from pgrefit.rules._effects import called_name, calls, meant
from pgrefit.rules.functions._missing import is_guarded
from pgrefit.rules.functions._taint import INPUT
from pgrefit.rules.functions._use import severity_by_use, used_by

TABLE = pb.FUNC_PARAM_TABLE
FUNCTIONS = Relation("pg_catalog", "pg_proc")


def _asks(observation: Observation) -> Iterator[Question]:
    names = _not_the_users(observation.snapshot)
    if names:
        yield _there(names)


def _there(names: tuple[str, ...]) -> Question:
    """Which of the names are of functions or types of the server; a type casts."""
    listed = raw(joined([expression("{n}", n=Literal(name)) for name in names]))
    return Question(FUNCTIONS, ddl(
        "SELECT DISTINCT p.proname::text AS name FROM pg_catalog.pg_proc AS p WHERE p.proname IN ({names})"
        " UNION SELECT t.typname::text FROM pg_catalog.pg_type AS t WHERE t.typname IN ({names})", names=listed,
    ))  # fmt: skip


@lookup.remembered
def _not_the_users(db: Snapshot) -> tuple[str, ...]:
    """Names without schema that functions call and that are none of the user's: the server's own, or missing."""
    own = {name.name for name in _callable(db)}
    read = (body for body in bodies(db) if not body.bound and not is_guarded(body))
    return tuple(sorted({called_name(call) for body in read for call in _without_schema(body)} - own))


def _without_schema(body: Body) -> Iterator[pb.FuncCall]:
    return (call for tree in body.trees for call in calls(tree) if len(call.funcname) == 1)


@lookup.remembered
def _callable(db: Snapshot) -> frozenset[Relation]:
    """What can stand before parentheses: functions, and types, which cast."""
    types = {user_type.name for user_type in db.types} | {relation.name for relation in tables_and_views(db)}
    return frozenset({function.name for function in db.functions} | types)


@rule(
    code="FUN006",
    title="Function that calls a missing function",
    why=(
        "The body of a function is text: nothing follows in it when what it calls is renamed, moved or dropped. The"
        " call fails when it is first made, for a trigger function with every write to its table."
    ),
    asks=_asks,
    example="""
        CREATE FUNCTION rate(amount int) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN RETURN ifnull(public.rate_of(amount), 0) + 1; END $$;
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
    """Calls of functions that are not there: in the schema they name, or nowhere at all, the server's own among them.

    Nothing is said of functions that first look whether things are there or that handle errors.
    """
    db = observation.snapshot
    unknown = _unknown(observation)
    for body in bodies(db):
        if body.bound or is_guarded(body):
            continue
        missing = (*_missing(db, body), *_bare(body, unknown), *_otherwise(db, body))
        if missing:
            yield Finding(
                object=body.title,
                message=f"calls {', '.join(missing)}, which is not there",
                severity=severity_by_use(db, body),
                evidence=(catalog("missing", missing), catalog("used by", used_by(db, body))),
                advice="call what took its place, or drop the function",
            )


def _missing(db: Snapshot, body: Body) -> tuple[str, ...]:
    paths = (_path(call) for tree in body.trees for call in calls(tree))
    named = (Relation(*path) for path in paths if len(path) == 2 and not path[0].startswith(("pg_", "information_")))
    return tuple(dict.fromkeys(str(name) for name in named if name not in _callable(db)))


def _otherwise(db: Snapshot, body: Body) -> tuple[str, ...]:
    """Functions in a schema that are called with more arguments than any of their name takes, or with fewer."""
    found = (call for tree in body.trees for call in calls(tree) if len(call.funcname) == 2 and not call.func_variadic)
    wrong = (call for call in found if (named := meant(db, call)) and not any(_takes(f, len(call.args)) for f in named))
    return tuple(dict.fromkeys(f"{Relation(*_path(c))} with {len(c.args)} arguments" for c in wrong))


def _path(call: pb.FuncCall) -> list[str]:
    return [part.string.sval for part in call.funcname]


def _takes(function: Function, given: int) -> bool:
    """Whether it can be called with so many arguments; so it may be where its definition is not known."""
    if function.kind not in {"function", "procedure"} or function.definition is None:
        return True
    try:
        definition = parse_sql(function.definition).stmts[0].stmt.create_function_stmt
    except UnreadableError:
        return True
    all_of_them = parameters(definition)
    taken = [p for p in all_of_them if p.mode in INPUT or (function.kind == "procedure" and p.mode != TABLE)]
    if any(p.mode == pb.FUNC_PARAM_VARIADIC for p in taken):
        return True
    needed = [p for p in taken if p.mode in INPUT and not p.HasField("defexpr")]
    return len(needed) <= given <= len(taken)


def _bare(body: Body, names: Collection[str]) -> tuple[str, ...]:
    """Those of the names that it calls without a schema."""
    return tuple(dict.fromkeys(called_name(c) for c in _without_schema(body) if called_name(c) in names))


def _unknown(observation: Observation) -> frozenset[str]:
    """Names of functions that the server does not have, if it was asked."""
    names = _not_the_users(observation.snapshot)
    rows = rows_of(observation, _there(names)) if names else None
    return frozenset() if rows is None else frozenset(names) - {row.text("name") for row in rows}
