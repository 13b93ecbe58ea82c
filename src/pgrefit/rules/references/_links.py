"""Columns that may refer to a key of another table, and what their values say about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import Row, is_empty, row_of, sample_of, statistics_of
from pgrefit.rules._indexes import serves_lookup
from pgrefit.rules._names import reference_name, stems

from ._joins import Place, compared
from ._keys import ENDS, LIKE, SAME, Key, Keys, Option, keys_of, ranked, standing, table_word
from ._parents import Parents, polymorphic
from ._vocabulary import ABOVE, KEPT_BY_DESIGN, PEOPLE, RECORDS

OPTIONS_TRIED = 8
MOST_QUESTIONS = 100_000  # that are remembered
ROWS_TRIED = 300
FEWEST_ROWS = 20  # that tell more than chance, where small numbers meet small numbers
FEWEST_VALUES = 3
BY_CHANCE = 0.01
SLACK = 0.15  # of some distinct values fewer may match than of all rows
NEEDED = {SAME: 0.8, ENDS: 0.8, LIKE: 0.9, 0: 0.8}  # share of the rows that must match, by how the name fits
NEEDED_BARE = 0.98
COVERED = 0.1  # share of the parent's keys that small numbers must take, lest they be other small numbers


@dataclass(frozen=True, slots=True)
class Link:
    """A column and the key that it seems to hold; `several`: a sibling says what kind of thing it refers to."""

    table: Table
    column: Column
    family: str
    option: Option
    several: bool = False

    @property
    def key(self) -> Key:
        """The key that is meant."""
        return self.option.key

    @property
    def needed(self) -> float:
        """Which share of the values must be there."""
        if self.several:
            return 1.0
        return NEEDED_BARE if self.option.bare and not self.option.joined else NEEDED[self.option.fit]

    @property
    def plain(self) -> bool:
        """Whether the name says it in so many words."""
        return self.option.fit == SAME and not self.option.bare

    def counts(self) -> Question:
        """All rows: how many are NULL, stand for nobody, match, and refer to nothing."""
        key = self.key
        return _counts(self.table.name, self.column.name, key.table.name, key.column.name, self.family)

    def contained(self, row: Row) -> bool:
        """Whether enough of the values that are meant to refer to something do."""
        filled = row.count("rows") - row.count("nulls") - row.count("nobody")
        return filled > 0 and row.count("matching") >= self.needed * filled

    def told(self, row: Row) -> bool:
        """Whether the values cannot well be equal by chance."""
        if self.plain or self.family == "uuid":
            return True
        enough = row.count("matching") >= FEWEST_ROWS
        if not self.option.bare or self.option.joined or self.family == "text":
            return enough
        served = any(serves_lookup(index, (self.column.name,)) for index in self.table.indexes)
        covers = row.count("distinct") >= max(FEWEST_VALUES, COVERED * row.count("parents"))
        return enough and (served or covers)


@lru_cache(maxsize=MOST_QUESTIONS)
def _counts(table: Relation, column: str, parent: Relation, key: str, family: str) -> Question:
    select = ddl(
        "SELECT count(*) AS rows, count(*) - count(t.{c}) AS nulls, count(p.{k}) AS matching,"
        " count(t.{c}) - count(p.{k}) AS orphans, count(DISTINCT t.{c}) AS distinct,"
        " count(*) FILTER (WHERE p.{k} IS NULL AND {nobody}) AS nobody, (SELECT count(*) FROM {parent}) AS parents"
        " FROM {table} AS t LEFT JOIN {parent} AS p ON p.{k} = t.{c}",
        c=column, k=key, table=table, parent=parent, nobody=raw(nobody(column, family)),
    )  # fmt: skip
    return Question(table, select)


def nobody(column: str, family: str) -> Expression:
    """Whether a value of alias t is one that people write for none."""
    match family:
        case "whole":
            return expression("t.{c} IN (0, -1)", c=column)
        case "text":
            return expression("pg_catalog.btrim(t.{c}::text) = ''", c=column)
        case "uuid":
            return expression("t.{c} = '00000000-0000-0000-0000-000000000000'::uuid", c=column)
        case _:
            return Expression("false")


@lru_cache(maxsize=MOST_QUESTIONS)
def _tried(
    table: Relation, column: str, family: str, keys: tuple[tuple[Relation, str], ...], sample: Expression
) -> Question:
    counts = [
        expression("count(*) FILTER (WHERE EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = s.value)) AS {name}",
                   parent=parent, key=key, name=f"option_{i}")
        for i, (parent, key) in enumerate(keys)
    ]  # fmt: skip
    select = ddl(
        "SELECT count(*) AS values, {counts} FROM (SELECT DISTINCT t.{c} AS value FROM {sample} AS t"
        " WHERE t.{c} IS NOT NULL AND NOT ({nobody})) AS s",
        counts=raw(joined(counts)), sample=raw(sample), c=column, nobody=raw(nobody(column, family)),
    )  # fmt: skip
    return Question(table, select, sampled=True)


@dataclass(frozen=True, slots=True)
class Lead:
    """A column and the keys that it may hold, the likeliest first."""

    table: Table
    column: Column
    family: str
    options: tuple[Option, ...]
    several: bool = False

    @property
    def certain(self) -> bool:
        """Whether the name says one key in so many words; a uuid may be that of a table in between."""
        best, *others = self.options
        alone = not others or (others[0].fit < SAME and self.family != "uuid")
        return best.fit == SAME and not best.bare and alone

    def question(self, observation: Observation) -> Question:
        """How many of some distinct values are there among each of the keys."""
        keys = tuple((option.key.table.name, option.key.column.name) for option in self.options)
        sample = sample_of(observation, self.table, ROWS_TRIED)
        return _tried(self.table.name, self.column.name, self.family, keys, sample)

    def link(self, option: Option) -> Link:
        """The column with one of its keys."""
        return Link(self.table, self.column, self.family, option, self.several)

    def found(self, observation: Observation) -> Link | None:
        """The likeliest key that holds the values; None where none does, or nothing is known yet."""
        if self.certain:
            return self.link(self.options[0])
        row = row_of(observation, self.question(observation))
        values = row.count("values") if row else 0
        if row is None or not values:
            return None
        shares = [row.count(f"option_{i}") / values for i in range(len(self.options))]
        fitting = [
            (option, share)
            for option, share in zip(self.options, shares, strict=True)
            if share >= self.link(option).needed - SLACK and self._larger(observation, option)
        ]
        if not fitting:
            return None
        best = min(self._order(option, share) for option, share in fitting)
        alike = [
            o for o, s in fitting if self._order(o, s) == best or (self.family == "uuid" and s == 1 and not best[2])
        ]
        return self.link(self._nearest(observation, alike, values))

    def _order(self, option: Option, share: float) -> tuple[int, bool, bool, bool]:
        fit, bare, strange, *_ = standing(self.table, option)
        return fit, bare, share < 1, strange

    def _nearest(self, observation: Observation, alike: list[Option], values: int) -> Option:
        """Of tables whose keys are keys of one another: the least that holds the values, if not by chance."""
        rows = {option: max(statistics_of(observation, option.key.table).rows, 1) for option in alike}
        if self.is_key:
            return min(alike, key=lambda option: (rows[option], standing(self.table, option)))
        likeliest = min(alike, key=lambda option: standing(self.table, option))
        near = [option for option in alike if option.key.table.name.schema == self.table.name.schema]
        if self.family == "uuid" and near and likeliest not in near:
            return min(near, key=lambda option: (not option.key.home, rows[option], standing(self.table, option)))
        closer = [option for option in alike if (rows[option] / rows[likeliest]) ** values < BY_CHANCE]
        return min(closer or [likeliest], key=lambda option: (rows[option], standing(self.table, option)))

    @property
    def is_key(self) -> bool:
        """Whether the column alone is the table's primary key."""
        return self.table.primary_key == (self.column.name,)

    def _larger(self, observation: Observation, option: Option) -> bool:
        """A key that is a reference too refers to a table of more rows, or to the one that the key is named after."""
        if not self.is_key:
            return True
        mine, theirs = (statistics_of(observation, table).rows for table in (self.table, option.key.table))
        return theirs > mine or (option.key.home and theirs >= mine)

    def by_name(self, observation: Observation) -> Link | None:
        """The only key that the name, or a query, tells; for tables without rows."""
        best, places = self.options[0], [standing(self.table, option) for option in self.options]
        alone = places.count(places[0]) == 1 and not self.several
        own = best.key.table.name == self.table.name and not set(stems(self.column.name)) & ABOVE
        named = best.fit >= ENDS and not best.bare and not own
        marked = reference_name(self.column.name).marked or self.column.name.lower().endswith("id")
        whole = best.key.home or (best.key.primary and not self.is_key and marked)
        near = best.key.telling or _near(observation.snapshot, self.table, best.key.table)
        return self.link(best) if alone and (best.joined or (named and whole and near)) else None


