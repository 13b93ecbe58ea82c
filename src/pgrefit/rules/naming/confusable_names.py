"""Names that look or sound like another one."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._names import singular
from pgrefit.rules.naming._styles import named_things

# What looks the same in many fonts: Cyrillic and Greek letters, and digits like letters.
LOOKS = str.maketrans("асеорхуікαοντ01", "aceopxyikaovtol")
TOGETHER = (("rn", "m"), ("vv", "w"))  # that look like one letter
PLURALS = ("e", "en", "es", "n")  # of other languages than English
SHORTEST = 6  # of a name that may have another one's plural


@rule(
    code="NAM004",
    title="Names that are taken for each other",
    why="Sooner or later a query reads or writes the other one, and nothing fails.",
    example="CREATE TABLE customer (id int PRIMARY KEY, user_name text, username text);",
    clean="CREATE TABLE customer (id int PRIMARY KEY, user_name text, user_named text, line1 text, line2 int);",
    by_default=False,
)
def confusable_names(observation: Observation) -> Iterator[Finding]:
    """Tables of a schema, and columns of a table, that differ in case, underscores, number or look alone."""
    tables: defaultdict[str, list[str]] = defaultdict(list)
    for table, name, columns in named_things(observation):
        tables[table.name.schema].append(name)
        yield from (_finding(str(table.name), "columns", alike) for alike in _alike(columns))
    for schema, names in tables.items():
        yield from (_finding(dotted(schema, alike[0]), "tables", alike) for alike in _alike(names))


def _alike(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        found[_seen(name)].append(name)
    for short in [name for name in found if len(name) >= SHORTEST]:
        found[short].extend(name for ending in PLURALS for name in found.get(short + ending, ())[:1])
    return (tuple(group) for group in found.values() if len(group) > 1)


def _seen(name: str) -> str:
    """What a hurried reader sees."""
    letters = unicodedata.normalize("NFKD", name).casefold().translate(LOOKS)
    plain = "".join(letter for letter in letters if letter.isalnum())
    for two, one in TOGETHER:
        plain = plain.replace(two, one)
    return singular(plain)


def _finding(about: str, kind: str, alike: tuple[str, ...]) -> Finding:
    return Finding(
        object=about,
        message=f"{kind} that are easily taken for each other: {', '.join(alike)}",
        severity=Severity.INFO,
        evidence=(catalog(kind, alike),),
        advice="give one of them a name that says how it differs",
    )
