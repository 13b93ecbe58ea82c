"""Lines of pg_hba.conf that let strangers in."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import HbaRule
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._hba import from_elsewhere, from_many_places, place, worded
from pgrefit.rules.server._say import NOTHING, listens, together, with_server, with_settings

ENCRYPTED = {"hostssl", "hostgssenc"}
PROVEN = ("clientcert=verify-ca", "clientcert=verify-full")
WIDE = HbaRule(
    line=90, kind="host", databases=("all",), users=("all",), address="all", method="trust"
)  # fmt: skip


@rule(
    code="SRV019",
    title="Door open to the network",
    why="By trust anybody who reaches the port is whom he says he is; by password the password crosses the wire in"
    " clear.",
    example=NOTHING,
    given=together(with_server(hba=(WIDE,)), with_settings(listen_addresses="*")),
    clean=NOTHING,
)
def open_door(observation: Observation) -> Iterator[Finding]:
    """Lines for other machines that ask for nothing, or for a password in clear.

    Not where it listens to its own machine alone. Source: https://www.postgresql.org/docs/current/auth-trust.html
    and https://www.postgresql.org/docs/current/auth-password.html.
    """
    if not listens(observation.server):
        return
    for line in observation.server.hba:
        trusts = line.method == "trust" and not set(PROVEN) & set(line.options)
        tells = line.method == "password" and line.kind not in ENCRYPTED
        if from_elsewhere(line) and (trusts or tells):
            yield Finding(
                object=place(line),
                message="lets in whoever comes from there" if trusts else "lets passwords cross the network in clear",
                severity=Severity.ERROR if trusts and from_many_places(line) else Severity.WARNING,
                evidence=(catalog("line", worded(line)),),
                advice="let it say hostssl and scram-sha-256, for the networks of the application alone, and reload",
            )
