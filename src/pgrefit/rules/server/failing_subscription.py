"""A subscription that does not get on."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Subscription
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.server._say import NOTHING, with_server


@rule(
    code="SRV033",
    title="Subscription with errors",
    why="While it fails, the data here grow old, and the publisher keeps all WAL since.",
    example=NOTHING,
    given=with_server(subscriptions=(Subscription(name="orders", enabled=False, apply_errors=3),)),
    clean=NOTHING,
)
def failing_subscription(observation: Observation) -> Iterator[Finding]:
    """Subscriptions that have failed, whose worker does not run, or that are disabled.

    One that was disabled without an error may have been so on purpose: that is said in passing.
    Source: https://www.postgresql.org/docs/current/monitoring-stats.html (pg_stat_subscription_stats).
    """
    for one in observation.server.subscriptions:
        errors = one.apply_errors + one.sync_errors
        if errors or not one.enabled or not one.working:
            yield Finding(
                object=f"subscription {one.name}",
                message=_message(one, errors),
                severity=_severity(one, errors),
                evidence=(
                    catalog("enabled", one.enabled),
                    statistic("errors when applying", one.apply_errors),
                    statistic("errors when copying tables", one.sync_errors),
                    statistic("tables not copied yet", one.waiting_tables),
                ),
                advice="the log names the row in conflict; mend it, ALTER SUBSCRIPTION … ENABLE, and reset the counters"
                " by pg_stat_reset_subscription_stats"
                if errors
                else "see in the log why it has no worker; drop it where nobody needs it any more",
            )


def _message(one: Subscription, errors: int) -> str:
    if errors:
        return f"has failed {errors} times" + ("" if one.enabled else ", and stands still: it is disabled")
    if not one.enabled:
        return "is disabled: nothing comes from its publisher"
    return "is enabled, and no worker applies what its publisher has"


def _severity(one: Subscription, errors: int) -> Severity:
    if one.enabled:
        return Severity.WARNING
    return Severity.ERROR if errors else Severity.INFO
