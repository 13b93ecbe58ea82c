"""What can be counted in a text: its characters, its words, the entries of a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgrefit.model.ddl import expression
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import is_text, key_columns
from pgrefit.rules._languages import meanings
from pgrefit.rules.redundancy._formulas import Term

MOST = 4
# What a number that counts in a text is called.
COUNTED = {
    "length", "len", "char", "chars", "character", "characters", "word", "words", "size", "count", "laenge", "länge",
    "lang", "longueur", "longitud", "comprimento", "lunghezza", "lengte", "dlugosc", "uzunluk", "zeichen", "caracteres",
    "caracteristicas", "caratteri", "znaki", "wort", "mots", "palabras", "palavras", "parole", "items", "entries",
}  # fmt: skip


def lengths(table: Table, numbers: Iterable[str]) -> list[Term]:
    """Of each text of a table in which a number is called so."""
    if not any(not COUNTED.isdisjoint(meanings(name)) for name in numbers):
        return []
    keys = key_columns(table)
    texts = [c.name for c in table.columns if is_text(c) and c.name not in keys and not c.generated]
    return [term for name in texts[:MOST] for term in _of(name)]


def _of(name: str) -> Iterator[Term]:
    yield Term(expression("length(t.{c})", c=name), (name,))
    yield Term(expression("octet_length(t.{c})", c=name), (name,))
    yield Term(expression("cardinality(regexp_split_to_array(btrim(t.{c}), '\\s+'))", c=name), (name,))
    yield Term(expression("cardinality(regexp_split_to_array(btrim(t.{c}), '\\s*[,;|]\\s*'))", c=name), (name,))
