"""Ways to run a query that somebody has forbidden the planner."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, about_settings, own_settings, with_settings

SWITCH = "enable_"
OFF = {"off", "false", "no", "0"}


@rule(
    code="SRV052",
    title="Planner switch left off",
    why="It is a means to study one plan: left off for all queries, those that need this way are slow, for ever.",
    example=NOTHING,
    given=with_settings(enable_hashjoin="off"),
    clean=NOTHING,
)
def planner_switch_off(observation: Observation) -> Iterator[Finding]:
    """enable_… that is on by default, and off for the server, this database or a role.

    Source: https://www.postgresql.org/docs/current/runtime-config-query.html (planner method configuration).
    """
    server = observation.server
    usual = {one.name for one in server.settings if one.name.startswith(SWITCH) and one.default != "off"}
    own = {one.name for one in server.settings if one.source in {"database", "user", "database user"}}
    off = tuple(sorted(name for name in usual - own if server.is_off(name)))
    if off:
        yield about_settings(
            server, off, f"switched off for all queries: {', '.join(off)}", Severity.WARNING,
            advice="switch it on; where one query fares better without it, SET LOCAL for that one",
        )  # fmt: skip
    for owner, values in own_settings(observation):
        named = tuple(sorted(name for name in _off(values) if name in usual))
        if named:
            yield Finding(
                object=owner,
                message=f"its settings forbid the planner a way: {', '.join(named)} off",
                severity=Severity.WARNING,
                evidence=(catalog("settings", tuple(values)),),
                advice="RESET it; where one query fares better without it, SET LOCAL for that one",
            )


def _off(values: tuple[str, ...]) -> Iterator[str]:
    given = (value.partition("=") for value in values)
    return (name for name, _, value in given if value.lower() in OFF)
