"""The columns that may refer to a key of another table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import is_empty, statistics_of
from pgrefit.rules._names import reference_name, stems, words
from pgrefit.rules._purposes import is_log
from pgrefit.rules._said import outlives

from ._directory import keys_for, keys_of
from ._domains import by_values
from ._hints import namesakes, of_own_words, wider_kinds
from ._joins import compared
from ._key import ENDS, LIKE, SAME, Key, Option, flat, table_word
from ._keys import Keys
from ._kinds import has_kinds
from ._lead import Lead
from ._parents import Parents, polymorphic
from ._ranking import ranked
from ._readings import is_sibling
from ._scopes import Place
from ._unanalysed import without_answers
from ._vocabulary import KEPT_BY_DESIGN, RECORDS

OPTIONS_TRIED = 8
UNNAMED_TRIED = 32  # where the values tell
ARCHIVES = ("archive", "archiv", "archief", "archiwum", "arkiv", "arsiv", "arsip")
ASIDE = {"staging", "stage", "stg", "backup", "quarantine", "trash", "tmp"}  # schemas
OLD = "old"
MANY = 4  # tables that call their own keys alike: entity_id
WIDE = 9  # bytes of texts that are equal by no chance


def leads(observation: Observation) -> tuple[Lead, ...]:
    """Columns under no foreign key whose name, or a query, or, of uuids, the values may tell a key."""
    return _leads(without_answers(observation))


@remembered
def _leads(observation: Observation) -> tuple[Lead, ...]:
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[Lead]:
    db = observation.snapshot
    joins, keys = compared(observation), keys_of(db)
    elsewhere = namesakes(db, joins)
    for named in _named(db):
        one = named.several and any(map(_plain, named.options)) and not has_kinds(observation, named.table)
        lead = replace(named, several=False) if one else named  # product_type says what kind of product, not of what
        others = joins.get((lead.table.name, lead.column.name), frozenset())
        options = _with_joins(keys, lead, others) if others else lead.options
        if not lead.several and not lead.is_key:
            options += _hinted(keys, lead, elsewhere, options) if not any(map(_says, options)) else ()
            if _telling(observation, lead) and not any(map(_plain, options)):
                options += _unnamed(observation, keys, replace(lead, options=options))
            if lead.family != "uuid" and not any(map(_says, options)):
                options += by_values(observation, lead, options)
        most = OPTIONS_TRIED if lead.family == "whole" else UNNAMED_TRIED + OPTIONS_TRIED
        if options:
            same = options is named.options and len(options) <= most
            yield lead if same else replace(lead, options=options[:most])


def _says(option: Option) -> bool:
    return option.joined or (option.fit >= ENDS and not option.bare)


def _plain(option: Option) -> bool:
    return option.joined or (option.fit == SAME and not option.bare)


def _telling(observation: Observation, lead: Lead) -> bool:
    """Whether values are equal by no chance: uuids, and long texts that are named as references."""
    if lead.family == "uuid":
        return lead.column.default is None and not is_empty(observation, lead.table)
    if lead.family != "text" or not reference_name(lead.column.name).marked or is_empty(observation, lead.table):
        return False
    statistics = statistics_of(observation, lead.table).column(lead.column.name)
    return statistics is not None and statistics.average_width >= WIDE


def _hinted(
    keys: Keys, lead: Lead, elsewhere: dict[str, tuple[Key, ...]], options: tuple[Option, ...]
) -> tuple[Option, ...]:
    """Keys that columns of the same name hold elsewhere, and those of the tables that the own one is named after."""
    known, bare = {option.key for option in options}, not reference_name(lead.column.name).marked
    near = [Option(key, LIKE, bare=bare) for key in elsewhere.get(flat(lead.column.name), ())]
    near += [Option(key, 0) for key in of_own_words(keys, lead.table, lead.column) if not options]
    fitting = {o.key: o for o in reversed(near) if o.key not in known and keys.family(o.key.column) == lead.family}
    return ranked(lead.table, fitting.values())


def _with_joins(keys: Keys, lead: Lead, others: frozenset[Place]) -> tuple[Option, ...]:
    """Keys that a query compares with the column come first; of two keys only where the name agrees."""
    found = {option.key: option for option in lead.options}
    for table, column in others:
        for key in keys.of_table.get(table, ()):
            known = found.get(key)
            fits = key.column.name == column and keys.family(key.column) == lead.family
            if fits and (known or not _is_key(keys, lead)):
                found[key] = replace(known, joined=True) if known else Option(key, 0, joined=True)
    return ranked(lead.table, found.values())


def _is_key(keys: Keys, lead: Lead) -> bool:
    return any(key.column.name == lead.column.name for key in keys.of_table.get(lead.table.name, ()))


def _unnamed(observation: Observation, keys: Keys, lead: Lead) -> tuple[Option, ...]:
    """Any table may be meant, those first that many names mean."""
    akin = _of_uuid(observation).likely(lead.column.name, lead.table) if lead.family == "uuid" else ()
    likely = (key for table in akin for key in keys.of_table[table.name] if key.primary)
    known = {option.key for option in lead.options}
    mine = (key for key in keys.of_table.get(lead.table.name, ()) if keys.family(key.column) == lead.family)
    own = (key for key in mine if key.primary or flat(key.column.name) == "id")
    near = dict.fromkeys((*likely, *own, *_popular(observation.snapshot).get(lead.family, ())))
    itself = (lead.table.name, lead.column.name)
    return tuple(Option(key, 0) for key in near if key not in known and (key.table.name, key.column.name) != itself)


@remembered
def _of_uuid(observation: Observation) -> Parents:
    return Parents.keyed_by(observation, ("uuid",))


@remembered
def _popular(db: Snapshot) -> dict[str, tuple[Key, ...]]:
    """By family the keys that most columns are named after."""
    meant: defaultdict[str, Counter[Key]] = defaultdict(Counter)
    for lead in _named(db):
        if lead.options and lead.options[0].key.primary:
            meant[lead.family][lead.options[0].key] += 1
    return {family: tuple(key for key, _ in counted.most_common(UNNAMED_TRIED)) for family, counted in meant.items()}


@remembered
def _named(db: Snapshot) -> tuple[Lead, ...]:
    """All columns that are under no foreign key and may be under one, with the keys that their names tell."""
    under, found = under_keys(db), list[Lead]()
    for table in db.own_tables():
        if table.partition_of or not is_users(db, table):
            continue
        looked_up = _looked_up(table) if kept_by_design(table) else None
        keys = keys_for(db, table)
        for column in table.columns:
            family = keys.family(column)
            free = column.name not in under[table.name] and words(column.name)[-1:] != ("ids",)  # of a list
            free = free and (looked_up is None or column.name in looked_up)
            told = outlives(column.comment)
            if family and free and not (told or column.generated or column.identity):
                lead = Lead(table, column, family, keys.options(table, column), polymorphic(table, column))
                if lead.several:
                    least = SAME if family == "whole" else ENDS
                    lead = replace(lead, options=tuple(o for o in lead.options if o.fit >= least and not o.bare))
                found += [lead] if not lead.is_key else _one_to_one(keys, lead)
    return tuple(found)


def _one_to_one(keys: Keys, lead: Lead) -> list[Lead]:
    """A primary key refers to another one where it is named after that, and makes no values of its own."""
    home = any(key.home for key in keys.of_table.get(lead.table.name, ()) if key.primary)
    mine = table_word(lead.table)
    options = tuple(
        option for option in lead.options
        if option.fit == SAME and option.key.primary and (option.key.home or not option.bare)
        and (option.key.home or not table_word(option.key.table).startswith(mine))
        and not is_sibling(lead.table, option.key.table)
        and (option.key.home or _is_of_one(keys.by_name.get(flat(option.key.column.name), ())))
    )  # fmt: skip
    if home and lead.family != "whole":
        near = [key for key in wider_kinds(keys, lead.table) if keys.family(key.column) == lead.family]
        options, home = ranked(lead.table, (Option(key, LIKE) for key in near)), False
    return [replace(lead, options=options)] if options and not home and lead.column.default is None else []


def _is_of_one(called: Sequence[Key]) -> bool:
    """Whether the name of keys is that of one table, or of those with its rows, and not one for all."""
    return len(called) < MANY or any(key.home for key in called)


def under_keys(db: Snapshot) -> defaultdict[Relation, set[str]]:
    """Columns that are under a foreign key, of the table or of one of its partitions."""
    found: defaultdict[Relation, set[str]] = defaultdict(set)
    for table in db.tables:
        found[table.partition_of or table.name] |= {name for key in table.foreign_keys for name in key.columns}
    return found


def kept_by_design(table: Table) -> bool:
    """Whether the table keeps rows of others as they were, or of elsewhere: nothing there is meant to hold."""
    parts, above = stems(table.name.name), stems(table.name.schema)
    named = bool(set(parts) & KEPT_BY_DESIGN) or any(part.endswith((*ARCHIVES, "backup")) for part in parts)
    numbered = any(part.isdecimal() for part in parts)  # of a year; an archive may have a schema of its own
    aside = bool(set(above) & ASIDE) or (numbered and bool(set(above) & {*ARCHIVES}))
    return named or aside or outlives(table.comment)


def _looked_up(table: Table) -> set[str]:
    """Of old rows in use, in a table with a key, the columns by which they are found; nothing of others put aside."""
    in_use = OLD in stems(table.name.name) and table.primary_key and not outlives(table.comment)
    return {index.columns[0] or "" for index in table.indexes} if in_use else set()


def recorded(table: Table) -> bool:
    """Whether the table keeps what has been: its rows outlive what they refer to."""
    return bool(set(stems(table.name.name)) & RECORDS) or is_log(table.name) or kept_by_design(table)
