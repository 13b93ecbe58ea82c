"""Names that are as long as a name can be."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import MAX_BYTES
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Function, View
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog
from pgrefit.rules.naming._styles import named_things


@rule(
    code="NAM005",
    title="Name at the limit of its length",
    why=f"The server cuts longer names off after {MAX_BYTES} bytes without an error: two of them may be one.",
    example=f"CREATE TABLE letter (id int PRIMARY KEY, {'a' * 70} text);",
    clean=f"CREATE TABLE letter (id int PRIMARY KEY, {'a' * 62} text);",
    by_default=False,
)
def name_at_length_limit(observation: Observation) -> Iterator[Finding]:
    """For each table, its name and those of its columns that no byte can be added to; a letter may take several.

    And names of views and functions.
    """
    db = observation.snapshot
    things: tuple[View | Function, ...] = (*db.views, *db.functions)
    for thing in things:
        if is_users(db, thing) and not thing.extension and _is_full(thing.name.name):
            yield _finding(str(thing.name), (thing.name.name,))
    for table, name, columns in named_things(observation):
        longest = tuple(each for each in (name, *columns) if _is_full(each))
        if longest:
            yield _finding(str(table.name), longest)


def _finding(about: str, longest: tuple[str, ...]) -> Finding:
    return Finding(
        object=about,
        message="has names to which the server would add nothing more",
        severity=Severity.INFO,
        evidence=(catalog("names", longest),),
        advice="choose shorter ones, by which migrations and the application mean the same",
    )


def _is_full(name: str) -> bool:
    """Cut between letters, never within one: of a name that is not ASCII up to three bytes stay free."""
    used = len(name.encode())
    return used == MAX_BYTES or (not name.isascii() and used > MAX_BYTES - 3)
