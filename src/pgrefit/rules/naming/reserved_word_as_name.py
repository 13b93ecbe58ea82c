"""Names that are words of SQL."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.naming._styles import named_things

# pg_get_keywords() of PostgreSQL 18, those of the classes R and T.
RESERVED = frozenset({
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary",
    "both", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
    "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except",
    "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in",
    "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like",
    "limit", "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or",
    "order", "outer", "overlaps", "placing", "primary", "references", "returning", "right", "select",
    "session_user", "similar", "some", "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing",
    "true", "union", "unique", "user", "using", "variadic", "verbose", "when", "where", "window", "with",
})  # fmt: skip


@rule(
    code="NAM003",
    title="Reserved word as a name",
    why="It must be quoted wherever it stands; where it is not, SELECT user answers with the name of the role.",
    example='CREATE TABLE "user" (id int PRIMARY KEY, "order" int);',
    clean="CREATE TABLE users (id int PRIMARY KEY, name text, value int, key text, type text, ordering int);",
    by_default=False,
)
def reserved_word_as_name(observation: Observation) -> Iterator[Finding]:
    """For each table, its name and those of its columns that SQL reserves."""
    for table, name, columns in named_things(observation):
        taken = tuple(each for each in (name, *columns) if each.lower() in RESERVED)
        if taken:
            yield Finding(
                object=str(table.name),
                message=f"uses reserved words as names: {', '.join(taken)}",
                severity=Severity.INFO,
                evidence=(catalog("names", taken),),
                advice="rename them where the application can follow",
            )
