"""Extensions in the schema that everybody's search path leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Extension
from pgrefit.rules._ask import catalog


def _with_an_extension(observation: Observation) -> Observation:
    """As where CREATE EXTENSION was left to choose the schema."""
    db = observation.snapshot
    more = Extension(name="pg_trgm", version="1.6", schema="public")
    return replace(observation, snapshot=replace(db, extensions=(*db.extensions, more)))


@rule(
    code="SEC023",
    title="Extension in schema public",
    why=(
        "Its functions stand among the application's own, an API that serves the schema serves them too, and dumps of"
        " the schema do not restore without it."
    ),
    example="CREATE TABLE sale (id int PRIMARY KEY);",
    given=_with_an_extension,
    clean="CREATE TABLE sale (id int PRIMARY KEY);",
    by_default=False,
)
def extension_in_public(observation: Observation) -> Iterator[Finding]:
    """All of them in one finding; it is what CREATE EXTENSION does unless told otherwise."""
    found = tuple(x.name for x in observation.snapshot.extensions if x.schema == "public")
    if found:
        yield Finding(
            object="public",
            message=f"holds {len(found)} {'extension' if len(found) == 1 else 'extensions'} beside the tables",
            severity=Severity.INFO,
            evidence=(catalog("extensions", found),),
            advice="CREATE SCHEMA extensions, then ALTER EXTENSION … SET SCHEMA extensions where it can be moved",
        )
