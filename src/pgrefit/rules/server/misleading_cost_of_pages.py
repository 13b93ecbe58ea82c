"""Costs of pages that no storage has."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.server._say import NOTHING, about_settings, with_settings

DEAREST = 10.0  # times a page in sequence; of a disk that turns it is 4 by default


@rule(
    code="SRV040",
    title="Costs of pages that mislead the planner",
    why="The planner takes whole tables for cheaper than indexes, or the other way round, for every query.",
    example=NOTHING,
    given=with_settings(random_page_cost="40", seq_page_cost="1"),
    clean=NOTHING,
)
def misleading_cost_of_pages(observation: Observation) -> Iterator[Finding]:
    """random_page_cost below seq_page_cost, or ten times it and more.

    Source: https://www.postgresql.org/docs/current/runtime-config-query.html (random_page_cost).
    """
    server = observation.server
    random, sequence = server.number("random_page_cost"), server.number("seq_page_cost")
    if random is None or sequence is None or sequence <= random < DEAREST * sequence or random == sequence == 0:
        return
    said = "is lower than seq_page_cost" if random < sequence else f"is {DEAREST:.0f} times seq_page_cost, or more"
    yield about_settings(
        server, ("random_page_cost", "seq_page_cost"), said, Severity.WARNING,
        advice="1.1 for flash storage and for what is cached, 4 for disks that turn",
    )  # fmt: skip
