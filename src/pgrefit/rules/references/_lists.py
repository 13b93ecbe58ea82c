"""Which columns keep lists, and of which keys: told by their names, or by what their values look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pgrefit.model import lookup
from pgrefit.model.ddl import ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import is_empty, is_text, rows_of, sample_of, statistics_of
from pgrefit.rules._columns import seen_values, stored_tables
from pgrefit.rules._languages import english
from pgrefit.rules._names import singular, stems, words

from ._directory import keys_for
from ._far import begins_far
from ._key import Key, flat
from ._keys import TITLES, Keys
from ._listed import AROUND, BETWEEN, FORMS, NEEDED_UNNAMED, Listed
from ._types import base_type
from ._vocabulary import ABOVE, GENERIC, NODES, RELATED, ROLES

MARKS = {"ids", "uuids", "guids", "codes", "keys", "refs"}
OF_ONE = {"id", "uuid", "guid", "code", "key", "ref"}
LIST = ("list",)
SHORT_LIST = "lst"
DOCUMENTS = ("json", "jsonb")
SEPARATORS = (r"\s*[,;|]\s*#?", r"\s*>\s*#?", r"\s*/\s*#?", r"\s*\+\s*", r"\s+#?")
MOSTLY = 0.5  # of the values that must have the separator
MOST_KEYS = 4
AS_WIDE = 0.3  # how much shorter or longer than the items the keys may be
REPLACED = {"replace", "supersede", "amend", "depend", "require", "requirement", "prerequisite"}
MOST_PATHS = 12
ROWS_TRIED = 100
LONGEST = 40  # characters of an item


def lists(observation: Observation) -> Iterator[tuple[Listed, ...]]:
    """Of each column that may hold lists the keys that they may be of, the likeliest first."""
    for table in stored_tables(observation):
        keys = keys_for(observation.snapshot, table)
        for column in () if is_empty(observation, table) else table.columns:
            if column.generated:
                continue
            if column.type in DOCUMENTS:
                yield from _in_document(observation, keys, table, column)
            elif column.type.endswith("[]") or is_text(column):
                yield from _in_column(observation, keys, table, column)


def shapes(observation: Observation) -> Iterator[Question]:
    """Where there are lists in documents."""
    for table in stored_tables(observation):
        for column in () if is_empty(observation, table) else table.columns:
            if column.type in DOCUMENTS and not column.generated:
                yield _paths(observation, table, column)


def _in_column(observation: Observation, keys: Keys, table: Table, column: Column) -> Iterator[tuple[Listed, ...]]:
    parts = words(column.name)
    plural = bool(parts) and (parts[-1] != singular(parts[-1]) or _is_list(column))
    seen = statistics_of(observation, table).column(column.name)
    values = seen_values(seen)
    between = BETWEEN if column.type.endswith("[]") else _separator(_weighed(seen))
    family = _family_of(values, between) if between else ""
    key = _meant(keys, table, parts, within=bool(between)) if plural or between else None
    own = keys.family(key.column) if key else ""
    meant = plural or own == family  # of plurals of other languages we know no ends
    if key and meant and own in FORMS and _fits(keys, column, own):
        yield (Listed(table, column, key, own, between or BETWEEN),)
        return
    family = family or next((f for f in ("whole", "uuid") if _fits_array(keys, column, f)), "")
    found = _of_family(observation, keys, family, _hinted(keys, table, column.name, family)) if family else ()
    if family == "whole" and between:
        found = tuple(_reaching(observation, found, values, between))
    found = tuple(_as_wide(observation, found, values, between)) if family == "text" else found[:MOST_KEYS]
    if found:
        yield tuple(Listed(table, column, k, family, between or BETWEEN, named=False) for k in found)


def _in_document(observation: Observation, keys: Keys, table: Table, column: Column) -> Iterator[tuple[Listed, ...]]:
    for row in rows_of(observation, _paths(observation, table, column)) or ():
        name, path, item = row.text("name"), row.text("path"), row.text("item")
        family = _family_of((item,), r"\s*,\s*") if item else ""
        key = _meant(keys, table, words(name or column.name))
        if key and keys.family(key.column) in FORMS:
            yield (Listed(table, column, key, keys.family(key.column), path=path),)
        elif family in {"uuid", "whole"}:
            hinted = _hinted(keys, table, name or column.name, family)
            found = _of_family(observation, keys, family, hinted)[:MOST_KEYS]
            yield tuple(Listed(table, column, k, family, path=path, named=False) for k in found)


def _paths(observation: Observation, table: Table, column: Column) -> Question:
    """Arrays of scalars, what objects in an array have under one name, arrays that an object has: the most frequent."""
    select = ddl(
        "SELECT k.name, k.path, max(k.item) AS item, count(*) AS rows"
        " FROM (SELECT t.{c}::jsonb AS d FROM {sample} AS t WHERE t.{c} IS NOT NULL) AS t CROSS JOIN LATERAL ("
        " SELECT '' AS name, '$[*]' AS path, t.d ->> 0 AS item WHERE jsonb_typeof(t.d) = 'array'"
        " AND jsonb_typeof(t.d -> 0) IN ('string', 'number')"
        " UNION ALL SELECT e.key, '$[*].' || to_json(e.key)::text, e.value #>> '{{}}'"
        " FROM jsonb_each(CASE WHEN jsonb_typeof(t.d) = 'array' AND jsonb_typeof(t.d -> 0) = 'object'"
        " THEN t.d -> 0 END) AS e WHERE jsonb_typeof(e.value) IN ('string', 'number')"
        " UNION ALL SELECT e.key, '$.' || to_json(e.key)::text || '[*]', e.value ->> 0"
        " FROM jsonb_each(CASE jsonb_typeof(t.d) WHEN 'object' THEN t.d END) AS e"
        " WHERE jsonb_typeof(e.value) = 'array' AND jsonb_typeof(e.value -> 0) IN ('string', 'number')"
        ") AS k GROUP BY 1, 2 ORDER BY 4 DESC, 2 LIMIT {most}",
        c=column.name, sample=raw(sample_of(observation, table, ROWS_TRIED)), most=MOST_PATHS,
    )  # fmt: skip
    return Question(table.name, select, sampled=True)


def _weighed(seen: ColumnStatistics | None) -> dict[str, float]:
    """Values that ANALYZE kept, each with the share of the rows that it stands for."""
    common = dict(zip(seen.values, seen.frequencies, strict=False)) if seen else {}
    rest = max(0.0, 1 - (seen.null_fraction if seen else 0) - sum(common.values()))
    bounds = seen.bounds if seen else ()
    return {value: rest / len(bounds) for value in bounds} | common


def _separator(values: dict[str, float]) -> str:
    """What stands between the items of most values; nothing where they are no lists."""
    most = MOSTLY * sum(values.values())

    def parted(between: str) -> float:
        return sum(share for value, share in values.items() if re.search(between, value.strip(AROUND)))

    return next((between for between in SEPARATORS if values and parted(between) >= most), "")


def _family_of(values: tuple[str, ...], between: str) -> str:
    """What all items may be: whole numbers, uuids, or codes of one word."""
    items = [item.strip(' "') for value in values for item in re.split(between, value.strip(AROUND)) if item]
    for family in ("whole", "uuid"):
        if items and all(re.match(FORMS[family], item) for item in items):
            return family
    codes = items and all(len(item) <= LONGEST and not re.search(r"[\s:.]", item) for item in items)
    return "text" if codes else ""


def _hinted(keys: Keys, table: Table, name: str, family: str) -> tuple[Key, ...] | None:
    """The table's own key where the name says that rows are related; None where any table may have such members."""
    said = {*stems(name)}
    if said & (RELATED | ABOVE | REPLACED):
        return tuple(k for k in keys.of_table.get(table.name, ()) if k.primary and keys.family(k.column) == family)
    return None if said & (NODES | ROLES) else ()


