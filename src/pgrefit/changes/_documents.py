"""Values within json and jsonb columns: read as a type or not at all, so that no statement ever fails over one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Literal as OneOf

from pgrefit.model.ddl import Expression, Literal, Trusted, expression, joined, raw

from ._batches import literals

JsonType = OneOf["text", "integer", "bigint", "numeric", "boolean", "uuid", "timestamptz", "date", "text[]"]

DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
ZONE = "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9]){0,2})"
NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?|NaN|-?Infinity"
FORMS = {
    "integer": r"[+-]?[0-9]{1,10}(\.0{1,99})?",
    "bigint": r"[+-]?[0-9]{1,19}(\.0{1,99})?",
    "numeric": NUMBER,
    "uuid": "[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
    "date": DATE,
    "timestamptz": f"{DATE}[T ]{TIME}{ZONE}",
}
RANGES = {"integer": (-(2**31), 2**31 - 1), "bigint": (-(2**63), 2**63 - 1)}
LONGEST_NUMBER = 1000  # digits; far less than the server takes

# What json stores and jsonb refuses: \u0000, halves of a surrogate pair, numbers beyond measure.
ESCAPES_IN_ORDER = r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
ESCAPES_REFUSED = r"\\u(0000|[dD][89a-fA-F])"
STRINGS = r'"([^"\\]|\\.)*"'
NUMBERS_REFUSED = "[eE][+-]?[0-9]{4}|[0-9]{255}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A json or jsonb column, and what can be asked of it in a row of some alias (t, NEW, OLD)."""

    column: str
    binary: bool  # jsonb

    def of(self, row: str) -> Expression:
        """The document as jsonb; NULL where jsonb cannot hold what a json column does."""
        whole = expression("{row}.{c}", row=_as_is(row), c=self.column)
        if self.binary:
            return whole
        return expression(
            "(CASE WHEN pg_catalog.regexp_replace({d}::text, {ordered}, ' ', 'g') !~ {escapes}"
            " AND pg_catalog.regexp_replace({d}::text, {strings}, '', 'g') !~ {numbers} THEN {d}::text::jsonb END)",
            d=raw(whole), ordered=Literal(ESCAPES_IN_ORDER), escapes=Literal(ESCAPES_REFUSED), strings=Literal(STRINGS),
            numbers=Literal(NUMBERS_REFUSED),
        )  # fmt: skip

    def found(self, row: str, path: tuple[str, ...]) -> Expression:
        """What stands there, as jsonb; NULL where nothing does."""
        return expression("({d} #> {path})", d=raw(self.of(row)), path=raw(_path(path)))

    def value(self, row: str, path: tuple[str, ...], type_: JsonType) -> Expression:
        """What stands there, in that type; NULL where nothing does, a JSON null, or what does not convert."""
        text = expression("({d} #>> {path})", d=raw(self.of(row)), path=raw(_path(path)))
        return _converted(self.found(row, path), text, type_)

    def with_value(self, row: str, path: tuple[str, ...], value: Expression) -> Expression:
        """The document with a value (jsonb) there, objects around it made where there are none."""
        return expression("({whole})::{type}", whole=raw(_with(self.of(row), path, value)), type=self._type)

    def takes(self, row: str, path: tuple[str, ...]) -> Expression:
        """Whether a value can be put there: on the way to it are objects, nulls, or nothing."""
        ways = [self.of(row), *(self.found(row, path[:n]) for n in range(1, len(path)))]
        kinds = [expression("coalesce(pg_catalog.jsonb_typeof({w}), 'null') IN ('object', 'null')", w=raw(w))
                 for w in ways]  # fmt: skip
        readable = expression("({row}.{c} IS NULL OR {d} IS NOT NULL)", row=_as_is(row), c=self.column,
                              d=raw(self.of(row)))  # fmt: skip
        return joined([readable, *kinds], " AND ")

    def without(self, row: str, keys: list[tuple[tuple[str, ...], Expression]]) -> Expression:
        """The document without the keys whose condition holds."""
        whole = reduce(_unless, keys, self.of(row))
        return expression("({whole})::{type}", whole=raw(whole), type=self._type)

    @property
    def _type(self) -> Trusted:
        return _as_is("jsonb" if self.binary else "json")


def _unless(whole: Expression, key: tuple[tuple[str, ...], Expression]) -> Expression:
    path, condition = key
    return expression("CASE WHEN {c} THEN ({d}) #- {path} ELSE ({d}) END",
                      c=raw(condition), d=raw(whole), path=raw(_path(path)))  # fmt: skip


def _with(whole: Expression, path: tuple[str, ...], value: Expression) -> Expression:
    first, *rest = path
    below = expression("({d} -> {key})", d=raw(whole), key=Literal(first))
    return expression(
        "coalesce(nullif({d}, 'null'::jsonb), '{{}}'::jsonb) || pg_catalog.jsonb_build_object({key}, {value})",
        d=raw(whole), key=Literal(first), value=raw(_with(below, tuple(rest), value) if rest else value),
    )  # fmt: skip


def _converted(found: Expression, text: Expression, type_: JsonType) -> Expression:
    if type_ == "text":
        return expression("(CASE WHEN pg_catalog.jsonb_typeof({found}) IN ('string', 'number', 'boolean')"
                          " THEN {text} END)", found=raw(found), text=raw(text))  # fmt: skip
    if type_ == "boolean":
        return expression("(CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END)", text=raw(text))
    if type_ == "text[]":
        return _list(found)
    return expression(
        "(CASE WHEN {text} ~ {form} THEN CASE WHEN {exists} THEN {text}{way}::{type} END END)",
        text=raw(text), form=Literal(f"^({FORMS[type_]})$"), exists=raw(_exists(text, type_)),
        way=_as_is("::numeric" if type_ in RANGES else ""), type=_as_is(type_),
    )  # fmt: skip


def _exists(text: Expression, type_: JsonType) -> Expression:
    """Whether a text of the right form stands for a value: there is no 30 February."""
    if type_ in RANGES:
        low, high = RANGES[type_]
        return expression("{text}::numeric BETWEEN {low} AND {high}", text=raw(text), low=low, high=high)
    if type_ == "numeric":
        return expression("pg_catalog.length({text}) <= {most}", text=raw(text), most=LONGEST_NUMBER)
    if type_ == "uuid":
        return Expression("true")
    return expression(
        "CASE WHEN {text} !~ '^0000' THEN pg_catalog.substr({text}, 9, 2)::integer <= pg_catalog.date_part('day',"
        " pg_catalog.make_date(pg_catalog.substr({text}, 1, 4)::integer, pg_catalog.substr({text}, 6, 2)::integer, 1)"
        " + interval '1 month - 1 day') END", text=raw(text),
    )  # fmt: skip


def _list(found: Expression) -> Expression:
    return expression(
        "(CASE WHEN pg_catalog.jsonb_typeof({found}) = 'array' AND NOT pg_catalog.jsonb_path_exists({found},"
        """ 'strict $[*] ? (@.type() != "string" && @.type() != "null")') THEN ARRAY(SELECT e.value FROM"""
        " pg_catalog.jsonb_array_elements_text(CASE WHEN pg_catalog.jsonb_typeof({found}) = 'array' THEN {found} END)"
        " WITH ORDINALITY AS e (value, place) ORDER BY e.place) END)", found=raw(found),
    )  # fmt: skip


def _path(path: tuple[str, ...]) -> Expression:
    return expression("{names}::text[]", names=raw(literals(path)))


def _as_is(text: str) -> Trusted:
    return raw(Expression(text))
