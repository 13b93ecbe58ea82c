"""Comments that leave findings out: `-- pgrefit:ignore RULE[,RULE] reason`, on a statement or right before it, and
`-- pgrefit:ignore-file RULE[,RULE] reason` for the whole file."""

from __future__ import annotations

from dataclasses import dataclass

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.lint.migration import Migration, Place

MARK = "pgrefit:ignore"
WHOLE_FILE = "-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Rules that are not wanted on lines `first` to `last`."""

    place: Place
    rules: tuple[str, ...]
    first: int
    last: int

    def covers(self, rule: str, line: int) -> bool:
        """Whether a finding of the rule on that line is not wanted."""
        return self.first <= line <= self.last and rule in self.rules


def ignores_of(migration: Migration) -> tuple[Ignore, ...]:
    """The file's comments of that kind, in order."""
    text = migration.source.text
    if MARK not in text:
        return ()
    return tuple(found for line, column, said in _comments(text) if (found := _ignore(migration, line, column, said)))


def _ignore(migration: Migration, line: int, column: int, said: str) -> Ignore | None:
    words = said.removeprefix("--").split()
    if not words or not words[0].startswith(MARK):
        return None
    rules = tuple(filter(None, words[1].split(","))) if len(words) > 1 else ()
    place = Place(line=line, column=column, end_line=line)
    if words[0] == MARK + WHOLE_FILE:
        return Ignore(place=place, rules=rules, first=1, last=migration.source.text.count("\n") + 1)
    first, last = _lines_of_statement(migration, line)
    return Ignore(place=place, rules=rules, first=first, last=last)


def _lines_of_statement(migration: Migration, line: int) -> tuple[int, int]:
    """Lines of the statement that the comment is on, else of the next one."""
    outer = [s.place for s in migration.statements if not s.in_body] + [f.place for f in migration.faults]
    places = sorted(outer, key=lambda place: place.line)
    around = next((p for p in places if p.line <= line <= p.end_line), None)
    after = next((p for p in places if p.line > line), None)
    found = around or after
    return (found.line, found.end_line) if found else (line, line)


def _comments(text: str) -> list[tuple[int, int, str]]:
    data = text.encode()
    try:
        tokens = [t for t in postgast.scan(text).tokens if t.token == pb.SQL_COMMENT]
        found = [(t.start, data[t.start : t.end].decode()) for t in tokens]
    except postgast.PgQueryError:  # an open quote, psql commands: comments that have a line to themselves
        lines = data.splitlines(keepends=True)
        starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
        found = [(at, line.decode().strip()) for at, line in zip(starts, lines, strict=True) if line.startswith(b"--")]
    return [(data.count(b"\n", 0, at) + 1, at - data.rfind(b"\n", 0, at), said) for at, said in found]