def _of_family(observation: Observation, keys: Keys, family: str, hinted: tuple[Key, ...] | None) -> tuple[Key, ...]:
    """Keys that values alone may tell, those of the tables first that most others refer to."""
    known = _by_family(observation.snapshot)
    found = [key for key in known.get(family, ()) if key in keys.of_table.get(key.table.name, ())]
    if family == "whole" and hinted is not None:
        found = [*hinted, *(key for key in found if begins_far(observation, key.table))]
    return tuple(found)


def _reaching(observation: Observation, keys: tuple[Key, ...], values: tuple[str, ...], between: str) -> Iterator[Key]:
    """Keys among whose numbers the items are, those first that reach least beyond them: what is less is no chance."""
    items = [item.strip(' "') for value in values for item in re.split(between, value.strip(AROUND)) if item]
    numbers = sorted(int(item) for item in items if re.match(FORMS["whole"], item))
    most = numbers[int(NEEDED_UNNAMED * (len(numbers) - 1))] if numbers else 0
    reaches: list[tuple[int, int]] = []
    for place, key in enumerate(keys):
        seen = statistics_of(observation, key.table).column(key.column.name)
        ends = [int(bound) for bound in (*seen.bounds, *seen.values) if bound.isdecimal()] if seen else []
        if ends and min(ends) <= most <= max(ends):
            reaches.append((max(ends), place))
    yield from (keys[place] for _, place in sorted(reaches))


