"""What the bodies of functions name: text to the server, which does not follow there when something is renamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.change import Obstacle
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Function, Snapshot


def named_in_bodies(db: Snapshot, table: Relation, column: str, reviewed: Collection[Relation]) -> Iterator[Obstacle]:
    """Functions that seem to use the column, but for those that a person has `reviewed`.

    They name the column, and also the table or are called by a trigger of it.
    """
    for name in _naming(db, table, {column}):
        if name not in reviewed:
            says = f"{name} seems to name it in its body: replace it first, or list it as reviewed"
            yield Obstacle(f"{table}.{column}", says)


def bodies_to_look_at(db: Snapshot, table: Relation, columns: Collection[str]) -> str:
    """The hazard that functions name the columns, whose type changes; '' where none seems to."""
    names = ", ".join(map(str, _naming(db, table, {*columns})))
    return f"{names} name them in their bodies: look whether they run with the new types" if names else ""


def _naming(db: Snapshot, table: Relation, columns: set[str]) -> Iterator[Relation]:
    found = db.find_table(table)
    called = {trigger.function for trigger in found.triggers} if found else set[Relation]()
    for function in db.functions:
        words = _words_of(function)
        if columns & words and (table.name in words or function.name in called):
            yield function.name


def _words_of(function: Function) -> set[str]:
    if function.extension or function.definition is None:
        return set()
    try:
        options = postgast.find_nodes(postgast.parse(function.definition), pb.DefElem)
        bodies = [part.string.sval for o in options if o.defname == "as" for part in o.arg.list.items]
    except postgast.PgQueryError:
        bodies = [function.definition]
    return {word for body in bodies for word in _words(body)}


def _words(text: str) -> Iterator[str]:
    """Names and keywords of a text in SQL's or PL/pgSQL's spelling, also those within its strings."""
    try:
        tokens = postgast.scan(text).tokens
    except postgast.PgQueryError:
        yield from text.split()
        return
    data = text.encode()
    for token in tokens:
        word = data[token.start : token.end].decode()
        if token.token == pb.Token.SCONST and (within := word.strip("'")) != text:
            yield from _words(within)
        elif word.startswith('"'):
            yield word[1:-1].replace('""', '"')
        else:
            yield word.lower()
