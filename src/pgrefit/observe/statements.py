"""The statements that a server has counted, where pg_stat_statements is installed and loaded."""

from __future__ import annotations

from typing import Any

import psycopg

from pgrefit.errors import ConnectionLost, PgrefitError
from pgrefit.model.statements import StatementStatistics
from pgrefit.pg.queries import fetch, fetch_dicts


def take_statements(conn: psycopg.Connection[Any]) -> tuple[StatementStatistics, ...]:
    """Statements of this database, the longest in total first; none where they are not counted or may not be read."""
    try:
        with conn.transaction(force_rollback=True):
            if not fetch_dicts(conn, "statements_path"):
                return ()
            return tuple(fetch(conn, "statements", StatementStatistics))
    except ConnectionLost:
        raise
    except (PgrefitError, psycopg.Error):  # the extension is there, but the server does not load its library
        return ()
