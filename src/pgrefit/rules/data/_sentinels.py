"""Values that stand for no value: which ones a column may hold, and whether they do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, Literal, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import (
    Row,
    is_numeric,
    is_text,
    key_columns,
    statistics_of,
)
from pgrefit.rules.data._exact import any_of, counted, examples, how_many, is_checked
from pgrefit.rules.data._meanings import FREE_TEXT, means
from pgrefit.rules.data._sample import FEWEST_ROWS, MOMENTS, Values, bare_type, sampled_tables
from pgrefit.rules.data._typed import typed_names

NEVER_WORDS = {
    "n/a",
    "#n/a",
    "null",
    "(null)",
    "<null>",
    "undefined",
    "-",
    "--",
    "---",
    "?",
    "nan",
    "tbd",
    "xxx",
    "\\n",
    "n/d",
    "n.d.",
    "n.a.",
    "s/d",
    "k.a.",
    "k. a.",
    "keine angabe",
    "nicht angegeben",
    "sin datos",
    "nc",
    "н/д",
    "nvt",
    "n.v.t.",
    "s/o",
    "sans objet",
    "no aplica",
    "não se aplica",
    "nao se aplica",
    "não informado",
    "nao informado",
    "no informado",
    "non noto",
    "non disponibile",
    "nie dotyczy",
    "brak danych",
    "b/d",
    "entfällt",
    "entf.",
    "not applicable",
    "to be determined",
    "no data",
    "не указано",
    "нет данных",
    "未填写",
    "sem informação",
    "sem informacao",
    "s/i",
    "sin información",
    "sin informacion",
    "no especificado",
    "no consta",
    "senza informazioni",
    "non specificato",
    "non renseigné",
    "non renseigne",
    "non communiqué",
    "non précisé",
    "ohne angabe",
    "o. a.",
    "o.a.",
    "niet opgegeven",
    "niet ingevuld",
    "ikke oppgitt",
    "ikke angivet",
    "ej angivet",
    "uppgift saknas",
    "ei tiedossa",
    "nezadáno",
    "neuvedeno",
    "nincs adat",
    "belirtilmemiş",
    "belirtilmedi",
    "tidak diketahui",
    "tidak ada data",
    "データなし",
}
MAYBE_WORDS = {
    "none", "unknown", "na", "nil", "not available", "(none)", "missing", "not specified", "unbekannt", "keine",
    "desconocido", "desconocida", "ninguno", "desconhecido", "sconosciuto", "inconnu", "inconnue", "aucun", "onbekend",
    "geen", "nieznany", "brak", "неизвестно", "нет", "未知", "无", "不详",
    "néant", "neant", "ninguna", "nenhum", "nenhuma", "nessuno", "nessuna", "żaden", "okänd", "ukjent", "ukendt",
    "tuntematon", "neznámý", "ismeretlen", "bilinmiyor", "yok", "tidak ada", "belum ada", "невідомо", "不明", "なし",
    "없음", "알수없음", "não informada", "nao informada", "desconhecida", "sconosciuta",
}  # fmt: skip
NAMED_NA = {"country", "region", "continent", "code", "language", "market", "territory", "symbol", "iso"}
PLACEHOLDERS = {
    "-1", "-9", "-99", "-999", "-9999", "999", "9999", "99999", "999999", "9999999", "99999999", "999999999", "32767",
    "2147483647", "9223372036854775807",
}  # fmt: skip
NIL = "00000000-0000-0000-0000-000000000000"
FULL = re.compile(
    r"-9+(\.9+)?|9{3,}(\.9+)?|9{2}\.9+|-?8{3,}|123456(7(89?)?)?|-32768|-2147483648"
)  # as far as the field goes
NINES, ABOVE = re.compile(r"9{5,}(\.9+)?"), 1.2  # and how far above all others
WHOLE_ONLY = re.compile(r"-?\d+")
NEVER_ZERO = {"year", "height", "weight", "width", "length", "age", "latitude", "longitude", "lat", "lng", "lon",
              "area", "pulse", "pressure"}  # fmt: skip
NO_YEARS = {"0", "1", "1000", "1800", "1900", "1901", "9999"}
SOLD, LONG = {"price", "amount", "cost", "fee", "total", "rate"}, 7
YEARS = (1500, 2200)
FIRST_DAYS = ("0001-01-01", "1111-11-11", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01",
              "1970-01-01")  # fmt: skip
LAST_DAYS = ("2038-01-19", "2050-12-31", "2079-06-06", "2099-12-31", "2100-12-31", "2199-12-31", "2200-01-01",
             "2999-12-31", "3000-01-01", "9999-01-01", "9999-12-31")  # fmt: skip
ENDS = {"to", "until", "till", "thru", "end", "ends", "expires", "expiry", "expiration", "valid", "bis"}
NEGATIVE = {
    "balance", "delta", "change", "difference", "diff", "offset", "temperature", "temp", "direction", "sign", "vote",
    "adjustment", "longitude", "latitude", "lon", "lat", "lng", "x", "y", "z", "score", "net", "floor",
    "level", "storey",
}  # fmt: skip
ANSWERS = {"true", "false", "yes", "on", "off", "ja", "nein", "evet", "hayir", "tak", "sim", "oui", "ya", "tidak"}
NAMES = {"name", "surname", "lastname", "firstname", "forename"}
PLACES_OF_FILES = {"url", "uri", "path", "file", "filename", "image", "photo", "avatar", "link", "icon"}
NO_LETTERS = set("?-–—_.*#/")
MOST_LISTED = 20  # different values of an enumeration
SHORT_FORM = re.compile(r"[^\W\d_][./]\s?[^\W\d_]\.?")  # n/a in any language
FEWEST_HITS = 3
LEAST_SHARE = 0.002
MOST_SHARE = 0.95
FEWEST_OTHERS = 5  # different values beside it
MANY_OTHERS = 10
FAR_ABOVE = 10  # the least of numbers that could be negative, where -1 stands for none
OFTEN = 3  # times as many rows as another value has, where the word could be one of them
SPIKE = 10  # times as many, in a column whose values are nearly all different
NEARLY_UNIQUE = 0.5  # different values for each row, the most common one aside
RUN = re.compile(r"(\w)\1{4}|12345|abcde", re.IGNORECASE)
DIGITS, LETTERS = re.compile(r"\d"), re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column and the values in it that may stand for none."""

    table: Table
    column: Column
    sentinels: tuple[str, ...]

    def question(self) -> Question:
        """How often each occurs, and the range of the other values."""
        hits = {f"hits_{n}": how_many(self._is((s,))) for n, s in enumerate(self.sentinels)}
        other = expression("NOT ({hit})", hit=raw(self._is(self.sentinels)))
        text = is_text(self.column) or self.column.type == "uuid"
        value = expression("t.{c}::text", c=self.column.name) if text else self._value
        lowest = expression("(min({v}) FILTER (WHERE {other}))::text", v=raw(value), other=raw(other))
        highest = expression("(max({v}) FILTER (WHERE {other}))::text", v=raw(value), other=raw(other))
        return counted(self.table, hits | {
            "rows": Expression("count(*)"), "filled": expression("count(t.{c})", c=self.column.name),
            "lowest": lowest, "highest": highest,
        })  # fmt: skip

    @property
    def _value(self) -> Expression:
        """Of a moment, its day."""
        moment = bare_type(self.column) in MOMENTS
        return expression("t.{c}::date" if moment else "t.{c}", c=self.column.name)

    def _is(self, sentinels: tuple[str, ...]) -> Expression:
        if is_text(self.column):
            return any_of(self.column.name, sentinels)
        type_ = "date" if bare_type(self.column) in MOMENTS else "uuid" if self.column.type == "uuid" else "numeric"
        listed = [expression("{s}::{type}", s=Literal(s), type=raw(Expression(type_))) for s in sentinels]
        return expression("{v} IN ({listed})", v=raw(self._value), listed=raw(joined(listed)))

    def exceptions(self, sentinels: tuple[str, ...]) -> Question:
        """Rows that hold one."""
        return examples(self.table, (self.column.name,), self._is(sentinels))

    def found(self, row: Row) -> dict[str, int]:
        """Those that occur often enough, away from what else is in the column."""
        filled, hits = row.count("filled"), {s: row.count(f"hits_{n}") for n, s in enumerate(self.sentinels)}
        often = max(FEWEST_HITS, LEAST_SHARE * filled)
        apart = {s: n for s, n in hits.items() if n and self._is_apart(s, row.text("lowest"), row.text("highest"))}
        total = sum(apart.values())
        return apart if often <= total <= MOST_SHARE * filled and total < filled else {}

    def _is_apart(self, sentinel: str, lowest: str, highest: str) -> bool:
        if is_text(self.column) or self.column.type == "uuid" or not lowest:
            return is_text(self.column) or self.column.type == "uuid"
        if bare_type(self.column) in MOMENTS:
            low, high = _year(lowest), _year(highest)
            first = sentinel in FIRST_DAYS or _year(sentinel) < low
            return low - _year(sentinel) >= 10 if first else _year(sentinel) - high >= 20
        number, least, most = float(sentinel), float(lowest), float(highest)
        if YEARS[0] <= number <= YEARS[1] and least > number:
            return least - number >= 10
        if number == 0:
            return least >= most / 10 > 0 or most <= least / 10 < 0
        if number in {-1, -9} and means(self.column, NEGATIVE):
            return least >= FAR_ABOVE
        below = least >= 0 or number <= 3 * least
        above = ABOVE if NINES.fullmatch(sentinel) else 3
        return below if number < 0 else most * above <= number


