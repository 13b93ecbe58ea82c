"""Sessions that may hold their locks for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Role
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._roles import own_logins
from pgrefit.rules.server._say import NOTHING, about_settings, together, with_settings

SHOWN = 5
AMOUNT = re.compile(r"([0-9.]+)\s*([a-z]*)")
UNITS = {"us": 0.001, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
DAY = 8.64e7  # ms
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
    """Roles that log in and have no timeout from server, database or role, or none that ends an idle transaction.

    A day and more is as good as none. Superusers are left alone.

    Source: https://www.postgresql.org/docs/current/runtime-config-client.html (statement behavior).
    """
    server = observation.server
    if not server.settings:
        return
    of_all = {name: server.value(name) for name in TIMEOUTS} | _given(observation.snapshot.database_settings)
    logins = [role for role in own_logins(observation) if not (role.superuser or role.replication)]
    held = {role.name: of_all | _given(role.settings) for role in logins}
    free = sorted(name for name, timeouts in held.items() if not any(map(_bounds, timeouts.values())))
    idle = sorted(name for name, timeouts in held.items() if name not in free and not _ends_idle(timeouts))
    if free:
        runs = "role runs" if len(free) == 1 else "roles run"
        yield about_settings(
            server, TIMEOUTS, f"{len(free)} {runs} without any timeout: {_listed(free)}", Severity.INFO,
            catalog("roles", tuple(free)),
            advice="ALTER ROLE … SET idle_in_transaction_session_timeout, and statement_timeout where queries are"
            " short",
        )  # fmt: skip
    if idle:
        yield about_settings(
            server, TIMEOUTS, f"nothing ends a transaction that idles of {_listed(idle)}", Severity.INFO,
            catalog("roles", tuple(idle)),
            advice="ALTER ROLE … SET idle_in_transaction_session_timeout: statement_timeout ends statements alone",
        )  # fmt: skip


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


def _given(values: tuple[str, ...]) -> dict[str, str]:
    """The timeouts among settings of the form name=value."""
    given = dict(value.split("=", 1) for value in values)
    return {name: given[name] for name in TIMEOUTS if name in given}


def _bounds(timeout: str) -> bool:
    """Whether a timeout ends anything: it is set, and to less than a day."""
    found = AMOUNT.fullmatch(timeout.strip())
    return found is not None and 0 < float(found[1]) * UNITS.get(found[2], 1.0) < DAY


def _ends_idle(timeouts: dict[str, str]) -> bool:
    return any(_bounds(timeouts[name]) for name in TIMEOUTS if name != "statement_timeout" and name in timeouts)
