"""Bodies of functions as trees: what they run, read, write, call and put together at run time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import postgast
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.snapshot import Function, Snapshot
from pgrefit.model.sql_tree import UnreadableError, parse_sql
from pgrefit.rules._access import is_users
from pgrefit.rules._plpgsql import Json, parse_plpgsql
from pgrefit.rules._trees import Tree

RUN_TEXT = {"PLpgSQL_stmt_dynexecute": "query", "PLpgSQL_stmt_dynfors": "query",
            "PLpgSQL_stmt_return_query": "dynquery", "PLpgSQL_stmt_open": "dynquery"}  # fmt: skip
STATEMENT = 0  # parse modes of PL/pgSQL: a whole statement, an expression, then assignments
EXPRESSION = 2
TESTS = {"cond", "t_expr"}
FOREACH = "PLpgSQL_stmt_foreach_a"
LANGUAGES = frozenset({"sql", "plpgsql"})
UNPARSED = "the parser, libpg_query, does not take them in whole"


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A body that was read whole.

    `statements` are its static statements, `expressions` all that it evaluates (as SELECT), those of EXECUTE among
    them; `executed` the expressions whose text EXECUTE runs; `assigned` what variables get; `tests` what IF, CASE and
    WHILE look at; `variables` what PL/pgSQL itself declares: types by names, in lower case as it folds
    them; `filled` those that INTO fills.
    """

    function: Function
    definition: pb.CreateFunctionStmt
    statements: tuple[Tree, ...] = ()
    expressions: tuple[Tree, ...] = ()
    executed: tuple[Tree, ...] = ()
    assigned: tuple[tuple[str, Tree], ...] = ()
    tests: tuple[Tree, ...] = ()
    variables: dict[str, str] = field(default_factory=dict[str, str])
    filled: frozenset[str] = frozenset()
    handles_errors: bool = False
    bound: bool = False  # names were looked up when it was made
    tree: Json = None  # of PL/pgSQL, as its parser gives it

    @property
    def trees(self) -> tuple[Tree, ...]:
        """All that it runs or evaluates."""
        return (*self.statements, *self.expressions)

    @property
    def title(self) -> str:
        """The function as findings name it."""
        return f"{self.function.name}({self.function.arguments})"


@lookup.remembered
def bodies(db: Snapshot) -> tuple[Body, ...]:
    """The bodies of the user's functions in SQL and PL/pgSQL that can be read whole, in the order of the snapshot."""
    return tuple(body for function in db.functions if is_users(db, function) for body in _read(function))


@lookup.remembered
def unread_bodies(db: Snapshot) -> dict[str, list[Function]]:
    """The user's functions whose bodies no rule can look into, by the reason."""
    seen = {id(body.function) for body in bodies(db)}
    found: defaultdict[str, list[Function]] = defaultdict(list)
    for function in db.functions:
        if is_users(db, function) and function.definition is not None and id(function) not in seen:
            why = UNPARSED if function.language in LANGUAGES else f"no rule can read {function.language}"
            found[why].append(function)
    return dict(found)


def parameters(definition: pb.CreateFunctionStmt) -> list[pb.FunctionParameter]:
    """The parameters of a function, in order; columns of a result table are among them."""
    return [node.function_parameter for node in definition.parameters]


def _read(function: Function) -> Iterator[Body]:
    if function.definition is None or function.language not in LANGUAGES:
        return
    try:
        definition = parse_sql(function.definition).stmts[0].stmt.create_function_stmt
        if definition.HasField("sql_body"):
            yield Body(function, definition, statements=(Tree(definition.sql_body),), bound=True)
        elif function.language == "sql":
            yield Body(function, definition, statements=tuple(_parsed(source(definition))))
        else:
            yield _Reader(parse_plpgsql(function.definition)).body(function, definition)
    except (UnreadableError, postgast.PgQueryError, DecodeError, json.JSONDecodeError, RecursionError):
        return


def _parsed(sql: str) -> list[Tree]:
    """The tree of each statement."""
    return [Tree(raw.stmt) for raw in parse_sql(sql).stmts]


def source(definition: pb.CreateFunctionStmt) -> str:
    """The text of a body; '' where it is none."""
    options = (node.def_elem for node in definition.options)
    return next((str(option.arg.list.items[0].string.sval) for option in options if option.defname == "as"), "")


