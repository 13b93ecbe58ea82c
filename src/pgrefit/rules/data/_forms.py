"""Types whose values a text column may hold: how they look, in Python for samples and in SQL for the whole table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pgrefit.changes.retype_columns import BLANKS
from pgrefit.model.ddl import Expression, Literal, expression, raw

JSON_TEST = 160000  # the first server with IS JSON
BLANK_WORDS = {
    "", "-", "--", "---", "?", "n/a", "#n/a", "na", "null", "(null)", "none", "nil", "nan", "undefined", "unknown",
    "not available", "tbd", "(none)", "<null>", "\\n",
}  # fmt: skip
TRUE_FALSE = (
    {"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"}, {"on", "off"}, {"0", "1"}, {"ja", "nein"}, {"j", "n"},
    {"ja", "nee"}, {"ja", "nej"}, {"oui", "non"}, {"o", "n"}, {"si", "no"}, {"sí", "no"}, {"s", "n"}, {"sim", "nao"},
    {"sim", "não"}, {"tak", "nie"}, {"ano", "ne"}, {"да", "нет"}, {"是", "否"}, {"wahr", "falsch"}, {"vrai", "faux"},
    {"ya", "tidak"}, {"evet", "hayır"}, {"evet", "hayir"}, {"igen", "nem"}, {"da", "nu"}, {"da", "ne"}, {"kyllä", "ei"},
    {"так", "ні"}, {"はい", "いいえ"}, {"예", "아니오"}, {"có", "không"}, {"waar", "onwaar"}, {"sant", "falskt"},
    {"t", "n"}, {"e", "h"}, {"y", "t"}, {"prawda", "fałsz"}, {"verdadero", "falso"}, {"verdadeiro", "falso"},
    {"vero", "falso"},
)  # fmt: skip
UUID = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
UUID_OR_IN_BRACES = rf"{UUID}|\{{{UUID}\}}"
WHOLE = "[+-]?[0-9]{1,18}"
DECIMAL = r"[+-]?[0-9]{1,15}(\.[0-9]{1,30})?"
GROUPED = r"[1-9][0-9]{0,2}([.][0-9]{3})+(,[0-9]{1,15})?|[1-9][0-9]{0,2}([,  '’][0-9]{3})+([.,][0-9]{1,15})?"
MARK = (
    r"(€|\$|£|¥|₽|%|zł|kr|Kč|Ft|R\$|Rp|Rs|RM|₹|₩|₺|₫|₴|฿|₱|₦|EUR|USD|GBP|CHF|PLN|BRL|AUD|CAD|NZD|SEK|NOK|DKK|CZK|HUF"
    r"|RON|TRY|RUB|UAH|JPY|CNY|INR|IDR|KRW|MXN|ARS|ZAR|SGD|HKD)\.?"
)
LOCAL_NUMBER = rf"({MARK}[  ]?)?[+-]?({GROUPED}|[0-9]{{1,15}}([.,][0-9]{{1,15}})?)([  ]?{MARK})?"
DAY = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
ZONE = " ?(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
TIMESTAMP = f"{DAY}[T ]{TIME}({ZONE})?"
D, M, Y = "(0?[1-9]|[12][0-9]|3[01])", "(0?[1-9]|1[0-2])", "(19|20)[0-9]{2}"
DAY_FIRST = rf"({D}\.{M}\.{Y}|{D}/{M}/{Y}|{D}-{M}-{Y})"
MONTH_FIRST = f"({M}/{D}/{Y}|{M}-{D}-{Y})"
YEAR_FIRST = rf"({Y}/{M}/{D}|{Y}\.{M}\.{D})"
COMPACT = f"{Y}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"
MONTH_NAME = (
    "(Jan(uary)?|Feb(ruary)?|Mar(ch)?|Apr(il)?|May|June?|July?|Aug(ust)?|Sept?(ember)?|Oct(ober)?|Nov(ember)?"
    "|Dec(ember)?|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
)
NAMED_MONTH = rf"({MONTH_NAME}[. ] ?{D}, ?{Y}|{D}[- .]{MONTH_NAME}[-. ,] ?{Y})"
SHORT_YEAR = r"(0[1-9]|[12][0-9]|3[01])(\.(0[1-9]|1[0-2])\.|/(0[1-9]|1[0-2])/)[0-9]{2}"
ISO_SPAN = r"P(?=.)([0-9]+[YMWD])*(T([0-9]+(\.[0-9]+)?[HMS])+)?"
SPAN = "[0-9]{1,4}:[0-5][0-9]:[0-5][0-9]"
BYTE = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
INET = rf"({BYTE}\.){{3}}{BYTE}(/(3[0-2]|[12]?[0-9]))?|(?=.*:.*:)[0-9a-fA-F:]{{4,39}}(/[0-9]{{1,3}})?"
MAC = "[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}|[0-9a-fA-F]{2}(-[0-9a-fA-F]{2}){5}"
JSON = r"[[:space:]]*(\{[[:space:]]*(\}|\"([^\"\\]|\\.)*\"[[:space:]]*:.*\})|\[.*\])[[:space:]]*"
JSON_LOOK = r'\s*(\{\s*(\}|"([^"\\]|\\.)*("\s*(:.*)?)?$)|\[(\s*$|\s*[\]\[{"0-9tfn-].*))'
# A root element around all; of HTML only the whole page, since its parts are what people write.
XML_ROOT = (
    r"\s*(<\?xml\s[^>]*>\s*)?<(?!(a|abbr|b|big|blockquote|br|center|code|div|em|font|form|h[1-6]|hr|html|i|img|input|li"
    r"|ol|p|pre|s|script|section|small|span|strong|style|sub|sup|table|u|ul|svg)[\s/>])[A-Za-z_][A-Za-z0-9_.:-]*"
)
XML = rf"{XML_ROOT}(\s[^<>]*)?(/>|>.*</[A-Za-z_][A-Za-z0-9_.:-]*>)\s*"
XML_LOOK = rf"{XML_ROOT}(\s[^<>]*)?(/?>|$).*"
LEADING_ZERO = "^[+-]?0[0-9]"
# Where year, month and day are, as patterns with one group each.
ISO = ("^([0-9]{4})", "^[0-9]{4}[-/.]([0-9]{1,2})", "^[0-9]{4}[-/.][0-9]{1,2}[-/.]([0-9]{1,2})")
RUN = ("^([0-9]{4})", "^[0-9]{4}([0-9]{2})", "^[0-9]{6}([0-9]{2})")
LAST_YEAR = "^[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4})"
FIRST_PART, SECOND_PART = "^([0-9]{1,2})", "^[0-9]{1,2}[-/.]([0-9]{1,2})"


@dataclass(frozen=True, slots=True)
class Form:
    """A type: whether a text looks like one of its values, and the exact test in SQL over a trimmed text.

    `said`: how it is written, where that is not how the server writes it.
    """

    type: str
    looks: Callable[[str], bool]
    pattern: str = ""  # of a whole value
    day: tuple[str, str, str] | None = None  # which the month must have
    said: str = ""


def _like(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def _days(pattern: str, day: tuple[str, str, str], said: str) -> tuple[Form, Form]:
    """Days so written, and moments of them."""
    moment = f"{pattern}[T ]{TIME}"
    return (Form("date", _like(pattern), pattern, day, said), Form("timestamp", _like(moment), moment, day, said))


FORMS = (
    Form("uuid", _like(UUID_OR_IN_BRACES), UUID_OR_IN_BRACES),
    Form("boolean", lambda text: any(text.lower() in pair for pair in TRUE_FALSE)),
    Form("date", _like(COMPACT), COMPACT, RUN, "YYYYMMDD"),
    Form("bigint", _like(WHOLE), WHOLE),
    Form("numeric", _like(DECIMAL), DECIMAL),
    Form("date", _like(DAY), DAY, ISO),
    Form("timestamptz", _like(TIMESTAMP), f"({TIMESTAMP}|{DAY})", ISO),
    *_days(DAY_FIRST, (LAST_YEAR, SECOND_PART, FIRST_PART), "day first"),
    *_days(MONTH_FIRST, (LAST_YEAR, FIRST_PART, SECOND_PART), "month first"),
    *_days(YEAR_FIRST, ISO, "year first"),
    Form("date", _like(NAMED_MONTH), NAMED_MONTH, said="with the name of the month"),
    Form("date", _like(SHORT_YEAR), SHORT_YEAR, said="day first, the year in two digits"),
    Form("time", _like(TIME), TIME),
    Form("interval", _like(ISO_SPAN), ISO_SPAN, said="as ISO 8601 has it"),
    Form("interval", _like(SPAN), SPAN),
    Form("inet", _like(INET), INET),
    Form("macaddr", _like(MAC), MAC),
    Form("numeric", _like(LOCAL_NUMBER), LOCAL_NUMBER, said="as people write it"),
    Form("jsonb", _like(JSON_LOOK, re.DOTALL), JSON),
    Form("xml", _like(XML_LOOK, re.DOTALL), XML),
)
UNIX_TIMES = {10: (1_100_000_000, 2_100_000_000), 13: (1_100_000_000_000, 2_100_000_000_000)}  # from 2004 to 2036
UNIX_TIME = Form("bigint", _like(WHOLE), WHOLE, said="a moment in seconds or milliseconds since 1970")
URN = f"urn:uuid:({UUID})"
URN_UUID = Form("uuid", _like(URN), URN, said="behind urn:uuid:")
BARE_UUID = Form("uuid", _like("[0-9a-fA-F]{32}"), "[0-9a-fA-F]{32}", said="without hyphens")
RANDOM_UUID = re.compile("[0-9a-fA-F]{12}4[0-9a-fA-F]{3}[89abAB][0-9a-fA-F]{15}")
SPAN_FORM = next(form for form in FORMS if form.type == "interval" and not form.said)
NUMBERS = {"bigint", "numeric"}


def is_blank(text: str) -> bool:
    """Whether the text stands for no value: empty, a dash, N/A."""
    return text.strip(BLANKS).lower() in BLANK_WORDS


def are_unix_times(texts: Iterable[str]) -> bool:
    """Whether all are digits that count the seconds, or milliseconds, since 1970, in the times of databases."""
    told = [text.strip() for text in texts]
    length = {*map(len, told)}
    low, high = UNIX_TIMES.get(min(length), (0, 0)) if len(length) == 1 else (0, 0)
    return bool(high) and all(text.isdigit() and low <= int(text) <= high for text in told)


def form_of(common: Mapping[str, int], filled: int, *, share: float) -> Form | None:
    """The narrowest form that so many of the values have, blanks left out.

    `common`: the most common values with their rows; the rarest of them stand for all that are as rare.
    """
    told = _weighed(
        {text: rows for text, rows in common.items() if not is_blank(text)},
        filled - sum(rows for text, rows in common.items() if is_blank(text)),
    )
    total = sum(told.values())
    for form in FORMS if total else ():
        fitting = sum(rows for text, rows in told.items() if form.looks(text))
        if form.type == "boolean" and not _is_pair(told):
            continue
        if fitting >= share * total:
            return form
    return None


def _weighed(common: Mapping[str, int], filled: int) -> dict[str, float]:
    """The rows of each text, those of rarer texts that are not listed shared out to the rarest that are."""
    rarest = min(common.values(), default=0)
    rare = [text for text, rows in common.items() if rows == rarest]
    rest = max(0, filled - sum(common.values()))
    return {text.strip(BLANKS): rows + (rest / len(rare) if rows == rarest else 0) for text, rows in common.items()}


def _is_pair(told: Mapping[str, float]) -> bool:
    """Whether both values of one pair are there, and hardly anything else."""
    by_word: dict[str, float] = {}
    for text, rows in told.items():
        by_word[text.lower()] = by_word.get(text.lower(), 0) + rows
    whole = sum(by_word.values())
    return any(pair <= by_word.keys() and sum(by_word[w] for w in pair) >= 0.98 * whole for pair in TRUE_FALSE)


def bare(column: str) -> Expression:
    """The column (alias t) as text without blanks around it."""
    return expression("btrim(t.{c}::text, {blanks})", c=column, blanks=Literal(BLANKS))


def blank(column: str) -> Expression:
    """A condition: the text of the column (alias t) stands for no value."""
    words = raw(Expression(", ".join(expression("{w}", w=Literal(word)) for word in sorted(BLANK_WORDS))))
    return expression("lower({bare}) IN ({words})", bare=raw(bare(column)), words=words)


def fits(column: str, form: Form, server_version: int) -> Expression:
    """A condition: the text of the column (alias t), blanks around it aside, is a value of the type."""
    text = raw(bare(column))
    if form.type == "boolean":
        words = sorted({word for pair in TRUE_FALSE for word in pair})
        return expression("lower({t}) = ANY ({words})", t=text, words=Literal("{" + ",".join(words) + "}"))
    if form.type == "jsonb" and server_version >= JSON_TEST:
        return expression("({t} IS JSON OBJECT OR {t} IS JSON ARRAY)", t=text)
    matches = expression("{t} ~ {pattern}", t=text, pattern=Literal(f"^({form.pattern})$"))
    return _real_day(bare(column), matches, form.day) if form.day else matches


def _real_day(text: Expression, matches: Expression, day: tuple[str, str, str]) -> Expression:
    """Also that the month has the day."""
    year, month, of_month = (
        raw(expression("substring({t} FROM {part})::integer", t=raw(text), part=Literal(part))) for part in day
    )
    return expression(
        "CASE WHEN {matches} THEN {day} <= extract(day FROM make_date({year}, {month}, 1) + interval '1 month'"
        " - interval '1 day') ELSE false END",
        matches=raw(matches), year=year, month=month, day=of_month,
    )  # fmt: skip
