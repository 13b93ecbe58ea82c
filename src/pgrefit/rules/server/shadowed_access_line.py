"""Lines of pg_hba.conf that are never reached."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import HbaRule
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._hba import place, takes_all_of, worded
from pgrefit.rules.server._say import NOTHING, with_server

LINES = (
    HbaRule(line=1, kind="host", databases=("all",), users=("all",), address="all", method="scram-sha-256"),
    HbaRule(line=2, kind="hostssl", databases=("shop",), users=("guest",), address="10.0.0.0", netmask="255.0.0.0",
            method="reject"),
)  # fmt: skip
MOST = 200  # lines that are compared with each other


@rule(
    code="SRV020",
    title="Access line that is never reached",
    why="The first line that fits decides: who wrote the later one believes in a rule that does not hold.",
    example=NOTHING,
    given=with_server(hba=LINES),
    clean=NOTHING,
)
def shadowed_access_line(observation: Observation) -> Iterator[Finding]:
    """Lines whose connections all meet an earlier line.

    Source: https://www.postgresql.org/docs/current/auth-pg-hba-conf.html: the first line that fits decides.
    """
    lines = observation.server.hba[:MOST]
    pairs = [
        (earlier, later)
        for number, later in enumerate(lines)
        if (earlier := next((one for one in lines[:number] if takes_all_of(one, later)), None))
    ]
    if pairs:
        differ = any(earlier.method != later.method for earlier, later in pairs)
        yield Finding(
            object=place(pairs[0][1]),
            message="; ".join(f"{place(later)} is never reached, {place(earlier)} decides" for earlier, later in pairs),
            severity=Severity.WARNING if differ else Severity.INFO,
            evidence=tuple(
                catalog(place(line), worded(line)) for line in dict.fromkeys(both for pair in pairs for both in pair)
            ),
            advice="move it before the wider line, or remove it, and reload",
        )
