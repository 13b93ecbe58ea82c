"""Texts that are kept in plain capital letters, as programs of old and card printers want them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from pgrefit.model.ddl import Expression, Literal, expression, raw

# Latin letters with a mark, and the same without.
MARKED = {
    letter: plain[0]
    for letter in map(chr, range(0xC0, 0x250))
    if len(plain := unicodedata.normalize("NFD", letter)) > 1 and plain[0].isascii()
} | {"Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "ı": "i", "Đ": "D", "đ": "d"}


def in_plain_letters(value: Expression) -> Expression:
    """In capital letters without marks."""
    return expression("upper(translate({v}::text, {marked}, {plain}))", v=raw(value),
                      marked=Literal("".join(MARKED)), plain=Literal("".join(MARKED.values())))  # fmt: skip


def are_capitals(texts: Iterable[str]) -> bool:
    """Whether all of the texts that have letters are in capital ones."""
    told = [text for text in texts if text.upper() != text.lower()]
    return bool(told) and all(text == text.upper() for text in told)