def _near(db: Snapshot, table: Table, parent: Table) -> bool:
    """In the same schema, or in one that this schema refers to."""
    schema = table.name.schema
    return schema == parent.name.schema or schema in {child.name.schema for child, _ in db.references_to(parent.name)}


def leads(observation: Observation) -> Iterator[Lead]:
    """Columns under no foreign key whose name, or a query, or, of uuids, the values may tell a key."""
    joins, keys = compared(observation), keys_of(observation.snapshot)
    parents = Parents.keyed_by(observation, ("uuid",))
    for lead in _named(observation.snapshot):
        others = joins.get((lead.table.name, lead.column.name), frozenset())
        options = _with_joins(keys, lead, others) if others else lead.options
        if not options and lead.family == "uuid" and lead.column.default is None and not lead.several:
            options = _unnamed(observation, keys, parents, lead)
        if options:
            yield replace(lead, options=options[:OPTIONS_TRIED])


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


def _unnamed(observation: Observation, keys: Keys, parents: Parents, lead: Lead) -> tuple[Option, ...]:
    """Uuids are equal by no chance: any table may be meant."""
    if is_empty(observation, lead.table):
        return ()
    likely = parents.likely(lead.column.name, lead.table)
    return tuple(Option(key, 0) for table in likely for key in keys.of_table[table.name] if key.primary)


