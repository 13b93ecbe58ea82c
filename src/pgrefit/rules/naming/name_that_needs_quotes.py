"""Names that SQL takes only in double quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.naming._styles import named_things

PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


@rule(
    code="NAM002",
    title="Name that needs quotes",
    why="Without the quotes the server looks for the name in lower case and says that there is no such thing.",
    example='CREATE TABLE "Customer" (id int PRIMARY KEY, "full name" text);',
    clean="CREATE TABLE Customer (Id int PRIMARY KEY, full_name text, _x1$ int);",
    by_default=False,
)
def name_that_needs_quotes(observation: Observation) -> Iterator[Finding]:
    """For each table, its name and those of its columns with upper case, blanks and the like."""
    for table, name, columns in named_things(observation):
        odd = tuple(each for each in (name, *columns) if not PLAIN.fullmatch(each))
        if odd:
            yield Finding(
                object=str(table.name),
                message="has names that must be quoted everywhere",
                severity=Severity.INFO,
                evidence=(catalog("names", odd),),
                advice="rename them to lower case with underscores where the application can follow",
            )
