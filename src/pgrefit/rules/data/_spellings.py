"""Columns of few different texts, and which of these are the same but for case, blanks and what joins words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgrefit.model import lookup
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.sql_tree import value_list
from pgrefit.rules._ask import is_text, key_columns, rows_of
from pgrefit.rules.data._exact import MOST_VALUES, by_value
from pgrefit.rules.data._meanings import ENUMERATIONS, FREE_TEXT, SECRETS, means
from pgrefit.rules.data._sample import Values, sampled_tables

FEWEST_ROWS = 50
REPEATED = 5  # rows for each value
LONGEST = 60
SPACE = re.compile(r"[\s_\-]+")
LETTERS = re.compile(r"[^\W\d_]{3}")
CASELESS_CODES = ENUMERATIONS | {"country", "currency", "language", "lang", "locale", "nationality"}
CASE_TELLS = SECRETS | {"unit", "units", "uom", "symbol", "element", "code", "key", "hash", "gene", "allele", "blood"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A column of few different texts, with what the sample says of it."""

    table: Table
    column: Column
    values: Values

    def spellings(self, observation: Observation) -> dict[str, int] | None:
        """Every value with its rows, over the whole table; None where that is not known, or they are too many."""
        rows = rows_of(observation, by_value(self.table, self.column.name))
        if not rows or len(rows) > MOST_VALUES:
            return None
        return {row.text("value"): row.count("rows") for row in rows}

    def variants(self, observation: Observation) -> dict[str, str]:
        """Values that are another value in another spelling, each with the right one."""
        found = self.spellings(observation) or {}
        if sum(found.values()) < REPEATED * len(found):
            return {}
        groups = self._groups(found, fold_all=False)
        if any(_differ_in_case(group) for group in groups.values()):  # then short ones do too
            groups = self._groups(found, fold_all=True)
        allowed = _allowed(self.table, self.column)
        right = {k: max(g, key=lambda v: (v in allowed, _is_neat(v), found[v])) for k, g in groups.items()}
        return {v: right[k] for k, group in groups.items() for v in group if v != right[k]}

    def _groups(self, values: Iterable[str], *, fold_all: bool) -> dict[str, list[str]]:
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for value in values:
            groups[self._folded(value, fold_all=fold_all)].append(value)
        return groups

    def _folded(self, value: str, *, fold_all: bool) -> str:
        """What spellings of one value have in common; of short words and symbols the case may tell something."""
        bare = SPACE.sub(" ", value).strip()
        plain = means(self.column, CASELESS_CODES)
        told = self.column.type.endswith("citext") or (means(self.column, CASE_TELLS) and not plain)
        return value.strip() if told or not (plain or fold_all or LETTERS.search(value)) else bare.casefold()


def _differ_in_case(values: list[str]) -> bool:
    return len({SPACE.sub(" ", value).strip() for value in values}) > 1


def _is_neat(value: str) -> bool:
    return value == value.strip() and "  " not in value


def _allowed(table: Table, column: Column) -> set[str]:
    """What checks, valid or not, list for the column."""
    lists = (value_list(check.expression) for check in table.checks if check.expression)
    return {value for found in lists if found and found[0] == column.name for value in found[1]}


@lookup.remembered
def listed_columns(observation: Observation) -> tuple[Listed, ...]:
    """Texts that repeat, and are short; no keys, no free text, no values of another type."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[Listed]:
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        for values in columns:
            column = values.column
            plain = is_text(column) and column.name not in keys and not column.generated and values.form is None
            if plain and _repeats(values) and not means(column, FREE_TEXT | SECRETS):
                yield Listed(table, column, values)


def _repeats(values: Values) -> bool:
    often = values.filled >= REPEATED * values.different and values.filled >= FEWEST_ROWS
    return often and values.complete and values.longest <= LONGEST
