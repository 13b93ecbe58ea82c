"""Values for a query's parameters, drawn from the data itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from pgrefit.errors import UsageError
from pgrefit.model.workload import Query
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session

Values: TypeAlias = tuple[str | None, ...]


def sample(conn: Session, query: Query, limit: int = 200) -> list[Values]:
    """Up to `limit` rows of values for $1, $2, …, as texts; one empty row for a query without parameters.

    Raises UsageError where the query's parameters cannot be read.
    """
    if not query.parameters:
        return [()]
    outcome = attempt(conn, query.parameters, as_text=True)
    if outcome.error:
        raise UsageError(
            f"the parameters of query {query.name} cannot be read",
            why=outcome.error,
            next_step="correct the line 'parameters' of that query",
        )
    return list(outcome.rows[:limit])


def draw(rows: Sequence[Values], chance: float) -> Values:
    """One of the rows by a number in [0, 1): queries that share the order of their rows get the same one."""
    return rows[int(chance * len(rows))]
