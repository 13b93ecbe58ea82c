"""A migration file as statements: each with its place, what it does, and the transaction that it runs in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate

import postgast
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as pb

from pgrefit.lint.actions import Action, CallFunction, CreateFunction, RunBody, SetVariable
from pgrefit.lint.bodies import Line, body_statements, sql_statements
from pgrefit.lint.files import Source
from pgrefit.lint.mask import without_psql, without_template
from pgrefit.lint.reading import read_actions
from pgrefit.lint.tools import section
from pgrefit.lint.transactions import assign
from pgrefit.model.lint import LintNote
from pgrefit.model.names import Relation

EXCERPT = 160
DEFAULT_SCHEMA = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stands: lines and column count from 1, `column` in code points."""

    line: int
    column: int
    end_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. `transaction` numbers the transaction within the file, None: it runs by itself.

    `body`: it stands in the body of the file's n-th DO or call of a function that the file makes, 0: in none.
    """

    text: str
    place: Place
    actions: tuple[Action, ...]
    node: pb.Node
    transaction: int | None = None
    body: int = 0

    @property
    def in_body(self) -> bool:
        """Whether it stands in the body of a DO or of a function that is called."""
        return self.body > 0

    @property
    def excerpt(self) -> str:
        """Its beginning, in one line."""
        line = " ".join(self.text.split())
        return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntaxFault:
    """A statement that does not parse."""

    place: Place
    text: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A file, taken apart. `certain`: it is known, not assumed, which statements share a transaction."""

    source: Source
    statements: tuple[Statement, ...]
    faults: tuple[SyntaxFault, ...] = ()
    notes: tuple[LintNote, ...] = ()
    certain: bool = True
    of_tables: dict[Relation, list[tuple[int, Action]]] = field(
        default_factory=dict[Relation, list[tuple[int, Action]]], compare=False
    )  # what is done to each, with the place of its statement among the file's

    @property
    def name(self) -> str:
        """The file's name."""
        return self.source.name

    @property
    def tool(self) -> str:
        """The tool that runs it; '' where unknown."""
        return self.source.convention.tool

    def together(self, statement: Statement) -> tuple[Statement, ...]:
        """The statements of the same transaction, in order; the statement alone where it runs by itself."""
        if statement.transaction is None:
            return (statement,)
        return tuple(s for s in self.statements if s.transaction == statement.transaction)


