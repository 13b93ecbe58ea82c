"""A text of few values, and nothing keeps others out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.changes.add_check import AddCheck
from pgrefit.model.ddl import Expression, Literal, expression, joined, raw
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import fit
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._ask import named, scan
from pgrefit.rules._purposes import is_passed_on
from pgrefit.rules.data._exact import by_value, is_checked
from pgrefit.rules.data._meanings import ENUMERATIONS, OPEN_LISTS, ends_as, is_place, means
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._spellings import Listed, listed_columns

MOST_VALUES = 20
MOST_OF_UNNAMED = 8  # values, where the name does not say that it is an enumeration
FEWEST_ROWS = 60
REPEATED = 10  # rows for each value
WORD = re.compile(r"[^\W\d_][\w .:/+-]{0,39}")
VOWEL = re.compile("[aeiouyAEIOUY]")  # of which the initials of people have few
DOTTED = re.compile(r"[A-Za-z]\w*([.:][A-Za-z]\w*)+")
DIGITS = re.compile(r"\d+")
KINDS = {"kind", "type", "class", "event", "action"}
IDENTIFIERS = (re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*"), re.compile(r"[A-Z][A-Z0-9]+([_-][A-Z0-9]+)*"))


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (by_value(listed.table, listed.column.name) for listed in _likely(observation))


def _likely(observation: Observation) -> Iterator[Listed]:
    for listed in listed_columns(observation):
        if _is_named_so(observation, listed) and not is_checked(listed.table, listed.column.name):
            yield listed


def _is_named_so(observation: Observation, listed: Listed) -> bool:
    """By its name, or by values that look like a program's."""
    if is_place(listed.table, listed.column) or _names_code(observation, listed):
        return False
    if ends_as(listed.column, ENUMERATIONS):
        return True
    if len({DIGITS.sub("0", value) for value in listed.values.common}) == 1:  # BUS1, BUS2: things that are counted
        return False
    shapes = (all(shape.fullmatch(value) for value in listed.values.common) for shape in IDENTIFIERS)
    constants = any("_" in value for value in listed.values.common)  # app_store: nobody but a program writes so
    closed = constants or not means(listed.column, OPEN_LISTS)
    initials = sum(not VOWEL.search(value) for value in listed.values.common) * 2 >= listed.values.different
    return closed and any(shapes) and not initials and listed.values.different <= MOST_OF_UNNAMED


def _names_code(observation: Observation, listed: Listed) -> bool:
    """Whether the values are what the application calls its own: each release adds task.moved, or a class of job."""
    dotted = all(DOTTED.fullmatch(value) for value in listed.values.common)
    what = ends_as(listed.column, KINDS) and is_passed_on(listed.table)
    names = _table_names(observation.snapshot)
    return dotted or what or all(value in names for value in listed.values.common)


@remembered
def _table_names(db: Snapshot) -> frozenset[str]:
    return frozenset(table.name.name for table in db.own_tables())


def _values(observation: Observation, listed: Listed) -> dict[str, int]:
    """All values with their rows, where they are those of an enumeration; a drifted one is another rule's."""
    found = listed.spellings(observation) or {}
    rows = sum(found.values())
    few = 2 <= len(found) <= MOST_VALUES and rows >= max(FEWEST_ROWS, REPEATED * len(found))
    words = all(WORD.fullmatch(value) for value in found)
    return found if few and words and not listed.variants(observation) else {}


@rule(
    code="DAT003",
    title="Enumeration that nothing checks",
    why="The application knows a handful of values; the first slip of another writer adds one that no code expects.",
    asks=_asks,
    example="""
        CREATE TABLE parcel (id int PRIMARY KEY, state text NOT NULL);
        INSERT INTO parcel SELECT n, (ARRAY['new', 'packed', 'sent'])[n % 3 + 1] FROM generate_series(1, 120) AS n;
        ANALYZE parcel;
    """,
    clean="""
        CREATE TYPE size AS ENUM ('small', 'large');
        CREATE TABLE carrier (name text PRIMARY KEY);
        INSERT INTO carrier VALUES ('post'), ('bike');
        CREATE TABLE parcel (id int PRIMARY KEY, state text NOT NULL CHECK (state IN ('new', 'packed', 'sent')),
                             size size NOT NULL, city text, country text, carrier text REFERENCES carrier, note text);
        INSERT INTO parcel SELECT n, (ARRAY['new', 'packed', 'sent'])[n % 3 + 1],
                                  (ARRAY['small', 'large'])[n % 2 + 1]::size, (ARRAY['Paris', 'Rome'])[n % 2 + 1],
                                  (ARRAY['FR', 'IT'])[n % 2 + 1], (ARRAY['post', 'bike'])[n % 2 + 1],
                                  (ARRAY['fragile', 'urgent'])[n % 2 + 1]
        FROM generate_series(1, 120) AS n;
        ANALYZE parcel;
    """,
)
def unchecked_enumeration(observation: Observation) -> Iterator[Finding]:
    """Texts of few values that look like a program's, without a check, an enum or a foreign key."""
    for listed in _likely(observation):
        found = _values(observation, listed)
        if found:
            yield _finding(listed, found)


def _finding(listed: Listed, found: dict[str, int]) -> Finding:
    column = listed.column.name
    condition = expression("{c} = ANY ({values})", c=column, values=raw(_array(tuple(sorted(found)))))
    check = AddCheck(table=listed.table.name, name=fit(f"{listed.table.name.name}_{column}", "_check"),
                     condition=condition)  # fmt: skip
    return Finding(
        object=named(listed.table, column),
        message=f"text of {len(found)} values that nothing keeps to them",
        severity=Severity.INFO,
        evidence=(
            scan("rows", sum(found.values())),
            scan("values", tuple(f"{value} ({rows})" for value, rows in found.items())),
        ),
        remedy=(check,),
    )


def _array(values: tuple[str, ...]) -> Expression:
    return expression("ARRAY[{v}]::text[]", v=raw(joined([expression("{v}", v=Literal(v)) for v in values])))
