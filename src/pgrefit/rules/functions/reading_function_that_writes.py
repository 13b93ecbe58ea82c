"""A function that says it only reads, and writes."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._ask import catalog
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._effects import called_name, calls, meant, written_to

MOVES_SEQUENCE = frozenset({"nextval", "setval"})


@rule(
    code="FUN005",
    title="Function that writes though it is marked as reading",
    why=(
        "A function marked STABLE or IMMUTABLE may not write: its INSERT, UPDATE or DELETE fails whenever it is run,"
        " and one number of a sequence may be taken for many rows. One marked PARALLEL SAFE fails as soon as a plan"
        " runs it in a parallel worker."
    ),
    example="""
        CREATE TABLE visit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page text);
        CREATE FUNCTION count_visit(page text) RETURNS int LANGUAGE plpgsql STABLE AS $$
        BEGIN
            INSERT INTO visit (page) VALUES (count_visit.page);
            RETURN 1;
        END $$;
    """,
    clean="""
        CREATE TABLE visit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page text);
        CREATE FUNCTION count_visit(page text) RETURNS int LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO visit (page) VALUES (count_visit.page);
            RETURN 1;
        END $$;
        CREATE FUNCTION visits(page text) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
            AS $$ SELECT count(*) FROM visit AS v WHERE v.page = $1 $$;
    """,
)
def reading_function_that_writes(observation: Observation) -> Iterator[Finding]:
    """Functions that are marked as not writing and do, in a statement of their own or by a function that they call."""
    db = observation.snapshot
    for body in bodies(db):
        written = _written(body) or _by_others(db, body)
        marked = _marked(body) if written else ""
        if marked:
            yield Finding(
                object=body.title,
                message=f"is marked {marked} and writes to {', '.join(written)}",
                severity=Severity.ERROR,
                evidence=(catalog("marked", marked), catalog("writes to", written)),
                advice="mark it VOLATILE PARALLEL UNSAFE",
            )


def _marked(body: Body) -> str:
    if body.function.volatility != "volatile":
        return body.function.volatility.upper()
    return "PARALLEL SAFE" if body.function.parallel == "safe" else ""


def _written(body: Body) -> tuple[str, ...]:
    found = (table for tree in body.trees for table in written_to(tree))
    tables = (str(Relation(t.schemaname, t.relname)) if t.schemaname else t.relname for t in found)
    moved = ("a sequence" for tree in body.trees for call in calls(tree) if called_name(call) in MOVES_SEQUENCE)
    return tuple(dict.fromkeys((*tables, *moved)))


def _by_others(db: Snapshot, body: Body) -> tuple[str, ...]:
    """What the functions write to that it calls; not those that are told themselves."""
    if body.function.volatility == "volatile":
        return ()
    found = (meant(db, call) for tree in body.trees for call in calls(tree))
    return tuple(dict.fromkeys(
        f"{table}, by {one[0].name}()" for one in found if len(one) == 1 for table in _writers(db).get(one[0].name, ())
    ))  # fmt: skip


@remembered
def _writers(db: Snapshot) -> dict[Relation, tuple[str, ...]]:
    """What functions write to that do not say that they only read."""
    wild = (body for body in bodies(db) if body.function.volatility == "volatile")
    return {body.function.name: written for body in wild if (written := _written(body))}
