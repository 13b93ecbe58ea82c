"""Types whose values a text column may hold: how they look, in Python for samples and in SQL for the whole table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pgrefit.changes.retype_columns import BLANKS
from pgrefit.model.ddl import Expression, Literal, expression, raw

JSON_TEST = 160000  # the first server with IS JSON
BLANK_WORDS = {
    "", "-", "--", "---", "?", "n/a", "#n/a", "na", "null", "(null)", "none", "nil", "nan", "undefined", "unknown",
    "not available", "tbd", "(none)", "<null>", "\\n",
}  # fmt: skip
TRUE_FALSE = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"}, {"on", "off"}, {"0", "1"}, {"ja", "nein"})
UUID = "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
UUID_OR_IN_BRACES = rf"{UUID}|\{{{UUID}\}}"
WHOLE = "[+-]?[0-9]{1,18}"
DECIMAL = r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"
DAY = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
ZONE = " ?(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
TIMESTAMP = f"{DAY}[T ]{TIME}({ZONE})?"
JSON = r"[[:space:]]*(\{[[:space:]]*(\}|\"([^\"\\]|\\.)*\"[[:space:]]*:.*\})|\[.*\])[[:space:]]*"
JSON_LOOK = r'\s*(\{\s*(\}|"([^"\\]|\\.)*("\s*(:.*)?)?$)|\[(\s*$|\s*[\]\[{"0-9tfn-].*))'
LEADING_ZERO = "^[+-]?0[0-9]"


@dataclass(frozen=True, slots=True)
class Form:
    """A type: whether a text looks like one of its values, and the exact test in SQL over a trimmed text."""

    type: str
    looks: Callable[[str], bool]
    pattern: str = ""  # of a whole value
    has_day: bool = False  # which the month must have


def _like(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


FORMS = (
    Form("uuid", _like(UUID_OR_IN_BRACES), UUID_OR_IN_BRACES),
    Form("boolean", lambda text: any(text.lower() in pair for pair in TRUE_FALSE)),
    Form("bigint", _like(WHOLE), WHOLE),
    Form("numeric", _like(DECIMAL), DECIMAL),
    Form("date", _like(DAY), DAY, has_day=True),
    Form("timestamptz", _like(TIMESTAMP), f"({TIMESTAMP}|{DAY})", has_day=True),
    Form("jsonb", _like(JSON_LOOK, re.DOTALL), JSON),
)


def is_blank(text: str) -> bool:
    """Whether the text stands for no value: empty, a dash, N/A."""
    return text.strip(BLANKS).lower() in BLANK_WORDS


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
    return _real_day(text_=bare(column), matches=matches) if form.has_day else matches


def _real_day(*, text_: Expression, matches: Expression) -> Expression:
    """Also that the month has the day."""
    return expression(
        "CASE WHEN {matches} THEN substr({t}, 9, 2)::integer <= extract(day FROM make_date(substr({t}, 1, 4)::integer,"
        " substr({t}, 6, 2)::integer, 1) + interval '1 month' - interval '1 day') ELSE false END",
        matches=raw(matches), t=raw(text_),
    )  # fmt: skip
