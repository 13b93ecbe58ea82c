"""PL/pgSQL as a tree, past what keeps the parser, libpg_query, from types of the user's schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

import postgast
from postgast import pg_query_pb2 as pb

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]
ENDS_TYPE = frozenset({":=", "=", "alias", "collate", "cursor", "default", "no", "not", "scroll"})  # of a declaration
STAND_IN = b"text"
Edit = tuple[int, int, bytes]  # from, to, what comes there


def parse_plpgsql(definition: str) -> Json:
    """The tree of a body, given the CREATE FUNCTION as the server prints it.

    The parser knows no types but the server's own, takes those of other schemas than public for an error, and row types
    for values without fields. Where it gives up, such types are replaced by ones that any value fits.
    """
    try:
        return _parsed(definition)
    except postgast.PgQueryError:
        for scalar in (False, True):
            try:
                return _parsed(_with_plain_types(definition, scalar=scalar))
            except postgast.PgQueryError:
                continue
        raise


def _parsed(definition: str) -> Json:
    """libpg_query prints one brace too many for each variable that trigger functions have of themselves (TG_OP, …);
    they stand before the statements, and the parser's error holds the text.
    """
    try:
        return cast("Json", postgast.parse_plpgsql(definition))
    except json.JSONDecodeError as error:
        variables, action, statements = error.doc.partition('],"action":')
        return cast("Json", json.loads(variables.replace("{}},", "{},") + action + statements))


def _with_plain_types(definition: str, *, scalar: bool) -> str:
    """The same function with other types, for rows or for single values; all that it does stays as it is."""
    head = _Words(definition)
    body = next((n for n in reversed(range(len(head.words))) if head.kinds[n] == pb.Token.SCONST), None)
    if body is None or not head.words[body].startswith("$"):
        return definition
    quote = head.words[body][: head.words[body].index("$", 1) + 1]
    inner = head.words[body][len(quote) : -len(quote)]
    edits = [
        *head.plain(range(body), scalar=scalar),
        (*head.places[body], (quote + _declarations(inner, scalar=scalar) + quote).encode()),
    ]
    return head.edited(edits)


def _declarations(body: str, *, scalar: bool) -> str:
    """With plain types in all its DECLARE sections."""
    text = _Words(body)
    declaring = False
    start = 0
    edits: list[Edit] = []
    for n, word in enumerate(text.lower):
        if declaring and n == start and word == "begin":
            declaring = False
        elif declaring and word == ";":
            edits += text.plain(range(start, _end_of_type(text, start, n)), scalar=scalar)
            start = n + 1
        elif word == "declare":
            declaring, start = True, n + 1
    return text.edited(edits)


def _end_of_type(text: _Words, start: int, end: int) -> int:
    return next((n for n in range(start + 1, end) if text.lower[n] in ENDS_TYPE), end)


class _Words:
    """The tokens of a text, with their places in its bytes."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        comments = {pb.Token.SQL_COMMENT, pb.Token.C_COMMENT}
        tokens = [token for token in postgast.scan(text).tokens if token.token not in comments]
        self.kinds = [token.token for token in tokens]
        self.places = [(token.start, token.end) for token in tokens]
        self.words = [self.data[token.start : token.end].decode() for token in tokens]
        self.lower = [word.lower() for word in self.words]

    def plain(self, where: range, *, scalar: bool) -> Iterator[Edit]:
        """What makes the qualified names there plain: the last part alone, `record` for a row, `text` for an array.

        The parser takes a name that it does not know for a row's; where `scalar`, it is `text` too.
        """
        n = where.start
        while n < where.stop:
            if self.lower[n] == "variadic":  # the parser takes its array for a plain value
                yield *self.places[n], b""
            last = self._end_of_name(n, where.stop)
            after = self.lower[last + 1 : last + 3]
            begin, end = self.places[n][0], self.places[last][1]
            if after == ["%", "rowtype"]:
                yield begin, self.places[last + 2][1], b"record"
            elif last > n and after[:1] != ["%"]:
                yield begin, end, STAND_IN if scalar or after[:1] == ["["] else self.words[last].encode()
            n = last + 1

    def _end_of_name(self, n: int, stop: int) -> int:
        """The place of the last part of the name that begins there."""
        while n + 2 < stop and self.words[n + 1] == ".":
            n += 2
        return n

    def edited(self, edits: list[Edit]) -> str:
        """The text with other bytes in some places."""
        data = self.data
        for begin, end, new in sorted(edits, reverse=True):
            data = data[:begin] + new + data[end:]
        return data.decode()