def _year(day: str) -> int:
    return -10_000 if day.endswith("BC") or "infinity" in day else int(day.partition("-")[0])


@lookup.remembered
def sentinel_suspects(observation: Observation) -> tuple[Suspect, ...]:
    """Columns in whose sample, or most common values, a placeholder is."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[Suspect]:
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        for values in columns:
            column = values.column
            if column.name in keys or column.generated or column.identity or values.filled < FEWEST_ROWS:
                continue
            seen = _seen(observation, table, values)
            found = tuple(sorted(_placeholders(values, seen)))
            told = is_checked(table, column.name) or (table.name, column.name) in typed_names(observation)
            if found and not told:
                yield Suspect(table, column, found)


def _seen(observation: Observation, table: Table, values: Values) -> set[str]:
    statistics = statistics_of(observation, table).column(values.column.name)
    return {*values.common, *(statistics.values if statistics else ())}


def _placeholders(values: Values, seen: set[str]) -> set[str]:
    column, kind = values.column, bare_type(values.column)
    if is_text(column):
        return {text for text in seen if _is_placeholder(text, values)}
    if kind in MOMENTS:
        return {
            text[:10] for text in seen if text[:10] in FIRST_DAYS or text[:10] in LAST_DAYS or _is_round(text, values)
        }
    if kind == "uuid":
        return {NIL} & seen
    if values.different <= FEWEST_OTHERS or not (is_numeric(column) or kind in {"real", "double precision"}):
        return set()
    numbers = {text.rstrip("0").rstrip(".") if "." in text else text for text in seen}
    years = NO_YEARS if _are_years(numbers) else set[str]()
    zero = {"0"} if means(column, NEVER_ZERO) else set[str]()
    sold = {n for n in numbers if "." in n and len(n) < LONG} if means(column, SOLD) else set[str]()  # at 99.99
    full = {n for n in numbers if n in PLACEHOLDERS or FULL.fullmatch(n)} - sold
    return full | (numbers & (zero | years)) | _only_negative(values, numbers)


def _only_negative(values: Values, numbers: set[str]) -> set[str]:
    """The one whole number below 0, where there is but one, again and again, and others are many: -2, -77."""
    below = {n for n in numbers if n.startswith("-")}
    alone = len(below) == 1 and values.different > MANY_OTHERS and all(map(WHOLE_ONLY.fullmatch, below))
    often = any(values.common.get(n, 0) >= FEWEST_HITS for n in below)
    return below if alone and often and not means(values.column, NEGATIVE) else set()


def _is_round(text: str, values: Values) -> bool:
    """The first or last day of a year, far more often than another day."""
    day = text[:10].endswith(("-01-01", "-12-31"))
    return day and values.common.get(text, 0) >= max(FEWEST_HITS, SPIKE * values.filled / max(1, values.different))


def _are_years(numbers: set[str]) -> bool:
    whole = [int(n) for n in numbers - {"0"} if WHOLE_ONLY.fullmatch(n) and n not in PLACEHOLDERS]
    return bool(whole) and all(YEARS[0] <= n <= YEARS[1] for n in whole)


def _is_placeholder(text: str, values: Values) -> bool:
    """An empty text only where NULL may be; words that may be meant, only beside values that are no enumeration."""
    word, column = text.strip().lower(), values.column
    if values.different <= 2:
        return False
    if means(column, FREE_TEXT):
        return word in NEVER_WORDS
    if not word:
        return not column.not_null
    if _stands_out(text, values):
        return True
    if word in MAYBE_WORDS:
        is_name = word == "na" and means(column, NAMED_NA)
        return values.different > MOST_LISTED and not is_name and _is_frequent(text, values)
    short = values.different > MOST_LISTED and SHORT_FORM.fullmatch(word) is not None and _is_frequent(text, values)
    return short or {*word} <= NO_LETTERS or (word in NEVER_WORDS and _is_frequent(text, values))


def _stands_out(text: str, values: Values) -> bool:
    """One value in many rows of a column whose others are nearly all different, and that is not made as they are.

    No letters where they have some, no digits where they have some, or one character again and again: 030 000000.
    """
    if text.strip().lower() in ANSWERS:  # among values of every kind, as in settings
        return False
    rows, others = values.common.get(text, 0), {t: n for t, n in values.common.items() if t != text}
    usual = (values.filled - rows) / max(1, values.different - 1)
    alone = rows >= max(FEWEST_HITS, SPIKE * usual, 2 * max(others.values(), default=0))
    different = (values.different - 1) >= NEARLY_UNIQUE * (values.filled - rows)
    if not (alone and different and others) or means(values.column, PLACES_OF_FILES):
        return False
    bare = "".join(c for c in text if c.isalnum())
    unlike = any(all(map(kind.search, others)) and not kind.search(text) for kind in (DIGITS, LETTERS))
    short = len(bare) == 1 and all(len(other) >= LONG for other in others)
    return unlike or short or len({*bare}) <= 1 < len(bare) or RUN.search(bare) is not None


def _is_frequent(text: str, values: Values) -> bool:
    """A word that could be a name, such as Null, is none where it is much more frequent than names are."""
    usual = values.filled / values.different
    plain = not text.isalpha() and SHORT_FORM.fullmatch(text.strip()) is None
    listed = values.different <= MOST_LISTED and not _is_written_as_a_name(text, values)
    return plain or listed or values.common.get(text, 0) >= OFTEN * usual


def _is_written_as_a_name(text: str, values: Values) -> bool:
    """Null among Müller and Otto: in a column of names, with a capital as all others."""
    others = [other for other in values.common if other != text]
    return means(values.column, NAMES) and text.istitle() and all(other[:1].isupper() for other in others)
