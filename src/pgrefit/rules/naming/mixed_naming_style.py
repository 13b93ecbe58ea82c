"""Names in another style than their neighbours'."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._names import words
from pgrefit.rules.naming._styles import Style, named_things, style_of

FEWEST = 4  # names that have a style
USUAL = 0.6  # share of them
FEWEST_PREFIXED, PREFIXED, LONGEST_PREFIX = 6, 0.85, 3  # tables with a prefix, their share, its letters


@rule(
    code="NAM001",
    title="Name in another style",
    why="Where some names are customer_id and some are customerId, everybody has to look up each of them.",
    example="""
        CREATE TABLE customer_order (order_id int PRIMARY KEY, customer_id int, paid_on date);
        CREATE TABLE order_line (line_id int PRIMARY KEY, "unitPrice" numeric);
    """,
    clean="""
        CREATE TABLE customer_order (order_id int PRIMARY KEY, customer_id int, paid date);
        CREATE TABLE line (line_id int PRIMARY KEY, price numeric);
    """,
    by_default=False,
)
def mixed_naming_style(observation: Observation) -> Iterator[Finding]:
    """For each table, its name and those of its columns that differ from the style that is usual in the schema.

    Also tables without the prefix (t_, tbl_) that nearly all others of the schema have.
    """
    usual, prefixes = _usual(observation), _prefixes(observation)
    for table, name, columns in named_things(observation):
        style = usual.get(table.name.schema)
        others = [each for each in (name, *columns) if style_of(each) not in {None, style}]
        if style and others:
            yield Finding(
                object=str(table.name),
                message=f"has names that are not in {style}, as others of the schema are",
                severity=Severity.INFO,
                evidence=(catalog("names in another style", tuple(others)), catalog("usual style", style)),
                advice="rename them where the application can follow",
            )
        elif prefixes.get(table.name.schema) not in {None, words(name)[0] if words(name) else ""}:
            prefix = str(prefixes[table.name.schema])
            yield Finding(
                object=str(table.name),
                message=f"does not begin with {prefix}, as others of the schema do",
                severity=Severity.INFO,
                evidence=(catalog("usual prefix", prefix),),
                advice="rename it where the application can follow",
            )


def _prefixes(observation: Observation) -> dict[str, str]:
    """The short word that nearly all tables of a schema begin with."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for table, name, _ in named_things(observation):
        said = words(name)
        counts[table.name.schema][said[0] if len(said) > 1 and len(said[0]) <= LONGEST_PREFIX else ""] += 1
    tops = {schema: (*found.most_common(1)[0], found.total()) for schema, found in counts.items()}
    return {
        s: first for s, (first, often, all_) in tops.items() if first and often >= max(FEWEST_PREFIXED, PREFIXED * all_)
    }


def _usual(observation: Observation) -> dict[str, Style]:
    """The style of most names of each schema."""
    counts: defaultdict[str, Counter[Style]] = defaultdict(Counter)
    for table, name, columns in named_things(observation):
        counts[table.name.schema].update(style for each in (name, *columns) if (style := style_of(each)))
    tops = {schema: (*found.most_common(1)[0], found.total()) for schema, found in counts.items() if found}
    return {schema: style for schema, (style, often, all_) in tops.items() if often >= max(FEWEST, USUAL * all_)}
