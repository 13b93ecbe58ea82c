"""Whether a version of the application works on the database as it is."""

from __future__ import annotations

from dataclasses import dataclass

from pgrefit.model.ddl import ddl
from pgrefit.model.workload import Query, Version, Workload
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.rehearse.parties import OpenSession

SAMPLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Queries of one version with sampled values for each; a query without values is not tried."""

    queries: tuple[tuple[Query, tuple[tuple[str | None, ...], ...]], ...]

    def failures(self, open_: OpenSession) -> dict[str, str]:
        """Run each query and undo what it does: the server's error by the name of each that fails."""
        failed: dict[str, str] = {}
        with translated(), open_() as conn:
            for query, rows in self.queries:
                errors = (_error(conn, query, values) for values in rows)
                if error := next((error for error in errors if error), ""):
                    failed[query.name] = error
        return failed

    def without(self, names: dict[str, str]) -> Trial:
        """The same, but for some queries."""
        return Trial(queries=tuple((query, rows) for query, rows in self.queries if query.name not in names))


def prepare_trial(open_: OpenSession, workload: Workload, version: Version) -> Trial:
    """Sample values from the database as it is now."""
    with open_() as conn:
        return Trial(queries=tuple((query, _values(conn, query)) for query in workload.of(version).queries))


def as_old_application(open_: OpenSession, compatible_schema: str) -> OpenSession:
    """Sessions that find the old shape first, where the plan keeps it; until that is made they find what there is."""
    if not compatible_schema:
        return open_

    def opened() -> Session:
        conn = open_()
        first = ddl("{schema}", schema=compatible_schema)
        conn.execute(
            "SELECT pg_catalog.set_config('search_path', %s || pg_catalog.current_setting('search_path'), false)",
            (f"{first}, ",),
        )
        return conn

    return opened


def _values(conn: Session, query: Query) -> tuple[tuple[str | None, ...], ...]:
    if not query.parameters:
        return ((),)
    return attempt(conn, query.parameters, as_text=True).rows[:SAMPLE]


def _error(conn: Session, query: Query, values: tuple[str | None, ...]) -> str:
    with conn.transaction(force_rollback=True):
        return attempt(conn, query.sql, values).error
