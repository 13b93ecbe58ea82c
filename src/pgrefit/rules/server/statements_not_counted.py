"""Nobody knows what the server spends its time on."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Counters
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import (
    NOTHING,
    about_settings,
    is_throwaway,
    settings,
    together,
    with_server,
    with_settings,
)

EXTENSION = "pg_stat_statements"
FEWEST_COMMITS = 2000
FEWEST_KINDS = 500  # an application has more kinds of statements


@rule(
    code="SRV009",
    title="Statements not counted",
    why="Without pg_stat_statements nobody knows which statements take the time, and what a change did to them.",
    example=NOTHING,
    given=together(with_server(counters=Counters(commits=5_000_000)), with_settings(listen_addresses="*")),
    clean=NOTHING,
)
def statements_not_counted(observation: Observation) -> Iterator[Finding]:
    """pg_stat_statements is not installed where there is something to count, counts nothing, or forgets at once.

    Source: https://www.postgresql.org/docs/current/pgstatstatements.html.
    """
    server = observation.server
    yield from _blunted(observation)
    commits = server.counters.commits
    if (
        commits < FEWEST_COMMITS
        or is_throwaway(server)
        or any(extension.name == EXTENSION for extension in observation.snapshot.extensions)
    ):
        return
    loaded = EXTENSION in server.value("shared_preload_libraries")
    yield Finding(
        object=f"extension {EXTENSION}",
        message="is loaded, but not installed in this database" if loaded else "is not installed",
        severity=Severity.INFO,
        evidence=(*settings(server, "shared_preload_libraries"), statistic("transactions committed", commits)),
        advice="CREATE EXTENSION pg_stat_statements" if loaded
        else "add it to shared_preload_libraries, restart, and CREATE EXTENSION pg_stat_statements",
    )  # fmt: skip


def _blunted(observation: Observation) -> Iterator[Finding]:
    """It is installed, and set so that it sees nothing or forgets what it has seen."""
    server = observation.server
    if not any(extension.name == EXTENSION for extension in observation.snapshot.extensions):
        return
    if server.value(f"{EXTENSION}.track") == "none":
        yield about_settings(
            server, (f"{EXTENSION}.track",), "counts no statement", Severity.WARNING,
            advice="set it to top and reload",
        )  # fmt: skip
    elif server.is_off("compute_query_id"):
        yield about_settings(
            server, ("compute_query_id",), f"is off: {EXTENSION} counts no statement", Severity.WARNING,
            advice="set it to auto and reload",
        )  # fmt: skip
    if server.is_off(f"{EXTENSION}.save"):
        yield about_settings(
            server, (f"{EXTENSION}.save",), "is off: what was counted is forgotten at each restart", Severity.INFO,
            advice="set it to on and reload",
        )  # fmt: skip
    kinds = server.number(f"{EXTENSION}.max")
    if kinds is not None and kinds < FEWEST_KINDS:
        yield about_settings(
            server, (f"{EXTENSION}.max",),
            f"counts {kinds:.0f} kinds of statements and forgets the rest: what is seldom or new falls out at once",
            Severity.INFO, statistic("statements counted here", len(observation.statements)),
            advice="leave it at 5000, its default, or higher; it takes a restart",
        )  # fmt: skip
