"""Columns of ids that belong to several tables, beside the columns that say of which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Literal, ddl, expression, raw
from pgrefit.model.lookup import remembered
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import SAMPLE_KEYS, is_empty, is_text, rows_of
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._languages import english
from pgrefit.rules._names import reference_name, stems, words

from ._directory import keys_for, keys_of
from ._key import Key
from ._keys import Keys
from ._kinds import last_name, mostly_told, names_tables
from ._vocabulary import CODES, GENERIC

KINDS = {"type", "kind", "class"}
SHORTEST = 3  # letters of a word
MOST_KINDS = 50
FEWEST_ROWS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A column of ids beside a column that says what kind of thing each is of."""

    table: Table
    id: Column
    kind: Column

    def kinds(self) -> Question:
        """What kinds there are, the most frequent first."""
        select = ddl(
            "SELECT t.{kind}::text AS kind, count(*) AS rows FROM {table} AS t"
            " WHERE t.{kind} IS NOT NULL AND t.{id} IS NOT NULL"
            " GROUP BY t.{kind} ORDER BY rows DESC, kind LIMIT {most}",
            kind=self.kind.name, id=self.id.name, table=self.table.name, most=MOST_KINDS,
        )  # fmt: skip
        return Question(self.table.name, select)

    def counts(self, kind: str, key: Key) -> Question:
        """Of one kind: how many rows refer to nothing, and some of their ids."""
        lost = expression("NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key}::text = t.{id}::text)"
                          if self._converted(key) else
                          "NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = t.{id})",
                          parent=key.table.name, key=key.column.name, id=self.id.name)  # fmt: skip
        select = ddl(
            "SELECT count(*) AS orphans, count(DISTINCT s.id) AS distinct,"
            " (array_agg(s.id ORDER BY s.place))[1:{limit}] AS examples"
            " FROM (SELECT t.{id}::text AS id, row_number() OVER (ORDER BY t.{id}) AS place FROM {table} AS t"
            " WHERE t.{kind}::text = {value} AND t.{id} IS NOT NULL AND {lost}) AS s",
            id=self.id.name, table=self.table.name, kind=self.kind.name, value=Literal(kind), lost=raw(lost),
            limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)

    def _converted(self, key: Key) -> bool:
        return is_text(self.id) and not is_text(key.column)


def pairs(observation: Observation) -> Iterator[Pair]:
    """Of each table the columns that are named so, or that stand beside a column with names of tables."""
    for table in stored_tables(observation):
        under = {name for key in table.foreign_keys for name in key.columns} | set(table.primary_key[:1])
        free = [] if is_empty(observation, table) else [c for c in table.columns if c.name not in under]
        kinds = [c for c in free if is_text(c) or "." in c.type]  # text, or an enum
        if kinds:
            yield from _of_table(observation, table, free, kinds)


def _of_table(observation: Observation, table: Table, free: list[Column], kinds: list[Column]) -> Iterator[Pair]:
    by_base = {base: c for c in kinds if (base := _kind_of(c.name) or english(c.name))}
    naming = [c for c in kinds if names_tables(observation, table, c)]
    named: dict[str, Column] = {}
    for column in free:
        kind = by_base.get(_base_of(column))
        if kind and kind != column and (_kind_of(kind.name) or kind in naming):
            named[column.name] = kind
            yield Pair(table, column, kind)
    taken = list(named.values())
    for column in free:
        kind = None if column.name in named or not _base_of(column) else _beside(column, naming)
        kind = kind or (None if column.name in named else _akin(observation, table, column, kinds))
        if kind and kind != column and kind not in taken:
            yield Pair(table, column, kind)


def _base_of(column: Column) -> tuple[str, ...]:
    """What it says of what it refers to: owner of owner_id and of owner_code; nothing where it is no reference."""
    name, parts = reference_name(column.name), english(column.name)
    if name.marked:
        return english("_".join(name.base))
    if len(parts) == 1 and parts[0].endswith("id") and len(parts[0]) >= SHORTEST + 2:  # elementid
        return english(parts[0].removesuffix("id"))
    return parts[:-1] if parts[-1:] and parts[-1] in CODES else ()