@remembered
def _named(db: Snapshot) -> tuple[Lead, ...]:
    """All columns that are under no foreign key and may be under one, with the keys that their names tell."""
    keys, under = keys_of(db), under_keys(db)
    found: list[Lead] = []
    for table in db.own_tables():
        if table.partition_of or kept_by_design(table) or not is_users(db, table):
            continue
        for column in table.columns:
            family = keys.family(column)
            if family and column.name not in under[table.name] and not column.generated and not column.identity:
                lead = Lead(table, column, family, keys.options(table, column), polymorphic(table, column))
                if lead.several:
                    lead = replace(lead, options=tuple(o for o in lead.options if o.fit == SAME and not o.bare))
                found += [lead] if not lead.is_key else _one_to_one(keys, lead)
    return tuple(found)


def _one_to_one(keys: Keys, lead: Lead) -> list[Lead]:
    """A primary key refers to another one where it is named after that, and makes no values of its own."""
    home = any(key.home for key in keys.of_table.get(lead.table.name, ()) if key.primary)
    mine = table_word(lead.table)
    options = tuple(
        option for option in lead.options
        if option.fit == SAME and not option.bare and option.key.primary
        and (option.key.home or not table_word(option.key.table).startswith(mine))
    )  # fmt: skip
    if home and lead.family == "uuid" and not {mine} & PEOPLE - {"profile", "member"}:
        options = tuple(Option(key, LIKE) for key in keys.by_table.get("user", ()) if key.primary)
        home = False
    return [replace(lead, options=options)] if options and not home and lead.column.default is None else []


def under_keys(db: Snapshot) -> defaultdict[Relation, set[str]]:
    """Columns that are under a foreign key, of the table or of one of its partitions."""
    found: defaultdict[Relation, set[str]] = defaultdict(set)
    for table in db.tables:
        found[table.partition_of or table.name] |= {name for key in table.foreign_keys for name in key.columns}
    return found


def kept_by_design(table: Table) -> bool:
    """Whether the table keeps rows of others as they were, or of elsewhere: nothing there is meant to hold."""
    parts = stems(table.name.name)
    return bool(set(parts) & KEPT_BY_DESIGN) or any(part.endswith(("archive", "backup")) for part in parts)


def recorded(table: Table) -> bool:
    """Whether the table keeps what has been: its rows outlive what they refer to."""
    return bool(set(stems(table.name.name)) & RECORDS)
