"""Settings that trade the data for speed."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.server._say import NOTHING, about_settings, is_throwaway, with_settings

MUST_BE_ON = ("fsync", "full_page_writes")
MUST_BE_OFF = ("zero_damaged_pages", "ignore_checksum_failure", "ignore_invalid_pages")


@rule(
    code="SRV001",
    title="Durability switched off",
    why="After a crash of the machine the data files may be broken beyond repair, or what is broken is read as if"
    " sound.",
    example=NOTHING,
    given=with_settings(fsync="off", full_page_writes="on", listen_addresses="*"),
    clean=NOTHING,
)
def durability_switched_off(observation: Observation) -> Iterator[Finding]:
    """Settings that let data be lost; not of a server without a port whose socket is among temporary files.

    Source: https://www.postgresql.org/docs/current/runtime-config-wal.html (fsync, full_page_writes) and
    https://www.postgresql.org/docs/current/runtime-config-developer.html.
    """
    server = observation.server
    wrong = [name for name in MUST_BE_ON if server.is_off(name)] + [name for name in MUST_BE_OFF if server.is_on(name)]
    if wrong and not (is_throwaway(server) and not server.is_on("fsync")):
        said = ", ".join(f"{name} is {server.value(name)}" for name in wrong)
        yield about_settings(
            server, tuple(wrong), f"data may be lost or broken: {said}", Severity.ERROR,
            advice="set it back to its default and reload; fsync may stay off only where all data can be made again",
        )  # fmt: skip
    elif server.is_off("synchronous_commit"):
        yield about_settings(
            server, ("synchronous_commit",),
            "a crash loses what was committed last: synchronous_commit is off for all", Severity.INFO,
            advice="set it to on, and to off for the roles or transactions whose loss does not matter",
        )  # fmt: skip
