"""Transactions in which nothing happens."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Session
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, duration, settings, with_server

SOME_SECONDS, LONG_SECONDS = 60, 300
FORGOTTEN = Session(pid=7, role="shop", state="idle in transaction", transaction_seconds=5000, state_seconds=4000)


@rule(
    code="SRV013",
    title="Session idle in a transaction",
    why="It holds its locks, and keeps vacuum from removing what died since; a change of schema waits behind it.",
    example=NOTHING,
    given=with_server(sessions=(FORGOTTEN,)),
    clean=NOTHING,
)
def idle_in_transaction(observation: Observation) -> Iterator[Finding]:
    """Sessions that have been waiting for their client, within a transaction, for a minute or more.

    Source: https://www.postgresql.org/docs/current/runtime-config-client.html (idle_in_transaction_session_timeout).
    """
    waiting = [
        session
        for session in observation.server.sessions
        if session.state.startswith("idle in transaction") and session.state_seconds >= SOME_SECONDS
    ]
    if waiting:
        worst = max(waiting, key=lambda session: session.state_seconds)
        yield Finding(
            object=f"role {worst.role}",
            message=f"idle in a transaction for {duration(worst.state_seconds)} (pid {worst.pid})"
            + (f", and {len(waiting) - 1} more sessions" if len(waiting) > 1 else ""),
            severity=Severity.WARNING if worst.state_seconds >= LONG_SECONDS else Severity.INFO,
            evidence=(
                statistic("sessions", len(waiting)),
                statistic("roles", tuple(sorted({session.role for session in waiting}))),
                statistic("longest seconds", round(worst.state_seconds)),
                *settings(observation.server, "idle_in_transaction_session_timeout"),
            ),
            advice="let the application commit before it waits for others; bound it by"
            " idle_in_transaction_session_timeout",
        )
