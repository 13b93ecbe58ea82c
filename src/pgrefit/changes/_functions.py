"""Functions by their definitions: what CREATE FUNCTION makes, told by its parse tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import postgast
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.locks import Lock
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Function, Snapshot
from pgrefit.model.sql_tree import CATALOG, UnreadableError, parse_sql

from . import _proof as proof
from ._reading import locks_of, unqualified

INPUT = frozenset({pb.FUNC_PARAM_DEFAULT, pb.FUNC_PARAM_IN, pb.FUNC_PARAM_INOUT, pb.FUNC_PARAM_VARIADIC})
TypeKey = tuple[tuple[str, ...], int, bool]


@dataclass(frozen=True, slots=True)
class Definition:
    """A CREATE FUNCTION or CREATE PROCEDURE statement."""

    text: Statement
    tree: pb.CreateFunctionStmt

    @property
    def name(self) -> Relation:
        """The function; its schema is '' where the definition leaves it out."""
        path = [part.string.sval for part in self.tree.funcname]
        return Relation(path[-2] if len(path) > 1 else "", path[-1])

    @property
    def kind(self) -> str:
        """FUNCTION or PROCEDURE."""
        return "PROCEDURE" if self.tree.is_procedure else "FUNCTION"

    @property
    def signature(self) -> Expression:
        """As DROP FUNCTION and regprocedure take it: schema.name(type, …)."""
        return Expression(postgast.to_drop(self.text).removeprefix(f"DROP {self.kind} "))

    @property
    def inputs(self) -> tuple[TypeKey, ...]:
        """The types by which the server tells it from others of its name."""
        return tuple(type_key(p.arg_type) for p in self._parameters if p.mode in INPUT)

    @property
    def fixed(self) -> tuple[object, ...]:
        """What OR REPLACE must leave as it is, there and back: kind, result, parameters, and which have a default."""
        parameters = tuple((p.name, p.mode, type_key(p.arg_type), p.HasField("defexpr")) for p in self._parameters)
        return self.kind, type_key(self.tree.return_type), parameters

    @property
    def meaning(self) -> str:
        """The same for definitions that differ in spelling alone."""
        tree = pb.CreateFunctionStmt()
        tree.CopyFrom(self.tree)
        tree.replace = False
        whole = pb.ParseResult(stmts=[pb.RawStmt(stmt=pb.Node(create_function_stmt=tree))])
        return postgast.deparse(whole)

    @property
    def language(self) -> str:
        """sql, plpgsql, …"""
        said = self._option("language")
        return said.arg.string.sval.lower() if said else "sql"

    @property
    def security_definer(self) -> bool:
        """Whether it runs with the rights of its owner."""
        said = self._option("security")
        return bool(said and said.arg.boolean.boolval)

    @property
    def pins_search_path(self) -> bool:
        """Whether it says where names are looked up."""
        return any(o.defname == "set" and o.arg.variable_set_stmt.name == "search_path" for o in self._options)

    @property
    def source(self) -> str | None:
        """The body as text; None for one of statements (BEGIN ATOMIC), or of a library."""
        said = self._option("as")
        return said.arg.list.items[0].string.sval if said and len(said.arg.list.items) == 1 else None

    def locks(self, db: Snapshot) -> tuple[Lock, ...]:
        """What the server locks while it checks the body: it looks into SQL alone."""
        return locks_of(db, self._body, through_views=True) if self._body is not None else ()

    def faults(self) -> Iterator[str]:
        """What can be told to be wrong without a server: of the bodies, those in SQL alone."""
        if not self.name.schema:
            yield "has no schema: write schema.name"
        try:
            body = self._body
        except UnreadableError as error:
            yield f"has a body that cannot be read: {error}"
            return
        if body is not None and not self.pins_search_path:
            yield from (f"names {name} without a schema, and pins no search_path" for name in unqualified(body))

    @property
    def _body(self) -> pb.ParseResult | pb.Node | None:
        if self.tree.HasField("sql_body"):
            return self.tree.sql_body
        return parse_sql(self.source) if self.language == "sql" and self.source is not None else None

    @property
    def _parameters(self) -> list[pb.FunctionParameter]:
        return [node.function_parameter for node in self.tree.parameters]

    @property
    def _options(self) -> list[pb.DefElem]:
        return [node.def_elem for node in self.tree.options]

    def _option(self, name: str) -> pb.DefElem | None:
        return next((option for option in self._options if option.defname == name), None)


def defined(text: str) -> Definition:
    """The definition in one CREATE FUNCTION or CREATE PROCEDURE statement; UnreadableError where it is none."""
    statements = parse_sql(text).stmts
    if len(statements) != 1 or not statements[0].stmt.HasField("create_function_stmt"):
        raise UnreadableError("it is not one CREATE FUNCTION or CREATE PROCEDURE statement")
    return Definition(Statement(text.strip().removesuffix(";")), statements[0].stmt.create_function_stmt)


def namesakes(db: Snapshot, name: Relation) -> tuple[Function, ...]:
    """Functions of that name, whatever their arguments."""
    return tuple(function for function in db.functions if function.name == name)


def replaced_by(db: Snapshot, new: Definition) -> Function | None:
    """The function that the definition would replace."""
    return next((f for f in namesakes(db, new.name) if f.definition and _inputs(f.definition) == new.inputs), None)


def _inputs(definition: str) -> tuple[TypeKey, ...] | None:
    try:
        return defined(definition).inputs
    except (UnreadableError, DecodeError):
        return None


def type_key(type_name: pb.TypeName) -> TypeKey:
    """A type whatever its spelling: int is int4, and the server's own need no schema."""
    path = tuple(part.string.sval for part in type_name.names)
    bare = path[1:] if path[:1] == (CATALOG,) else path
    return bare, len(type_name.array_bounds), type_name.setof


def oid_of_signature(signature: Expression) -> Expression:
    """The function's oid, or NULL."""
    return expression("pg_catalog.to_regprocedure({s})::pg_catalog.oid", s=Literal(signature))


def function_there(signature: Expression) -> Statement:
    """Whether there is such a function."""
    return ddl("SELECT {oid} IS NOT NULL", oid=raw(oid_of_signature(signature)))


def function_differs(signature: Expression, definition: Expression, source: str | None) -> Statement:
    """Whether the server prints another definition than the observed one, with the body `source` where given."""
    differs = expression(
        "pg_catalog.pg_get_functiondef(p.oid) IS DISTINCT FROM {definition}", definition=Literal(definition)
    )
    same = Expression("true") if source is None else expression("p.prosrc = {s}", s=Literal(source))
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.oid = {oid} AND {same} AND {differs})",
        oid=raw(oid_of_signature(signature)), same=raw(same), differs=raw(proof.as_observed(differs)),
    )  # fmt: skip