def _beside(column: Column, naming: list[Column]) -> Column | None:
    """The column with names of tables that stands right before a reference."""
    return next((c for c in naming if c.position == column.position - 1), None)


def _akin(observation: Observation, table: Table, column: Column, kinds: list[Column]) -> Column | None:
    """The column next to a reference that begins as it does, and whose values tell tables: cost_domain, cost_event_id.

    What they tell may be no more than how the name of one table begins.
    """
    if not reference_name(column.name).marked:
        return None
    first, keys = words(column.name)[:1], keys_for(observation.snapshot, table)
    near = (c for c in kinds if abs(c.position - column.position) == 1 and words(c.name)[:1] == first)
    return next((c for c in near if mostly_told(observation, table, c, lambda kind: bool(_called(keys, kind)))), None)


def _kind_of(name: str) -> tuple[str, ...]:
    """Of owner_type, ownertype and tipo_propietario: owner; nothing of any other name."""
    parts = () if reference_name(name).marked else english(name)
    if parts and parts[-1] in KINDS:
        return parts[:-1]
    if parts and parts[0] in KINDS:
        return parts[1:]
    *before, last = parts or ("",)
    mark = next((kind for kind in KINDS if last.endswith(kind) and len(last) >= len(kind) + SHORTEST), "")
    return (*before, last.removesuffix(mark)) if mark else ()


def meant(observation: Observation, pair: Pair) -> Iterator[tuple[str, Key, int]]:
    """Each kind with the table that it names, and how many rows are of it; kinds that name none are passed over."""
    keys = keys_for(observation.snapshot, pair.table)
    for row in rows_of(observation, pair.kinds()) or ():
        key = _named(keys, pair, row.text("kind"))
        if key and row.count("rows") >= FEWEST_ROWS:
            yield row.text("kind"), key, row.count("rows")


def _named(keys: Keys, pair: Pair, kind: str) -> Key | None:
    """App\\Models\\BlogPost, blog.post, blog_posts: the one table of that name, by its own or by its last words."""
    near = [k for k in _called(keys, kind) if _fits(keys, pair, k)]
    own = [key for key in near if key.table.name.schema == pair.table.name.schema]
    chosen = own or near
    return chosen[0] if len({key.table.name for key in chosen}) == 1 else None


def _called(keys: Keys, kind: str) -> list[Key]:
    """Main keys of the tables of that name; else in other languages; else those of the one table that has it within."""
    parts = stems(last_name(kind))
    word = "".join(parts)
    near = [key for key in keys.of_word(word) if key.primary] if word else []
    near = near or list(_in_english(keys.db).get(english(last_name(kind)), ()))
    if near or len(word) < SHORTEST or word in GENERIC:
        return near
    begun = [key for key in keys.beginning_as(word) if _has(key, parts, first=True)]
    within = begun or [key for key in keys.by_ending.get(word, ()) if _has(key, parts, first=False)]
    return [key for key in within if key.primary] if len({key.table.name for key in within}) == 1 else []


def _has(key: Key, parts: tuple[str, ...], *, first: bool) -> bool:
    own = stems(key.table.name.name)
    start = next((n for n in range(len(own)) if "".join(own[n:]) == key.word), 0)
    return own[start : start + len(parts)] == parts if first else own[-len(parts) :] == parts


@remembered
def _in_english(db: Snapshot) -> dict[tuple[str, ...], tuple[Key, ...]]:
    """Main keys by what their tables are called in English."""
    found: defaultdict[tuple[str, ...], list[Key]] = defaultdict(list)
    for keys in keys_of(db).of_table.values():
        for key in keys:
            if key.primary:
                found[english(key.word)].append(key)
    return {said: tuple(near) for said, near in found.items()}


def _fits(keys: Keys, pair: Pair, key: Key) -> bool:
    mine = keys.family(pair.id)
    return mine == keys.family(key.column) or mine == "text"
