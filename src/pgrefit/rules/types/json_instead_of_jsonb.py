"""JSON kept as its text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, named, tables
from pgrefit.rules._columns import plain_type
from pgrefit.rules._said import on_purpose

VERBATIM = re.compile(
    r"verbatim|byte for byte|as (?:it was )?(?:received|sent|signed)|signature|not jsonb|order of (?:the )?keys"
    r"|w[oö]rtlich|unver[aä]ndert|signatur|reihenfolge|letterlijk|handtekening|volgorde|assinatura"
    r"|doslown|podpis|kolejno|litt[eé]ral|ordagrant|harfiyen|imza|tanda tangan|apa adanya",
    re.IGNORECASE,
)


@rule(
    code="TYP002",
    title="json instead of jsonb",
    why="json keeps the text and parses it anew for every question; it has no equality, and no index serves it.",
    example="CREATE TABLE message (id int PRIMARY KEY, body json NOT NULL);",
    clean="CREATE TABLE message (id int PRIMARY KEY, body jsonb NOT NULL, json text, signed json);"
    " COMMENT ON COLUMN message.signed IS 'verbatim, as it was signed';",
)
def json_instead_of_jsonb(observation: Observation) -> Iterator[Finding]:
    """Columns of type json, of arrays of it, and of domains over it; unless the comment says that the text counts."""
    for table in tables(observation):
        for column in table.columns:
            if plain_type(observation.snapshot, column.type) == "json" and not _is_as_it_came(column.comment):
                yield Finding(
                    object=named(table, column.name),
                    message="keeps JSON as text",
                    severity=Severity.INFO,
                    evidence=(catalog("type", column.type),),
                    advice="convert it to jsonb, unless the order or the repetition of keys means something",
                )


def _is_as_it_came(comment: str) -> bool:
    """Whether the owner says that the document is kept to the letter, or that it is so on purpose."""
    return VERBATIM.search(comment) is not None or on_purpose(comment)
