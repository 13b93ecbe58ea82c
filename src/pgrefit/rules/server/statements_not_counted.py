"""Nobody knows what the server spends its time on."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Counters
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, is_throwaway, settings, together, with_server, with_settings

EXTENSION = "pg_stat_statements"
FEWEST_COMMITS = 2000


@rule(
    code="SRV009",
    title="Statements not counted",
    why="Without pg_stat_statements nobody knows which statements take the time, and what a change did to them.",
    example=NOTHING,
    given=together(with_server(counters=Counters(commits=5_000_000)), with_settings(listen_addresses="*")),
    clean=NOTHING,
)
def statements_not_counted(observation: Observation) -> Iterator[Finding]:
    """pg_stat_statements is not installed where there is something to count.

    Source: https://www.postgresql.org/docs/current/pgstatstatements.html.
    """
    server = observation.server
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
