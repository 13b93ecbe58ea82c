"""Names that say nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._names import reference_name, words

# Alone, and with a number.
NOTHING = {"asdf", "bar", "baz", "blah", "dummy", "foo", "misc", "stuff", "thing", "tmp", "xxx"}
NOTHING_NUMBERED = NOTHING | {
    "attr", "attribute", "campo", "champ", "col", "column", "custom", "data", "dato", "daten", "feld", "field", "info",
    "item", "kolumna", "other", "param", "pole", "prop", "property", "reserve", "reserved", "spalte", "spare", "temp",
    "test", "val", "value", "veld", "wert",
}  # fmt: skip
LETTERS = ("a", "b", "c")  # the first of several
FEWEST, USUAL = 3, 0.66  # keys named after what they number, and their share of all


@rule(
    code="NAM010",
    title="Name without a meaning",
    why="Whoever reads it has to find out from the application what it holds, and guesses.",
    example="CREATE TABLE parcel (parcel_id int PRIMARY KEY, weight int, field1 text, tmp text);",
    clean="""
        CREATE TABLE parcel (id int PRIMARY KEY, data jsonb, value text, temp real, x int, y int, line1 text);
        CREATE TABLE color (id int PRIMARY KEY, r int, g int, b int);
    """,
    by_default=False,
)
def name_without_meaning(observation: Observation) -> Iterator[Finding]:
    """Columns such as field1, tmp, a, b and c; and keys named id where most are named after what they number."""
    keys = _plain_keys(observation)
    for table in stored_tables(observation):
        found = (*_meaningless([column.name for column in table.columns]), *keys.get(table.name, ()))
        if found:
            yield Finding(
                object=str(table.name),
                message=f"has columns whose names say nothing: {', '.join(found)}",
                severity=Severity.INFO,
                evidence=(catalog("columns", found),),
                advice="name each after what it holds, where the application can follow",
            )


def _meaningless(names: Iterable[str]) -> Iterator[str]:
    said = {name: words(name) for name in names}
    letters = [name for name, parts in said.items() if len(parts) == 1 and len(name) == 1]
    lettered = len(letters) >= len(LETTERS) and {*LETTERS} <= {name.lower() for name in letters}
    for name, parts in said.items():
        numbered = len(parts) == 2 and parts[1].isdecimal() and parts[0] in NOTHING_NUMBERED
        alone = len(parts) == 1 and parts[0] in NOTHING
        if numbered or alone or (lettered and name in letters):
            yield name


def _plain_keys(observation: Observation) -> dict[Relation, tuple[str, ...]]:
    """For each schema in which most keys are named after what they number, the tables whose key is not."""
    plain: defaultdict[str, list[Table]] = defaultdict(list)
    speaking: defaultdict[str, int] = defaultdict(int)
    for table in stored_tables(observation):
        key = table.primary_key[0] if len(table.primary_key) == 1 else ""
        if words(key) == ("id",):
            plain[table.name.schema].append(table)
        elif reference_name(key).marked and reference_name(key).base:
            speaking[table.name.schema] += 1
    return {
        table.name: table.primary_key
        for schema, found in plain.items()
        if speaking[schema] >= max(FEWEST, USUAL * (speaking[schema] + len(found)))
        for table in found
    }