@dataclass(slots=True)
class _Reader:
    """Collects what a PL/pgSQL tree holds."""

    tree: Json
    names: list[str] = field(default_factory=list[str])
    statements: list[Tree] = field(default_factory=list[Tree])
    expressions: list[Tree] = field(default_factory=list[Tree])
    executed: list[Tree] = field(default_factory=list[Tree])
    assigned: list[tuple[str, Tree]] = field(default_factory=list[tuple[str, Tree]])
    tests: list[Tree] = field(default_factory=list[Tree])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    filled: set[str] = field(default_factory=set[str])
    handles_errors: bool = False

    def _filled_in_turn(self, kind: str, value: Json) -> str:
        """The variable that FOREACH fills; its place among all is what the tree has."""
        place = value.get("varno") if kind == FOREACH and isinstance(value, dict) else None
        return self.names[place] if isinstance(place, int) and place < len(self.names) else ""

    def body(self, function: Function, definition: pb.CreateFunctionStmt) -> Body:
        self.names = _datums(self.tree)
        self._visit(self.tree, "", "", "")
        return Body(
            function, definition, tuple(self.statements), tuple(self.expressions), tuple(self.executed),
            tuple(self.assigned), tuple(self.tests), self.variables, frozenset(self.filled), self.handles_errors,
            tree=self.tree,
        )  # fmt: skip

    def _visit(self, part: Json, kind: str, place: str, name: str) -> None:
        """Below an object of this kind, in this field of it; `name` is that of the variable around."""
        if isinstance(part, list):
            for item in part:
                self._visit(item, kind, place, name)
        elif isinstance(part, dict):
            for key, value in part.items():
                if key == "PLpgSQL_expr" and isinstance(value, dict):
                    self._take(str(value["query"]), int(cast("int", value.get("parseMode", 0))), kind, place, name)
                elif key.startswith("PLpgSQL_"):
                    self._enter(key, place, value)
                else:
                    self._visit(value, kind, key, name)

    def _enter(self, kind: str, place: str, value: Json) -> None:
        name = str(value.get("refname", "")) if isinstance(value, dict) else ""
        if name:
            self.variables[name.lower()] = _type_of(value)
        if place == "target":
            self.filled |= {name.lower(), *_fields(value)}
        self.handles_errors = self.handles_errors or kind == "PLpgSQL_exception_block"
        self._visit(value, kind, "", name or self._filled_in_turn(kind, value))

    def _take(self, text: str, mode: int, kind: str, place: str, name: str) -> None:
        if mode == STATEMENT:
            self.statements += _parsed(text)
            return
        if mode != EXPRESSION:
            target, text = _assignment(text)
            name = target.partition(".")[0].partition("[")[0].strip().strip('"')
            self.expressions += _parsed(f"SELECT {target}")
        (tree,) = _parsed(f"SELECT {text}")
        self.expressions.append(tree)
        if mode != EXPRESSION or place == "default_val" or (kind == FOREACH and place == "expr"):
            self.assigned.append((name.lower(), tree))
        if RUN_TEXT.get(kind) == place:
            self.executed.append(tree)
        if place in TESTS or kind == "PLpgSQL_case_when":
            self.tests.append(tree)


def _assignment(text: str) -> tuple[str, str]:
    """What is assigned to, with its fields and subscripts, and what it gets."""
    data = text.encode()
    sign = next((t for t in postgast.scan(text).tokens if data[t.start : t.end] in {b":=", b"="}), None)
    if sign is None:
        raise UnreadableError(f"no assignment: {text}")
    return data[: sign.start].decode(), data[sign.end :].decode()


def _fields(row: Json) -> set[str]:
    """Names of the variables that a row is made of."""
    fields = row.get("fields") if isinstance(row, dict) else None
    return {str(f["name"]).lower() for f in fields if isinstance(f, dict)} if isinstance(fields, list) else set()


def _datums(tree: Json) -> list[str]:
    """The names of all variables, in the order by which the tree refers to them."""
    function = (
        tree[0].get("PLpgSQL_function") if isinstance(tree, list) and tree and isinstance(tree[0], dict) else None
    )
    datums = function.get("datums") if isinstance(function, dict) else None
    variables = (
        [next(iter(d.values()), None) for d in datums if isinstance(d, dict)] if isinstance(datums, list) else []
    )
    return [str(value.get("refname", "")) if isinstance(value, dict) else "" for value in variables]


def _type_of(variable: Json) -> str:
    """The type of a variable as it was written; '' where the tree has none."""
    data = variable.get("datatype") if isinstance(variable, dict) else None
    kind = data.get("PLpgSQL_type") if isinstance(data, dict) else None
    return str(kind.get("typname", "")) if isinstance(kind, dict) else ""
