"""Lines of pg_hba.conf that the server cannot read."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import HbaRule
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._hba import place
from pgrefit.rules.server._say import NOTHING, with_server


@rule(
    code="SRV021",
    title="Access line that the server cannot read",
    why="With such a line the server keeps the rules that it had, whatever else was changed; once stopped, it does not"
    " start again.",
    example=NOTHING,
    given=with_server(hba=(HbaRule(line=7, kind="", error='invalid connection type "hots"'),)),
    clean=NOTHING,
)
def unreadable_access_line(observation: Observation) -> Iterator[Finding]:
    """Lines that are in error; not those that are read and cannot match, such as hostssl where ssl is off.

    Source: https://www.postgresql.org/docs/current/view-pg-hba-file-rules.html.
    """
    wrong = [line for line in observation.server.hba if line.error and not line.kind]
    if wrong:
        yield Finding(
            object=place(wrong[0]),
            message=f"the server cannot read {len(wrong)} {'line' if len(wrong) == 1 else 'lines'} of its access rules",
            severity=Severity.ERROR,
            evidence=tuple(catalog(place(line), line.error) for line in wrong),
            advice="mend the lines, reload, and see that pg_hba_file_rules shows no error",
        )
