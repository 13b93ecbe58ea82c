"""A function that says it always gives the same answer, and does not."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError, function_name, parse_expression
from pgrefit.rules._ask import catalog, known
from pgrefit.rules._bodies import Body, bodies, parameters
from pgrefit.rules._effects import OF_THE_MOMENT, VOLATILE, called_name, calls, meant, named_tables
from pgrefit.rules._trees import Tree

MOMENT = "timestamptz"
LOCAL = frozenset({"date", "text", "time", "timestamp", "varchar"})  # what a moment is only in some time zone
MOMENTS = frozenset({MOMENT, "timestamp with time zone"})
LOCAL_PARTS = {"to_char": (0, 2), "date_trunc": (1, 2), "date_part": (1, 2), "extract": (1, 2), "date": (0, 1)}
"""Functions of a moment that answer by the session's zone: its place among the arguments, and how many there are."""
BY_SETTING = {"to_tsvector": 1, "to_tsquery": 1, "plainto_tsquery": 1, "phraseto_tsquery": 1, "websearch_to_tsquery": 1,
              "age": 1}  # fmt: skip
"""Functions that, given so many arguments, look at a setting or at the day of today."""
OF_THE_SERVER = frozenset({"information_schema", "pg_catalog"})
VALUES = {pb.SVFOP_CURRENT_USER: "CURRENT_USER", pb.SVFOP_SESSION_USER: "SESSION_USER",
          pb.SVFOP_CURRENT_DATE: "CURRENT_DATE", pb.SVFOP_CURRENT_TIMESTAMP: "CURRENT_TIMESTAMP",
          pb.SVFOP_LOCALTIMESTAMP: "LOCALTIMESTAMP", pb.SVFOP_CURRENT_TIME: "CURRENT_TIME"}  # fmt: skip


@rule(
    code="FUN004",
    title="IMMUTABLE function that reads",
    why=(
        "The server may keep the answer of an IMMUTABLE function for ever: in a plan, in an index, in a generated"
        " column. One that reads tables or the clock gives stale answers, and an index over it misses rows."
    ),
    example="""
        CREATE TABLE rate (currency text PRIMARY KEY, factor numeric);
        CREATE FUNCTION in_euro(amount numeric, currency text) RETURNS numeric LANGUAGE sql IMMUTABLE
            AS $$ SELECT amount * r.factor FROM rate AS r WHERE r.currency = $2 $$;
    """,
    clean="""
        CREATE TABLE rate (currency text PRIMARY KEY, factor numeric);
        CREATE FUNCTION in_euro(amount numeric, currency text) RETURNS numeric LANGUAGE sql STABLE
            AS $$ SELECT amount * r.factor FROM rate AS r WHERE r.currency = $2 $$;
        CREATE FUNCTION total(amounts numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE
            AS $$ WITH a AS (SELECT unnest($1) AS x) SELECT sum(x) FROM a $$;
        CREATE FUNCTION shown(day date) RETURNS text LANGUAGE plpgsql IMMUTABLE
            AS $$ BEGIN RETURN to_char(day, 'DD.MM.YYYY'); END $$;
        CREATE FUNCTION day_of(at timestamptz, kept timestamp) RETURNS date LANGUAGE sql IMMUTABLE
            AS $$ SELECT least((at AT TIME ZONE 'UTC')::date, kept::date) $$;
        CREATE FUNCTION hour_of(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE
            AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'HH24') || extract(epoch FROM at) $$;
    """,
)
def immutable_function_that_reads(observation: Observation) -> Iterator[Finding]:
    """Functions marked IMMUTABLE whose bodies read tables, the clock, the session, or draw at random.

    Also by way of a function of the user's that does. Calls of the server's stable functions, as of to_char, and of
    unaccent, are left to those who wrap them on purpose; not where they are given a moment, which they read in the
    session's time zone.
    """
    db = observation.snapshot
    for body in bodies(db):
        if body.function.volatility == "immutable":
            tables, called = _tables(body), (*_called(db, body), *_reading(db, body), *_by_time_zone(body))
            if tables or called:
                users = _indexes(db).get(body.function.name, ())
                yield Finding(
                    object=body.title,
                    message=f"is IMMUTABLE and depends on {', '.join((*tables, *called))}",
                    severity=Severity.ERROR if users else Severity.WARNING,
                    evidence=known((catalog("reads", tables), catalog("calls", called),
                                    Evidence(measure="is kept in", value=users, source="catalog"))),
                    advice="mark it STABLE (VOLATILE where it draws anew); build anew what was computed with it",
                )  # fmt: skip


