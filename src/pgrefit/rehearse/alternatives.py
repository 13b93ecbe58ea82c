"""Measures a read model in both its forms: a view, and a materialized view."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import postgast

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.percentiles import percentile
from pgrefit.model.plan import ReadModelChoice
from pgrefit.model.rehearsal import Alternative
from pgrefit.model.workload import Query, Workload
from pgrefit.pg.attempt import Outcome, attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.rehearse.parties import OpenSession

VIEW, MATERIALIZED = "view", "materialized view"
SCRATCH = "pgrefit_alternatives"
CALLS = 50
SECONDS = 5.0

_Call = tuple[str, tuple[str | None, ...]]


def measure_alternatives(
    open_: OpenSession, choices: tuple[ReadModelChoice, ...], workload: Workload | None
) -> tuple[Alternative, ...]:
    """Both forms of each read model; the chosen form as it stands, else built in a transaction that is rolled back.

    `p95` is of the application's queries that read it; where there are none, of its first 20 rows by its key. A form
    that cannot be built is left out.
    """
    measured: list[Alternative] = []
    for choice in choices:
        for form in (VIEW, MATERIALIZED):
            with translated(), open_() as conn, conn.transaction(force_rollback=True):
                measured += _alternative(conn, choice, form, workload or Workload())
    return tuple(measured)


def _alternative(conn: Session, choice: ReadModelChoice, form: str, workload: Workload) -> Iterator[Alternative]:
    chosen = form == choice.chosen
    calls = _calls(conn, choice, workload)
    name = choice.name
    if not (chosen and _runs(conn, ddl("SELECT FROM {name} LIMIT 0", name=name))):
        name = Relation(SCRATCH, choice.name.name)
        if not all(_runs(conn, statement, keep=True) for statement in _built(choice, name, form)):
            return
    upkeep = _refresh(conn, name) if form == MATERIALIZED else 0.0
    p95 = _p95(conn, name, choice, calls)
    yield Alternative(name=str(choice.name), form=form, bytes=_bytes(conn, name), p95=p95, upkeep=upkeep, chosen=chosen)


def _built(choice: ReadModelChoice, name: Relation, form: str) -> Iterator[Statement]:
    select = raw(Expression(choice.select))
    yield ddl("CREATE SCHEMA {schema}", schema=name.schema)
    if form == VIEW:
        yield ddl("CREATE VIEW {name} AS {select}", name=name, select=select)
        return
    yield ddl("CREATE MATERIALIZED VIEW {name} AS {select}", name=name, select=select)
    yield ddl("CREATE UNIQUE INDEX ON {name} ({key})", name=name, key=choice.key)
    yield ddl("ANALYZE {name}", name=name)


def _refresh(conn: Session, name: Relation) -> float:
    """How long a refresh takes, in ms: the one that readers do not wait for, where it has a unique key."""
    refreshed = _tried(conn, ddl("REFRESH MATERIALIZED VIEW CONCURRENTLY {name}", name=name))
    if refreshed.error:
        refreshed = _tried(conn, ddl("REFRESH MATERIALIZED VIEW {name}", name=name))
    return refreshed.elapsed


def _calls(conn: Session, choice: ReadModelChoice, workload: Workload) -> list[_Call]:
    """The queries that read it, by an unqualified name, with values: at most CALLS, spread over all."""
    readers = [query for query in workload.of("after").queries if _reads(query, choice.name)]
    calls = [(query.sql, values) for query in readers for values in _values(conn, query)]
    return calls[:: max(len(calls) // CALLS, 1)][:CALLS]


def _reads(query: Query, name: Relation) -> bool:
    try:
        return name.name in set(postgast.extract_tables(postgast.parse(query.sql)))
    except postgast.PgQueryError:
        return False


def _values(conn: Session, query: Query) -> tuple[tuple[str | None, ...], ...]:
    return _tried(conn, query.parameters, as_text=True).rows if query.parameters else ((),)


def _p95(conn: Session, name: Relation, choice: ReadModelChoice, calls: list[_Call]) -> float:
    by_key: _Call = (ddl("SELECT * FROM {name} ORDER BY {key} LIMIT 20", name=name, key=choice.key), ())
    path = ddl("{schema}", schema=name.schema)
    conn.execute(
        "SELECT pg_catalog.set_config('search_path', %s || pg_catalog.current_setting('search_path'), true)",
        (f"{path}, ",),
    )
    end = monotonic() + SECONDS
    times: list[float] = []
    for statement, values in calls or [by_key] * CALLS:
        outcome = _tried(conn, statement, values)
        times += [] if outcome.error else [outcome.elapsed]
        if monotonic() > end:
            break
    return percentile(times, 95)


def _bytes(conn: Session, name: Relation) -> int:
    relation = ddl("{name}", name=name)
    size = ddl("SELECT pg_catalog.pg_total_relation_size({name}::pg_catalog.regclass)", name=Literal(relation))
    return int(_tried(conn, size).rows[0][0])


def _runs(conn: Session, statement: Statement, *, keep: bool = False) -> bool:
    return not _tried(conn, statement, keep=keep).error


def _tried(
    conn: Session, statement: str, values: tuple[str | None, ...] = (), *, as_text: bool = False, keep: bool = False
) -> Outcome:
    """Run it in a savepoint, which stays where it is to be kept."""
    conn.execute("SAVEPOINT tried")
    outcome = attempt(conn, statement, values, as_text=as_text)
    conn.execute("RELEASE SAVEPOINT tried" if keep and not outcome.error else "ROLLBACK TO SAVEPOINT tried")
    return outcome
