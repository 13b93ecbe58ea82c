"""Costs of pages that no storage has."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, about_settings, bytes_of, own_settings, size, with_settings

COSTS = {"random_page_cost", "seq_page_cost"}
DEAREST = 6.0  # times a page in sequence; of a disk that turns it is 4 by default


@rule(
    code="SRV040",
    title="Costs of pages that mislead the planner",
    why="The planner takes whole tables for cheaper than indexes, or the other way round, for every query.",
    example=NOTHING,
    given=with_settings(random_page_cost="40", seq_page_cost="1"),
    clean=NOTHING,
)
def misleading_cost_of_pages(observation: Observation) -> Iterator[Finding]:
    """random_page_cost below seq_page_cost, or six times it and more; effective_cache_size below shared_buffers.

    Source: https://www.postgresql.org/docs/current/runtime-config-query.html (random_page_cost).
    """
    server = observation.server
    told, cache = bytes_of(server, "effective_cache_size"), bytes_of(server, "shared_buffers")
    if told is not None and cache is not None and told < cache:
        yield about_settings(
            server, ("effective_cache_size", "shared_buffers"),
            f"tells the planner of {size(told)} of cache, where the server alone has {size(cache)}: it shuns indexes",
            Severity.WARNING, advice="set it to what the machine has for caching, mostly half of its memory and more",
        )  # fmt: skip
    yield from _by_own_setting(observation)
    random, sequence = server.number("random_page_cost"), server.number("seq_page_cost")
    if random is None or sequence is None or sequence <= random < DEAREST * sequence or random == sequence == 0:
        return
    said = "is lower than seq_page_cost" if random < sequence else f"is {DEAREST:.0f} times seq_page_cost, or more"
    yield about_settings(
        server, ("random_page_cost", "seq_page_cost"), said, Severity.WARNING,
        advice="1.1 for flash storage and for what is cached, 4 for disks that turn",
    )  # fmt: skip


def _by_own_setting(observation: Observation) -> Iterator[Finding]:
    """Roles, and the database, whose own settings say so."""
    usual = observation.server.number("seq_page_cost") or 1.0
    for owner, values in own_settings(observation):
        costs = {name: float(value) for name, _, value in (v.partition("=") for v in values) if name in COSTS}
        sequence = costs.get("seq_page_cost", usual)
        random = costs.get("random_page_cost", sequence)
        if random < sequence or random >= DEAREST * sequence > 0:
            yield Finding(
                object=owner,
                message=f"its own settings say random_page_cost {random:g} to seq_page_cost {sequence:g}",
                severity=Severity.WARNING,
                evidence=(catalog("settings", tuple(values)),),
                advice="RESET it: 1.1 suits flash storage and what is cached, 4 disks that turn",
            )