def _tables(body: Body) -> tuple[str, ...]:
    """Tables that it reads; those of the catalog hardly change."""
    found = (t for tree in body.trees for t in named_tables(tree))
    own = (t for t in found if not t.relname.startswith("pg_") and t.schemaname not in OF_THE_SERVER)
    return tuple(dict.fromkeys(str(Relation(t.schemaname, t.relname)) if t.schemaname else t.relname for t in own))


def _called(db: Snapshot, body: Body) -> tuple[str, ...]:
    """Calls of the server's own functions that do not answer the same for ever."""
    moment = OF_THE_MOMENT | VOLATILE
    found = [f"{name}()" for tree in body.trees for call in calls(tree)
             if (name := called_name(call)) in moment and not meant(db, call)]  # fmt: skip
    found += [f"{called_name(call)}()" for tree in body.trees for call in calls(tree)
              if BY_SETTING.get(called_name(call)) == len(call.args) and not meant(db, call)
              and not _settles(body, "default_text_search_config")]  # fmt: skip
    values = [VALUES[v.op] for tree in body.trees for v in tree.all(pb.SQLValueFunction) if v.op in VALUES]
    return tuple(dict.fromkeys((*found, *values)))


def _reading(db: Snapshot, body: Body) -> tuple[str, ...]:
    """The user's functions that it calls and that read: those that say they are immutable are told themselves."""
    found = (meant(db, call) for tree in body.trees for call in calls(tree))
    return tuple(dict.fromkeys(f"{one[0].name}()" for one in found if len(one) == 1 and one[0].name in _readers(db)))


def _by_time_zone(body: Body) -> tuple[str, ...]:
    """A moment, in a parameter or a variable, cast or given to what reads it in the session's time zone."""
    moments = {name for n, p in enumerate(parameters(body.definition), 1) if p.arg_type.names
               and p.arg_type.names[-1].string.sval == MOMENT for name in (p.name.lower(), f"${n}")}  # fmt: skip
    moments |= {name for name, type_ in body.variables.items() if type_.rpartition(".")[2].lower() in MOMENTS}
    trees = body.trees if moments and not _settles(body, "timezone") else ()
    casts = (cast for tree in trees for cast in tree.all(pb.TypeCast))
    found = any(c.type_name.names[-1].string.sval in LOCAL and _parameter(c.arg) in moments for c in casts)
    given = any(_takes_apart(call, moments) for tree in trees for call in calls(tree))
    return ("the session's time zone",) if found or given else ()


def _settles(body: Body, setting: str) -> bool:
    """Whether the function runs with a value of its own of a setting."""
    return any(each.lower().startswith(f"{setting}=") for each in body.function.settings)


def _takes_apart(call: pb.FuncCall, moments: set[str]) -> bool:
    """Whether it makes of a moment what it is in the session's zone; seconds since 1970 are the same in all."""
    taken = LOCAL_PARTS.get(called_name(call))
    if taken is None or len(call.args) != taken[1] or _parameter(call.args[taken[0]]) not in moments:
        return False
    return not any(a.a_const.sval.sval.lower() == "epoch" for a in call.args)


def _parameter(node: pb.Node) -> str:
    if node.HasField("param_ref"):
        return f"${node.param_ref.number}"
    last = node.column_ref.fields[-1] if node.HasField("column_ref") else None
    return str(last.string.sval).lower() if last is not None else ""


@lookup.remembered
def _readers(db: Snapshot) -> frozenset[Relation]:
    """Functions that are not marked IMMUTABLE and read a table, the clock or the session themselves."""
    read = (body for body in bodies(db) if body.function.volatility != "immutable")
    return frozenset(body.function.name for body in read if _tables(body) or _called(db, body))


def _indexes(db: Snapshot) -> dict[Relation, tuple[str, ...]]:
    """Indexes and generated columns that call a function, by the function."""
    found: dict[Relation, list[str]] = {}
    for table in db.tables:
        for name, expression in _kept(table):
            for function in _functions(expression):
                found.setdefault(function, []).append(name)
    return {function: tuple(names) for function, names in found.items()}


def _kept(table: Table) -> Iterator[tuple[str, Expression]]:
    """Expressions whose values the server stores, with the name of what stores them."""
    for index in table.indexes:
        expressions = [key.expression for key in index.keys if key.column is None]
        for expression in (*expressions, *([index.predicate] if index.predicate else [])):
            yield str(index.name), expression
    for column in table.columns:
        if column.generated and column.default:
            yield table.name.column(column.name), column.default


def _functions(expression: str) -> Iterator[Relation]:
    try:
        yield from (function_name(call) for call in calls(Tree(parse_expression(expression))))
    except UnreadableError:
        return
