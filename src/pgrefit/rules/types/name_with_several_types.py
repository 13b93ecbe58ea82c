"""Columns of one name that differ in type from table to table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, catalog, is_text, known, named, statistics_of
from pgrefit.rules._columns import own_columns, plain_type, seen_values
from pgrefit.rules._languages import english
from pgrefit.rules._names import MOST_NAMES, reference_name, stems, words

FEWEST = 3  # columns of the name
USUAL = 0.66  # share of them that agree, so that the others are exceptions
SHOWN = 10
FLAGS = {"is", "has"}
FAMILIES = {**dict.fromkeys((*WHOLE_TYPES, "numeric"), "number"), "uuid": "uuid",
            **dict.fromkeys(("text", "citext", "character varying", "character"), "text")}  # fmt: skip
DIALLED = {"phone", "fax", "mobile", "zip", "zipcode", "postcode", "iban", "isbn", "ean", "vat"}  # the same everywhere
QUANTITIES = {
    "price", "amount", "quantity", "weight", "balance", "cost", "salary", "age", "latitude", "longitude", "discount",
    "fee", "capacity", "zip", "zipcode", "postcode", "phone", "fax", "mobile", "rate", "percent", "percentage", "week",
    "speed", "temperature", "height", "width", "distance", "mileage",
}  # fmt: skip
INEXACT = ("real", "double precision", "money")
FLAG_TYPES = {"smallint", "integer", "character(1)", "character varying(1)", "text"}
SERIAL_NUMBER = {"serial", "number"}
NUMBERS = {"number", "no", "nr", "num", "code", "cod"}
MOMENTS = ("date", "timestamp without time zone", "timestamp with time zone")
# Names of keys that mean another thing in each table.
OF_ANY_TABLE = {
    "abbreviation", "alias", "barcode", "category", "checksum", "code", "data", "date", "day", "digest", "domain",
    "email", "external", "file", "filename", "fingerprint", "guid", "handle", "hash", "host", "hostname", "id",
    "identifier", "index", "ip", "key", "kind", "label", "lang", "language", "level", "locale", "login", "month",
    "name", "nonce", "number", "oid", "option", "parent", "path", "permalink", "phone", "position", "rank", "ref",
    "reference", "remote", "rowid", "seq", "sequence", "serial", "slug", "sort", "state", "status", "symbol", "tag",
    "target", "text", "time", "timestamp", "title", "token", "type", "uid", "uri", "url", "uuid", "value",
    "version", "year",
}  # fmt: skip
OF_ANYTHING = {"entity", "external", "foreign", "item", "object", "record", "remote", "resource", "source", "target"}


@dataclass(frozen=True, slots=True)
class Named:
    """A column whose name says what it is."""

    table: Table
    column: Column
    type: str  # without precision
    certain: bool = True  # that it means the same in every table, and so wants the very same type


@rule(
    code="TYP015",
    title="One name, several types",
    why=(
        "Joins and unions of such columns need casts, which no index serves; and whoever knows the type from one table"
        " writes a query that is wrong for another."
    ),
    example="""
        CREATE TABLE customer (id int PRIMARY KEY, created_at timestamptz);
        CREATE TABLE invoice (id int PRIMARY KEY, created_at timestamptz(3));
        CREATE TABLE payment (id int PRIMARY KEY, created_at timestamptz);
        CREATE TABLE reminder (id int PRIMARY KEY, created_at timestamp);
    """,
    clean="""
        CREATE TABLE customer (id int PRIMARY KEY, value int, status text, opened_on date, created_at timestamptz);
        CREATE TABLE invoice (id bigint PRIMARY KEY, value numeric, status int, created_at timestamptz);
        CREATE TABLE payment (id uuid PRIMARY KEY, value text, status text, created_at timestamptz(3));
        CREATE TABLE reminder (id text PRIMARY KEY, value int, status text, opened_on timestamptz);
    """,
)
def name_with_several_types(observation: Observation) -> Iterator[Finding]:
    """Moments (x_at), flags (is_x, has_x) and numbers of other tables' rows that are of another type than usual.

    And columns named as the one column of another table's key, where one is text and the other a number or a uuid;
    and what is a boolean in one table, and of two values of another type in the next.
    """
    yield from _flags_in_other_forms(observation)
    yield from _unlike_their_keys(observation)
    yield from _text_or_not(observation)
    for alike in _alike(observation).values():
        counts = Counter(one.type for one in alike)
        usual, often = counts.most_common(1)[0]
        others = [
            one for one in alike if one.type != usual and not _says_more(one.type, usual) and _differs(one, usual)
        ]
        if others and len(alike) >= FEWEST and often >= USUAL * len(alike):
            yield _finding(others, usual, often)


@remembered
def _varying(observation: Observation) -> tuple[tuple[Table, list[Column]], ...]:
    """The tables with those columns whose names have several types in their schema; few have."""
    types: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for table, columns in own_columns(observation):
        for column in columns:
            types[table.name.schema, *words(column.name)].add(column.type)

    def varies(table: Table, column: Column) -> bool:
        return len(types[table.name.schema, *words(column.name)]) > 1

    found = ((table, [c for c in columns if varies(table, c)]) for table, columns in own_columns(observation))
    return tuple((table, columns) for table, columns in found if columns)


def _alike(observation: Observation) -> dict[tuple[str, ...], list[Named]]:
    """Columns that have schema and name in common, of names that mean the same in every table."""
    known_tables = {(t.name.schema, *stems(t.name.name)) for t in observation.snapshot.own_tables()}
    found: defaultdict[tuple[str, ...], list[Named]] = defaultdict(list)
    for table, columns in _varying(observation):
        constrained = {column for key in table.foreign_keys for column in key.columns}
        for column in columns:
            reference = reference_name(column.name)
            refers = reference.marked and (table.name.schema, *reference.base) in known_tables
            type_ = _without_precision(plain_type(observation.snapshot, column.type))
            to_row = refers and column.name not in constrained and not is_text(column)
            certain = _is_moment(column.name) or _is_flag(column.name) or (to_row and _is_key(type_))
            marked = reference.marked and not refers and not OF_ANYTHING & set(reference.base)
            if certain or (marked and column.name not in constrained and type_ in FAMILIES):
                found[table.name.schema, *words(column.name)].append(Named(table, column, type_, certain))
    return found


def _differs(one: Named, usual: str) -> bool:
    return one.certain or FAMILIES[one.type] != FAMILIES[usual]


def _flags_in_other_forms(observation: Observation) -> Iterator[Finding]:
    """Columns of two values, named as booleans of other tables that say is_x otherwise or not at all."""
    flags: defaultdict[tuple[str, ...], list[Named]] = defaultdict(list)
    others: defaultdict[tuple[str, ...], list[Named]] = defaultdict(list)
    for table, columns in _varying(observation):
        for column in columns:
            type_ = plain_type(observation.snapshot, column.type)
            if type_ == "boolean":
                flags[table.name.schema, *words(column.name)].append(Named(table, column, type_))
            elif type_ in FLAG_TYPES and not _is_flag(column.name):
                others[table.name.schema, *words(column.name)].append(Named(table, column, type_))
    for name in flags.keys() & others.keys():
        two = [one for one in others[name] if _has_two_values(observation, one)]
        if two:
            yield _finding(two, "boolean", len(flags[name]), flags[name])


def _has_two_values(observation: Observation, one: Named) -> bool:
    seen = statistics_of(observation, one.table).column(one.column.name)
    return seen is not None and 0 < seen.distinct <= 2 and all(len(value) <= 1 for value in seen_values(seen))


def _unlike_their_keys(observation: Observation) -> Iterator[Finding]:
    """Columns with the name of a key of one column, that are of no type that could be compared with it."""
    by_name: defaultdict[tuple[str, ...], list[Named]] = defaultdict(list)
    for table, columns in _varying(observation):
        for column in columns:
            type_ = _without_precision(plain_type(observation.snapshot, column.type))
            if type_ in FAMILIES and not column.type.endswith("[]") and not _means_anything(column.name):
                by_name[table.name.schema, *words(column.name)].append(Named(table, column, type_))
    for alike in by_name.values():
        keys = [one for one in alike if _is_its_key(one)]
        families = {FAMILIES[one.type] for one in keys}
        others = [one for one in alike if not _is_its_key(one) and FAMILIES[one.type] not in families]
        if len(families) == 1 and others:
            yield _finding(others, keys[0].type, len(alike) - len(others))


def _text_or_not(observation: Observation) -> Iterator[Finding]:
    """Numbers and codes of one thing, and days, that are text in one of two tables; quantities that are text in any."""
    by_name: defaultdict[tuple[str, ...], list[Named]] = defaultdict(list)
    for table, columns in _varying(observation):
        constrained = {column for key in table.foreign_keys for column in key.columns}
        for column in columns:
            if not _says_what(column.name):
                continue
            type_ = _without_precision(plain_type(observation.snapshot, column.type))
            free = column.name not in constrained and not column.type.endswith("[]") and not column.generated
            certain = not _is_quantity(column.name, type_)
            if free and (not certain or _is_of_one_thing(column.name, type_)):
                by_name[table.name.schema, *words(column.name)].append(Named(table, column, type_, certain))
    for alike in by_name.values():
        texts = [one for one in alike if FAMILIES.get(one.type) == "text"]
        others = [one for one in alike if FAMILIES.get(one.type) != "text"]
        moments = any(one.type not in FAMILIES for one in alike) and _is_moment(alike[0].column.name)
        keys = sum(map(_is_its_key, alike))
        told = 0 < keys < len(alike) or (len(alike) >= FEWEST and moments)  # by other findings
        if texts and others and not told:
            yield _finding(texts, others[0].type, len(others), others)


@lru_cache(maxsize=MOST_NAMES)
def _says_what(name: str) -> bool:
    """Whether the last word or the first is one of a quantity, a number or a day."""
    said = english(name)
    return bool({*said[:1], *said[-1:]} & (QUANTITIES | DIALLED | NUMBERS | {"on", "at"}) or "date" in said)


def _is_quantity(name: str, type_: str) -> bool:
    """What is a number wherever it is, or text wherever it is."""
    said = english(name)
    return bool(said) and said[-1] in QUANTITIES and (FAMILIES.get(type_) in {"number", "text"} or type_ in INEXACT)


def _is_of_one_thing(name: str, type_: str) -> bool:
    """kai_nr, customer_code, code_postal, hired_on: two words, of which the other says of what."""
    said = english(name)
    if len(said) == 1 and said[0] in DIALLED:
        return FAMILIES.get(type_) in {"number", "text"}
    if {*said} == SERIAL_NUMBER:
        return FAMILIES.get(type_) in {"number", "text"}
    if len(said) < 2 or OF_ANYTHING & {*said} or ({*said[:-1]} <= OF_ANY_TABLE and said[0] not in NUMBERS):
        return False
    number = (
        bool({said[0], said[-1]} & NUMBERS)
        and not {*said} - NUMBERS <= OF_ANY_TABLE
        and FAMILIES.get(type_) in {"number", "text"}
    )
    day = ("date" in said or said[-1] in {"on", "at"}) and (FAMILIES.get(type_) == "text" or type_ in MOMENTS)
    return number or day


def _means_anything(name: str) -> bool:
    said = english(name)
    return not said or set(said) <= OF_ANY_TABLE or reference_name(name).marked


def _is_its_key(one: Named) -> bool:
    return any(
        index.unique and index.valid and index.predicate is None and index.columns == (one.column.name,)
        for index in one.table.indexes
    )


def _says_more(type_: str, usual: str) -> bool:
    """Whether the exception is the better choice: a moment with its zone, a number that will not run out."""
    zoned = usual == "timestamp without time zone" and type_ == "timestamp with time zone"
    wider = {type_, usual} <= set(WHOLE_TYPES) and WHOLE_TYPES.index(type_) > WHOLE_TYPES.index(usual)
    return zoned or wider


def _is_moment(name: str) -> bool:
    said = words(name)
    return len(said) > 1 and said[-1] == "at"


def _is_flag(name: str) -> bool:
    said = words(name)
    return len(said) > 1 and said[0] in FLAGS


def _is_key(type_: str) -> bool:
    return type_ in WHOLE_TYPES or type_ == "uuid"


def _without_precision(type_: str) -> str:
    head, parenthesis, rest = type_.partition("(")
    return head + rest.partition(")")[2] if parenthesis else type_


def _finding(others: list[Named], usual: str, often: int, usual_in: Sequence[Named] = ()) -> Finding:
    first = others[0]
    tables = "tables" if often > 1 else "table"
    more = f", as in {len(others) - 1} more" if len(others) > 1 else ""
    return Finding(
        object=named(first.table, first.column.name),
        message=f"is {first.column.type}{more}, but {usual} in {often} other {tables}",
        severity=Severity.INFO,
        evidence=known((
            catalog(f"tables where it is {usual}", often),
            *(catalog(named(one.table, one.column.name), one.column.type) for one in (*others, *usual_in)[:SHOWN]),
        )),
        advice=f"find out whether it means the same there, and convert it to {usual}",
    )  # fmt: skip
