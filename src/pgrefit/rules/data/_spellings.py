"""Columns of few different texts, and which of these are the same but for case, blanks and what joins words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
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
LONG_WORD = 6  # letters, from which on a slip of one of them makes no other word
RARER = 20  # times
SEVERAL = 2
POINT = re.compile(r"^([^\W\d_]{2,})[.,;]$")  # after the only word
SPACE = re.compile(r"[\s_\-\u200b\ufeff]+")
LONG = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "þ": "th"})
BARS = str.maketrans({"ı": "i", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"})  # which are no marks of their own
LETTERS = re.compile(r"[^\W\d_]{3}")
CASELESS_CODES = ENUMERATIONS | {"country", "currency", "language", "lang", "locale", "nationality"}
SHORT_ANSWERS = {"source", "format", "input", "output", "template"}  # where the values are few
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
        groups = _spelled_out(groups)
        allowed = _allowed(self.table, self.column)
        right = {k: max(g, key=lambda v: (v in allowed, _is_neat(v), found[v])) for k, g in groups.items()}
        slips = {k: right[other] for k, other in self._slips(groups, found, allowed).items()}
        return {v: slips.get(k, right[k]) for k, group in groups.items() for v in group if v != right[k] or k in slips}

    def _slips(self, groups: dict[str, list[str]], rows: dict[str, int], allowed: set[str]) -> dict[str, str]:
        """Rare words with a letter too many, too few or in another's place, each with the frequent one it means."""
        often = {key: sum(rows[v] for v in group) for key, group in groups.items() if len(key) >= LONG_WORD - 1}
        endings = _endings(groups)
        rare = [key for key in often if not allowed & {*groups[key]} and endings[key[-1:]] < SEVERAL]
        found = {key: [o for o in often if often[o] >= RARER * often[key] and _is_slip(key, o)] for key in rare}
        return {key: others[0] for key, others in found.items() if len(others) == 1}

    def _groups(self, values: Iterable[str], *, fold_all: bool) -> dict[str, list[str]]:
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for value in values:
            groups[self._folded(value, fold_all=fold_all)].append(value)
        return groups

    def _folded(self, value: str, *, fold_all: bool) -> str:
        """What spellings of one value have in common; of short words and symbols the case may tell something."""
        bare = _without_marks(POINT.sub(r"\1", SPACE.sub(" ", value).strip()))
        plain = means(self.column, CASELESS_CODES) or self.values.form is not None
        told = self.column.type.endswith("citext") or (means(self.column, CASE_TELLS) and not plain)
        return value.strip() if told or not (plain or fold_all or LETTERS.search(value)) else bare.casefold()


def _spelled_out(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """One group of geprüft and geprueft."""
    joined = {key: [*values] for key, values in groups.items()}
    for key, values in groups.items():
        longer = next((out for v in values if (out := _long(v)) and out != key and out in groups), None)
        if longer and key in joined:
            joined[key] += joined.pop(longer, [])
    return joined


def _long(value: str) -> str:
    """As it is written where there are no such letters; nothing where there is none in it."""
    plain = SPACE.sub(" ", unicodedata.normalize("NFC", value)).strip().casefold()
    return _without_marks(plain.translate(LONG)) if plain != plain.translate(LONG) else ""


def _differ_in_case(values: list[str]) -> bool:
    return len({SPACE.sub(" ", value).strip() for value in values}) > 1


def _is_neat(value: str) -> bool:
    return value == POINT.sub(r"\1", value.strip()) and "  " not in value


def _without_marks(text: str) -> str:
    """Without accents: Conges for Congés."""
    apart = unicodedata.normalize("NFKD", text.translate(BARS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _endings(values: Iterable[str]) -> Counter[str]:
    """Letters that several values have behind another one, of variants each: UH50, UH50x, MC603, MC603x."""
    every = {*values}
    return Counter(value[-1] for value in every if value[:-1] in every and len(value) > 1)


def _is_slip(written: str, meant: str) -> bool:
    """Whether one letter is left out, doubled or added, or two are swapped; not the first, nor an s at the end."""
    if written[0] != meant[0] or len(meant) < LONG_WORD or not (written + meant).replace(" ", "").isalpha():
        return False
    if len(written) == len(meant):
        apart = [n for n, (a, b) in enumerate(zip(written, meant, strict=True)) if a != b]
        return len(apart) == 2 and written[apart[0] : apart[1] + 1] == meant[apart[0] : apart[1] + 1][::-1]
    short, long = sorted((written, meant), key=len)
    if len(long) != len(short) + 1 or long == f"{short}s":
        return False
    return any(long[:n] + long[n + 1 :] == short for n in range(1, len(long)))


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
            own = is_text(column) and column.name not in keys and not column.generated
            plain = own and (values.form is None or _are_answers(values))
            if plain and _repeats(values) and not means(column, (FREE_TEXT - SHORT_ANSWERS) | SECRETS):
                yield Listed(table, column, values)


def _are_answers(values: Values) -> bool:
    """Yes and no in whatever words, some of them in another case: Y, N and y."""
    words = {text.strip().casefold() for text in values.common}
    return values.form is not None and values.form.type == "boolean" and len(words) < values.different


def _repeats(values: Values) -> bool:
    often = values.filled >= REPEATED * values.different and values.filled >= FEWEST_ROWS
    return often and values.complete and values.longest <= LONGEST
