"""A column and the keys that it may hold, of which its values choose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import TEXT_TYPES, row_of, sample_of, statistics_of
from pgrefit.rules._names import BY, reference_name, stems

from ._key import ENDS, LIKE, SAME, Option, flat, is_plural, same_name, table_word
from ._link import MOST_QUESTIONS, Link, nobody
from ._ranking import standing
from ._readings import says_key_of_own
from ._vocabulary import ABOVE, COUNTED, GENERIC, NUMBERED, QUANTITIES, ROLES, TO, USERS

ROWS_TRIED = 300
LONGEST_CODE = 40  # letters; a text that may be longer may hold anything under any name
BY_CHANCE = 0.01
SHORTEST_WORD = 3  # letters; what is shorter stands before each column of a table
FEWEST_SPECIAL = 2  # words of a name that say what kind of the thing is meant
SLACK = 0.15  # of some distinct values fewer may match than of all rows


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
        by_another = any(other.key.table.name == best.key.table.name for other in others)
        alone = not others or (others[0].fit < SAME and self.family == "whole" and not by_another)
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
        most = max(share for _, share in fitting)
        best = min(self._order(option, least=share < most) for option, share in fitting)
        alike = [
            o for o, s in fitting
            if self._order(o, least=s < most) == best or (self.family != "whole" and s == most and not best[2])
        ]  # fmt: skip
        return self.link(self._nearest(observation, alike, values))

    def _order(self, option: Option, *, least: bool) -> tuple[int, bool, bool, bool]:
        fit, bare, strange, *_ = standing(self.table, option)
        return fit, bare, least, strange

    def _nearest(self, observation: Observation, alike: list[Option], values: int) -> Option:
        """Of tables whose keys are keys of one another: the least that holds the values, if not by chance."""
        rows = {option: max(statistics_of(observation, option.key.table).rows, 1) for option in alike}
        if self.is_key:
            return min(alike, key=lambda option: (rows[option], standing(self.table, option)))
        likeliest = min(alike, key=lambda option: standing(self.table, option))
        near = [o for o in alike if o.key.table.name.schema == self.table.name.schema and o.key.home]
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
        best = self._main(self.options[0])
        same = [o for o in self.options if same_name(self.column, o.key.column)]
        base, called = "".join(reference_name(self.column.name).base), table_word(best.key.table)
        alike = called != base and called.startswith(base)
        if same and best not in same and alike and not best.joined:  # the very name goes before a table called alike
            return self.link(same[0]) if len(same) == 1 and not self.several else None
        others = (
            o for o in self.options if o.key.table.name != best.key.table.name or o.key.primary >= best.key.primary
        )
        places = [standing(self.table, option) for option in others if option is not best]
        alone = standing(self.table, best) not in places and not self.several
        marked = reference_name(self.column.name).marked or self.column.name.lower().endswith(("id", "_sk"))
        alike = same_name(self.column, best.key.column)
        exact = not self.is_key and ((best.key.primary and marked) or (alike and (best.key.primary or marked)))
        own = best.key.table.name == self.table.name and not self._upwards(best) and not says_key_of_own(self.column)
        named = best.fit >= ENDS and not best.bare and not own and (best.key.home or exact)
        near = best.key.telling or _near(observation.snapshot, self.table, best.key.table)
        told = named and near and not _of_other_kinds(self.table, self.column, best)
        typed = best.key.primary and self.column.type == best.key.column.type and not _is_free_text(self.column.type)
        typed = typed and (self._called_so(best) or self._by_a_person(best))
        return self.link(best) if alone and (best.joined or told or typed) else None

    def _main(self, option: Option) -> Option:
        """Of the keys of a table that a marked name alike tells, the primary one: user_id is no user_name."""
        if len(self.options) == 1:
            return option
        marked, place = reference_name(self.column.name).marked, standing(self.table, option)
        mine = (o for o in self.options if o.key.table.name == option.key.table.name and o.key.primary)
        return next((o for o in mine if marked and standing(self.table, o) == place), option)

    def _upwards(self, option: Option) -> bool:
        """Whether the column is named after its own table's key with a word more: prev_order_no, pay_acct_id."""
        mine, theirs = flat(self.column.name), flat(option.key.column.name)
        longer = mine != theirs and mine.endswith(theirs) and theirs not in GENERIC
        return bool(set(stems(self.column.name)) & ABOVE) or (longer and not self.column.not_null)

    def _called_so(self, option: Option) -> bool:
        """Whether the column is called as a table is, and has the type of its key: currency, begin_area."""
        key, parts = option.key, stems(self.column.name)
        own_key = key.home or not reference_name(key.column.name).marked
        other = own_key and key.table.name != self.table.name and not is_plural(self.column.name)
        amount = set(parts) & (QUANTITIES | COUNTED) or set(parts) <= NUMBERED
        beside = any(name.marked and name.base == parts for name in map(reference_name, self._names))  # account_id
        return other and option.bare and option.fit >= ENDS and not amount and not beside

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.columns)

    def _by_a_person(self, option: Option) -> bool:
        """Whether the column is named after what a person did or is: created_by, owner_id."""
        base = reference_name(self.column.name)
        done = len(base.base) == 2 and (base.base[-1] in BY or (base.base[-1] == "to" and base.base[0] in TO))
        simple = len(base.base) == 1 or done
        known = simple and base.marked and option.fit == LIKE and not option.bare
        users = {o.key.table.name for o in self.options if o.key.kind in USERS}
        return known and users == {option.key.table.name} and base.base[-1] in ROLES | BY


def _is_free_text(type_name: str) -> bool:
    name, _, limit = type_name.partition("(")
    length = limit.rstrip(")")
    return name in TEXT_TYPES and not (length.isdecimal() and int(length) <= LONGEST_CODE)


def _of_other_kinds(table: Table, column: Column, option: Option) -> bool:
    """Whether the key is that of a special kind of thing, and nothing here says that this kind is meant.

    login.session_id and threepid_validation_session.session_id.
    """
    said, parts = set(reference_name(column.name).base), stems(option.key.table.name.name)
    special = [word for word in parts if word not in said]
    shared = set(special) & set(stems(table.name.name))
    own = {word for word in said - set(parts) if len(word) >= SHORTEST_WORD}
    noun = set(parts[-1:]) <= said and not option.key.home and not shared
    return noun and (len(special) >= FEWEST_SPECIAL or bool(special and own))


def _near(db: Snapshot, table: Table, parent: Table) -> bool:
    """In the same schema, or in one that this schema refers to."""
    schema = table.name.schema
    return schema == parent.name.schema or schema in {child.name.schema for child, _ in db.references_to(parent.name)}
