"""Sessions that may hold their locks for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Role
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._roles import own_logins
from pgrefit.rules.server._say import NOTHING, about_settings, together, with_settings

TIMEOUTS = ("idle_in_transaction_session_timeout", "statement_timeout", "transaction_timeout")  # the last from 17 on


def _with_a_role(observation: Observation) -> Observation:
    return replace(observation, snapshot=replace(observation.snapshot, roles=(Role(name="shop", can_login=True),)))


@rule(
    code="SRV008",
    title="Session without any timeout",
    why="One forgotten transaction, or one query gone wrong, holds its locks and keeps vacuum out until somebody"
    " looks.",
    example=NOTHING,
    given=together(_with_a_role, with_settings(statement_timeout="0", idle_in_transaction_session_timeout="0")),
    clean=NOTHING,
)
def session_without_timeout(observation: Observation) -> Iterator[Finding]:
    """Roles that log in and have none of the timeouts from server, database or role; superusers are left alone.

    Source: https://www.postgresql.org/docs/current/runtime-config-client.html (statement behavior).
    """
    server = observation.server
    if not server.settings or any(server.value(name) not in {"", "0"} for name in TIMEOUTS):
        return
    if _sets(observation.snapshot.database_settings):
        return
    free = [r.name for r in own_logins(observation) if not (r.superuser or r.replication or _sets(r.settings))]
    if free:
        runs = "role runs" if len(free) == 1 else "roles run"
        yield about_settings(
            server, TIMEOUTS, f"{len(free)} {runs} without any timeout", Severity.INFO,
            catalog("roles", tuple(sorted(free))),
            advice="ALTER ROLE … SET idle_in_transaction_session_timeout, and statement_timeout where queries are"
            " short",
        )  # fmt: skip


def _sets(values: tuple[str, ...]) -> bool:
    """Whether one of the timeouts is set among settings of the form name=value."""
    given = dict(value.split("=", 1) for value in values)
    return any(given.get(name, "0") not in {"", "0"} for name in TIMEOUTS)
