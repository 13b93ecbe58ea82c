"""Extensions in the schema that everybody's search path leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Extension
from pgrefit.rules._access import API_ROLES, roles
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
    example="CREATE SCHEMA shop; CREATE TABLE shop.sale (id int PRIMARY KEY);",
    given=_with_an_extension,
    clean="CREATE TABLE sale (id int PRIMARY KEY);",
)
def extension_in_public(observation: Observation) -> Iterator[Finding]:
    """All of them in one finding; where an API serves public, or the application's tables stand in other schemas.

    Elsewhere it is what CREATE EXTENSION does unless told otherwise, and everything is in public.
    """
    db = observation.snapshot
    found = tuple(x.name for x in db.extensions if x.schema == "public")
    elsewhere = any(table.name.schema != "public" for table in db.own_tables())
    if found and (elsewhere or roles(db).keys() & API_ROLES):
        yield Finding(
            object="public",
            message=f"holds the extension {found[0]}" if len(found) == 1 else f"holds {len(found)} extensions",
            severity=Severity.INFO,
            evidence=(catalog("extensions", found),),
            advice="CREATE SCHEMA extensions, then ALTER EXTENSION … SET SCHEMA extensions where it can be moved",
        )