def _as_wide(observation: Observation, keys: tuple[Key, ...], values: tuple[str, ...], between: str) -> Iterator[Key]:
    """Keys of texts about as long as the items are; of many those that come nearest."""
    items = [item.strip(' "') for value in values for item in re.split(between, value.strip(AROUND)) if item]
    long = sum(map(len, items)) / max(len(items), 1)
    widths: list[tuple[float, int]] = []
    for place, key in enumerate(keys):
        seen = statistics_of(observation, key.table).column(key.column.name)
        width = seen.average_width - 1 if seen else 0
        if width and abs(width - long) <= AS_WIDE * long:
            widths.append((abs(width - long), place))
    yield from (keys[place] for _, place in sorted(widths)[:MOST_KEYS])


@lookup.remembered
def _by_family(db: Snapshot) -> dict[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    others: dict[str, list[Key]] = {}
    uses: Counter[Relation | None] = Counter(key.parent for table in db.tables for key in table.foreign_keys)
    for table in sorted(db.own_tables(), key=lambda t: (-uses[t.name], t.name)):
        keys = keys_for(db, table)
        for key in keys.of_table.get(table.name, ()):
            if key.primary:
                found.setdefault(keys.family(key.column), []).append(key)
            elif keys.family(key.column) != "whole" and flat(key.column.name) not in TITLES:
                others.setdefault(keys.family(key.column), []).append(key)
    return {family: found.get(family, []) + others.get(family, []) for family in ("whole", "uuid", "text")}


def _is_list(column: Column) -> bool:
    """kunden_liste, lista_clientes, cust_lst."""
    said = words(column.name)
    return len(said) > 1 and (_says_list(said[0]) or _says_list(said[-1]))


def _says_list(word: str) -> bool:
    return word == SHORT_LIST or english(word) == LIST


def _meant(keys: Keys, table: Table, parts: tuple[str, ...], *, within: bool = False) -> Key | None:
    """tag_ids, tags, permitted_tag_ids, of a document tagId: the one table that is meant, by its primary key.

    `within`: the values are lists, whose name may say more than what is in them: involved_drivers.
    """
    last = parts[-1] if parts else ""
    base = parts[:-1] if last in MARKS | OF_ONE or _says_list(last) else parts
    base = base[1:] if base and _says_list(base[0]) else base
    marked = base != parts
    for start in range(len(base) if marked or within else 1):
        word = "".join(map(singular, base[start:]))
        near = [key for key in keys.of_word(word) if key.primary and word not in GENERIC]
        own = [key for key in near if key.table.name.schema == table.name.schema] or near
        if len(own) == 1:
            return own[0]
    return None


def _fits(keys: Keys, column: Column, wanted: str) -> bool:
    """Whether items of an array are of the key's type; of a text they may be of any."""
    return not column.type.endswith("[]") or _fits_array(keys, column, wanted, text=True)


def _fits_array(keys: Keys, column: Column, wanted: str, *, text: bool = False) -> bool:
    if not column.type.endswith("[]"):
        return False
    item = base_type(keys.db, column.type.removesuffix("[]")).partition("(")[0]
    types = {"whole": ("smallint", "integer", "bigint"), "uuid": ("uuid",), "text": ("text", "character varying")}
    return item in types[wanted] or (text and item == "text")