def parse_migration(source: Source) -> Migration:
    """Take a file apart; what is no SQL, or cannot be looked into, is noted."""
    text = section(source.text, source.convention.tool, down=source.down)
    text, notes = without_psql(source.name, text)
    if source.encoding:
        notes.append(LintNote(file=source.name, line=1, text=f"not UTF-8: it was read as {source.encoding}"))
    parts, faults = _parse(text)
    if faults:
        text, told = without_template(source.name, text)
        notes += told
        parts, faults = _parse(text) if told else (parts, faults)
    statements: list[Statement] = []
    calls = _Calls(source.name)
    schema, bodies = DEFAULT_SCHEMA, 0
    lines = _Lines.of(text)
    for node, start, end in parts:
        said = lines.data[start:end].decode()
        place = lines.place(start, end)
        actions = read_actions(node, schema)
        schema = _schema_after(actions, schema)
        statement = Statement(text=said, place=place, actions=actions, node=node)
        statements.append(statement)
        for action in actions:
            if isinstance(action, CreateFunction):
                calls.functions[action.table] = statement
            elif runs := calls.body_of(action, statement):
                bodies += 1
                statements += calls.inner(runs, schema, bodies)
    of_tables: dict[Relation, list[tuple[int, Action]]] = {}
    for number, statement in enumerate(statements):
        for action in statement.actions:
            of_tables.setdefault(action.table, []).append((number, action))
    assigned, certain = assign(source.convention, [(s.actions, s.body) for s in statements])
    return Migration(
        source=source, faults=tuple(faults), notes=(*notes, *calls.notes), certain=certain, of_tables=of_tables,
        statements=tuple(replace(s, transaction=t) for s, t in zip(statements, assigned, strict=True)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Calls:
    """Bodies that a file runs: functions of which no call was met so far, and notes of what could not be read."""

    file: str
    functions: dict[Relation, Statement] = field(default_factory=dict[Relation, Statement])
    notes: list[LintNote] = field(default_factory=list[LintNote])

    def inner(self, runs: Statement, schema: str, number: int) -> Iterator[Statement]:
        """The statements of a body, and of the functions that they call."""
        inner, unread = _body(self.file, runs, schema, number)
        self.notes.extend(unread)
        for statement in inner:
            yield statement
            for action in statement.actions:
                if called := self.body_of(action, statement):
                    yield from self.inner(called, schema, number)

    def body_of(self, action: Action, statement: Statement) -> Statement | None:
        """The statement that holds the body that an action runs: a DO, or the file's own CREATE FUNCTION."""
        if isinstance(action, RunBody) and not statement.in_body:
            return statement
        return self.functions.pop(action.table, None) if isinstance(action, CallFunction) else None


def _lines_of_body(runs: Statement) -> tuple[list[Line], list[Line]]:
    own = runs.actions[0]
    if isinstance(own, CreateFunction):
        if own.language == "sql":
            return sql_statements(runs.node.create_function_stmt, runs.text)
        return body_statements(runs.text, own.language, f"function {own.table}")
    return body_statements(runs.text, own.language if isinstance(own, RunBody) else "")


def _body(name: str, runs: Statement, schema: str, number: int) -> tuple[list[Statement], list[LintNote]]:
    found, unread = _lines_of_body(runs)
    place = runs.place
    statements: list[Statement] = []
    for line, sql in found:
        at = place.line + line
        try:
            nodes = [raw.stmt for raw in postgast.parse(sql).stmts]
        except (postgast.PgQueryError, DecodeError) as error:
            unread.append((line, f"not linted: {error}"))
            continue
        where = Place(line=at, column=1, end_line=at + sql.count("\n"))
        statements += [
            Statement(text=sql, place=where, actions=read_actions(node, schema), node=node, body=number)
            for node in nodes
        ]
    return statements, [LintNote(file=name, line=place.line + line, text=said) for line, said in unread]


def _schema_after(actions: tuple[Action, ...], schema: str) -> str:
    for action in actions:
        if isinstance(action, SetVariable) and action.name == "search_path":
            named = [value for value in action.values if value and value not in {"$user", '"$user"'}]
            return named[0] if named else DEFAULT_SCHEMA
    return schema


# -- text to trees --------------------------------------------------------------------------------------------------

Part = tuple[pb.Node, int, int]


def _parse(text: str) -> tuple[list[Part], list[SyntaxFault]]:
    """Trees with byte offsets; where one statement does not parse, the others still do."""
    try:
        return list(_trees(text, 0)), []
    except (postgast.PgQueryError, DecodeError) as whole:
        try:
            pieces = postgast.split(text, method="scanner")
        except postgast.PgQueryError:
            return [], [_fault(text, 0, text, whole)]
    parts: list[Part] = []
    faults: list[SyntaxFault] = []
    data, at = text.encode(), 0
    for piece in pieces:
        start = data.index(piece.encode(), at)
        at = start + len(piece.encode())
        try:
            parts += _trees(piece, start)
        except (postgast.PgQueryError, DecodeError) as error:
            faults.append(_fault(text, start, piece, error))
    return parts, faults


def _trees(text: str, offset: int) -> Iterator[Part]:
    size = len(text.encode())
    for raw in postgast.parse(text).stmts:
        start = raw.stmt_location
        end = start + raw.stmt_len if raw.stmt_len else size
        yield raw.stmt, offset + start, offset + end


def _fault(text: str, start: int, piece: str, error: Exception) -> SyntaxFault:
    """Where the parser stopped: it counts code points, from 1."""
    stopped = max(getattr(error, "cursorpos", 0) - 1, 0)
    at = start + len(piece[:stopped].encode())
    said = error.message if isinstance(error, postgast.PgQueryError) else "nested too deeply to be read"
    return SyntaxFault(place=_Lines.of(text).place(at, at), text=piece.strip(), message=said)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Byte offsets at which lines begin."""

    data: bytes
    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _Lines:
        data = text.encode()
        return cls(data, (0, *accumulate(len(line) for line in data.splitlines(keepends=True))))

    def place(self, start: int, end: int) -> Place:
        line = bisect_right(self.starts, start) - 1
        line = min(line, max(len(self.starts) - 2, 0))
        column = len(self.data[self.starts[line] : start].decode(errors="replace"))
        return Place(line=line + 1, column=column + 1, end_line=line + 1 + self.data[start:end].rstrip().count(b"\n"))
