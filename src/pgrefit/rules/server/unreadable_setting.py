"""Configuration files that the server cannot read."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import ConfigurationError
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, with_server

BROKEN = ConfigurationError(
    file="/etc/postgresql/postgresql.conf", line=12, setting="work_mem", error="setting could not be applied"
)


@rule(
    code="SRV011",
    title="Setting that the server cannot read",
    why="As long as it runs the server ignores what changed in such a file; once stopped, it does not start again.",
    example=NOTHING,
    given=with_server(configuration_errors=(BROKEN,)),
    clean=NOTHING,
)
def unreadable_setting(observation: Observation) -> Iterator[Finding]:
    """Lines of the configuration files that are in error.

    Source: https://www.postgresql.org/docs/current/view-pg-file-settings.html.
    """
    errors = observation.server.configuration_errors
    if errors:
        yield Finding(
            object=f"{errors[0].file} line {errors[0].line}",
            message=f"the server cannot read {len(errors)} {'line' if len(errors) == 1 else 'lines'} of its settings",
            severity=Severity.ERROR,
            evidence=tuple(
                catalog(f"{one.file} line {one.line}", f"{one.setting}: {one.error}" if one.setting else one.error)
                for one in errors
            ),
            advice="mend the lines, reload, and see that pg_file_settings shows no error",
        )
