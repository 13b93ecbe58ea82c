"""A function that compares a column only after casting it, so that its index is of no use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import WHOLE_TYPES, catalog
from pgrefit.rules._bodies import Body, bodies, parameters
from pgrefit.rules._trees import Tree
from pgrefit.rules.functions._missing import meant_by, queries

COMPARISONS = frozenset({"=", "<", ">", "<=", ">="})
INEXACT = frozenset({"numeric", "decimal", "float8", "float4", "float", "double precision", "real"})
FEWEST = 100  # rows of a table, of which one is worth looking up
TEXTS = frozenset({"text", "varchar", "character varying"})
CHANGING = frozenset({"text", "varchar", "bpchar", "numeric", "float8", "date", "time", "int4", "int8"})

Found = tuple[Table, Column, str]  # and what it is cast to


@rule(
    code="FUN011",
    title="Column that is cast to be compared",
    why="The value of every row is converted before it is compared, which no index on the column serves: the statement"
    " reads the whole table each time the function is run.",
    example="""
        CREATE TABLE account (id bigint PRIMARY KEY, owner text);
        CREATE FUNCTION owner_of(wanted numeric) RETURNS text LANGUAGE sql STABLE
            AS $$ SELECT a.owner FROM account AS a WHERE a.id = wanted $$;
    """,
    clean="""
        CREATE TABLE account (id bigint PRIMARY KEY, owner text, rate numeric);
        CREATE INDEX ON account ((id::text));
        CREATE FUNCTION owner_of(wanted int, lowest numeric) RETURNS text LANGUAGE sql STABLE
            AS $$ SELECT a.owner FROM account AS a WHERE a.id = wanted AND a.rate > lowest $$;
        CREATE FUNCTION owner_by(wanted numeric, shown text) RETURNS text LANGUAGE sql STABLE
            AS $$ SELECT a.owner FROM account AS a WHERE a.id = wanted::bigint AND a.id::text = shown $$;
    """,
)
def column_cast_to_compare(observation: Observation) -> Iterator[Finding]:
    """Indexed columns that a static statement casts, and those compared with a parameter whose type makes the server.

    So it does with whole numbers and a numeric, and with char(n) and a text.
    """
    db = observation.snapshot
    for body in bodies(db):
        types = _types(body)
        found = dict.fromkeys(f for query in queries(body) for f in _casts(db, body, query, types))
        large = ((t, column, to) for t, column, to in found if not 0 <= observation.rows(t.name) < FEWEST)
        told = {table.name.column(column.name): f"{column.type} to {to}" for table, column, to in large}
        if told:
            yield Finding(
                object=body.title,
                message=f"compares {', '.join(told)} only after a cast, for which no index serves",
                severity=Severity.INFO,
                evidence=tuple(catalog(f"{name} is cast", how) for name, how in told.items()),
                advice="give the parameter the type of the column, or cast the parameter instead; of a day, ask for a"
                " range from its beginning to the next",
            )


def _types(body: Body) -> dict[str, str]:
    """Types of parameters and variables, by their names."""
    given = {p.name.lower(): p.arg_type.names[-1].string.sval for p in parameters(body.definition) if p.arg_type.names}
    numbered = {f"${n}": type_ for n, type_ in enumerate(given.values(), 1)}
    declared = {name: type_.rpartition(".")[2].partition("(")[0] for name, type_ in body.variables.items()}
    return {**numbered, **declared, **given}


def _casts(db: Snapshot, body: Body, query: Tree, types: dict[str, str]) -> Iterator[Found]:
    tables = _tables(db, body, query)
    for test in query.all(pb.A_Expr):
        if tables and len(test.name) == 1 and test.name[0].string.sval in COMPARISONS:
            for side, other in ((test.lexpr, test.rexpr), (test.rexpr, test.lexpr)):
                yield from _cast(tables, types, side, other)


def _tables(db: Snapshot, body: Body, query: Tree) -> dict[str, Table]:
    """The tables that a statement reads, by the one name that each has there."""
    named = query.all(pb.RangeVar)
    times = Counter(table.alias.aliasname or table.relname for table in named)
    found = ((t.alias.aliasname or t.relname, meant_by(db, body, t)) for t in named)
    return {name: table for name, table in found if times[name] == 1 and isinstance(table, Table)}


def _cast(tables: dict[str, Table], types: dict[str, str], side: pb.Node, other: pb.Node) -> Iterator[Found]:
    if side.HasField("type_cast"):
        to = str(side.type_cast.type_name.names[-1].string.sval)
        place = _column(tables, types, side.type_cast.arg) if to in CHANGING else None
        joined = _column(tables, types, other)  # whose own index may serve
        if place and not joined and _is_indexed(*place) and not _is_served(*place):
            yield (*place, to)
        return
    place, type_ = _column(tables, types, side), types.get(_name(other), "")
    if place and _is_indexed(*place) and _makes_cast(place[1], type_):
        yield (*place, type_)


def _makes_cast(column: Column, type_: str) -> bool:
    """Whether the server converts the column, not the value that it is compared with."""
    whole = column.type in WHOLE_TYPES and type_ in INEXACT
    return whole or (column.type.startswith("character(") and type_ in TEXTS)


def _column(tables: dict[str, Table], types: dict[str, str], node: pb.Node) -> tuple[Table, Column] | None:
    """The column that is meant: after a name of a table, or of the only table; a variable goes first."""
    path = [field.string.sval for field in node.column_ref.fields] if node.HasField("column_ref") else []
    if len(path) == 2 and path[0] in tables:
        table = tables[path[0]]
    elif len(path) == 1 and len(tables) == 1 and path[0].lower() not in types:
        (table,) = tables.values()
    else:
        return None
    column = next((c for c in table.columns if c.name == path[-1]), None)
    return (table, column) if column else None


def _name(node: pb.Node) -> str:
    if node.HasField("param_ref"):
        return f"${node.param_ref.number}"
    fields = list(node.column_ref.fields) if node.HasField("column_ref") else []
    return str(fields[0].string.sval).lower() if len(fields) == 1 else ""


def _is_indexed(table: Table, column: Column) -> bool:
    return any(
        index.valid and index.predicate is None and index.columns[:1] == (column.name,) for index in table.indexes
    )


def _is_served(table: Table, column: Column) -> bool:
    """Whether an index is over an expression of the column."""
    keys = (key for index in table.indexes for key in index.keys if key.column is None)
    return any(column.name in key.expression for key in keys)
