"""Encryption that can be broken."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.server._say import NOTHING, about_settings, with_settings

BROKEN = {"", "TLSv1", "TLSv1.1"}  # '' accepts any
WEAK = {"ALL", "COMPLEMENTOFDEFAULT", "DES", "EXP", "EXPORT", "LOW", "MD5", "NULL", "RC4", "aNULL", "eNULL"}


@rule(
    code="SRV051",
    title="Outdated TLS accepted",
    why="Protocols before TLS 1.2 and ciphers that are broken let who is on the way read and change what is sent.",
    example=NOTHING,
    given=with_settings(ssl="on", ssl_min_protocol_version="TLSv1", ssl_max_protocol_version=""),
    clean=NOTHING,
)
def outdated_tls(observation: Observation) -> Iterator[Finding]:
    """ssl is on, and a version before 1.2 is accepted, or a weak cipher listed and not taken out again.

    Source: https://www.rfc-editor.org/rfc/rfc8996 and
    https://www.postgresql.org/docs/current/runtime-config-connection.html (ssl_min_protocol_version).
    """
    server = observation.server
    if not server.is_on("ssl"):
        return
    lowest = server.setting("ssl_min_protocol_version")
    if lowest is not None and lowest.value in BROKEN:
        yield about_settings(
            server, ("ssl_min_protocol_version", "ssl_max_protocol_version"),
            f"accepts {lowest.value or 'any version of TLS'}, which is broken", Severity.WARNING,
            advice="set it to TLSv1.2 or above and reload",
        )  # fmt: skip
    listed = [word.strip() for word in server.value("ssl_ciphers").replace(",", ":").split(":")]
    weak = sorted({word.lstrip("+") for word in listed} & WEAK - {word[1:] for word in listed if word[:1] in "!-"})
    if weak:
        yield about_settings(
            server, ("ssl_ciphers",), f"allows weak ciphers: {', '.join(weak)}", Severity.WARNING,
            advice="set it back to its default and reload",
        )  # fmt: skip
