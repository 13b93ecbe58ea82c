"""Say what something is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table, View

from . import _proof as proof
from ._grants import oid_of_function
from ._relations import find_relation, relations
from ._user_types import oid_of_type

Kind = OneOf["table", "view", "materialized view", "column", "constraint", "trigger", "policy", "index", "sequence",
             "function", "type", "domain", "schema"]  # fmt: skip
MEMBERS = frozenset({"column", "constraint", "trigger", "policy"})
CATALOGS = {"constraint": ("pg_constraint", "conrelid", "conname"), "trigger": ("pg_trigger", "tgrelid", "tgname"),
            "policy": ("pg_policy", "polrelid", "polname")}  # fmt: skip
LOCKED = {"table": LockMode.SHARE_UPDATE_EXCLUSIVE, "materialized view": LockMode.SHARE_UPDATE_EXCLUSIVE,
          "column": LockMode.SHARE_UPDATE_EXCLUSIVE,
          "constraint": LockMode.ACCESS_SHARE, "trigger": LockMode.ACCESS_SHARE,
          "policy": LockMode.ACCESS_SHARE}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SetComment(Change):
    """COMMENT ON; an empty comment removes it.

    `on` names the object, or the table or view of which `member` is a column, constraint, trigger or policy; a
    function takes its `arguments` as observed; a schema is named by `schema` alone.
    """

    kind: Kind
    comment: str
    on: Relation | None = None
    member: str = ""
    arguments: str = ""
    schema: str = ""
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"comment on {self.kind} {self._about}"

    @property
    def _about(self) -> str:
        if self.kind == "function":
            return f"{self.on}({self.arguments})"
        return self.on.column(self.member) if self.on and self.member else str(self.on or self.schema)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What is not there, or is not named as it should be."""
        if (self.kind == "schema") == (self.on is not None) or (self.kind == "schema") != bool(self.schema):
            yield Obstacle(self._about, "is not named as it should be: a schema by `schema`, anything else by `on`")
        elif (self.kind in MEMBERS) != bool(self.member):
            yield Obstacle(self._about, f"is not named as it should be: a {self.kind} takes "
                           + ("a member" if self.kind in MEMBERS else "no member"))  # fmt: skip
        elif self._old(db) is None:
            yield Obstacle(self._about, f"there is no such {self.kind}")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where it says so already."""
        old = self._old(db)
        if old is None or old == self.comment:
            return
        mode = LOCKED.get(self.kind)
        stored = {r.name for r in relations(db) if isinstance(r, Table) or r.materialized}
        yield Step(
            title=self.title, phase=self.phase, do=(self._say(self.comment),), undo=(self._say(old),),
            locks=(Lock(self.on, mode),) if mode and self.on in stored else (), work=Work.INSTANT,
            proof=ddl("SELECT coalesce({now}, '') = {comment}", now=raw(self._now), comment=Literal(self.comment)),
        )  # fmt: skip

    def _old(self, db: Snapshot) -> str | None:
        """The comment that it has, '' for none; None where there is no such object."""
        return next(self._comments(db), None)

    def _comments(self, db: Snapshot) -> Iterator[str]:
        match self.kind:
            case "schema":
                yield from (schema.comment for schema in db.schemas if schema.name == self.schema)
            case "sequence":
                yield from (sequence.comment for sequence in db.sequences if sequence.name == self.on)
            case "function":
                named = (function for function in db.functions if function.name == self.on)
                yield from (function.comment for function in named if function.arguments == self.arguments)
            case "type" | "domain":
                of_kind = (t for t in db.types if (t.kind == "domain") == (self.kind == "domain"))
                yield from (found.comment for found in of_kind if found.name == self.on)
            case "index":
                indexes = (index for relation in relations(db) for index in relation.indexes)
                yield from (index.comment for index in indexes if index.name == self.on)
            case _:
                relation = find_relation(db, self.on) if self.on else None
                yield from self._of(relation) if relation else ()

    def _of(self, relation: Table | View) -> Iterator[str]:
        """The comment on the relation, or on its member."""
        if self.kind not in MEMBERS:
            kind = ("materialized view" if relation.materialized else "view") if isinstance(relation, View) else "table"
            yield from (relation.comment,) if kind == self.kind else ()
            return
        yield from (comment for name, comment in _members(relation, self.kind) if name == self.member)

    def _say(self, comment: str) -> Statement:
        words = raw(expression("{c}", c=Literal(comment)) if comment else Expression("NULL"))
        return ddl("COMMENT ON {kind} {what} IS {words}",
                   kind=raw(Expression(self.kind.upper())), what=raw(self._what), words=words)  # fmt: skip

    @property
    def _what(self) -> Expression:
        if self.on is None:
            return expression("{s}", s=self.schema)
        match self.kind:
            case "column":
                return expression("{o}.{m}", o=self.on, m=self.member)
            case "constraint" | "trigger" | "policy":
                return expression("{m} ON {o}", o=self.on, m=self.member)
            case "function":
                return expression("{o}({a})", o=self.on, a=raw(Expression(self.arguments)))
            case _:
                return expression("{o}", o=self.on)

    @property
    def _now(self) -> Expression:
        """What the catalog says of it."""
        if self.on is None:
            return expression(
                "(SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace"
                " WHERE nspname = {s})", s=Literal(self.schema))  # fmt: skip
        match self.kind:
            case "column":
                return expression(
                    "(SELECT pg_catalog.col_description(attrelid, attnum) FROM pg_catalog.pg_attribute"
                    " WHERE attrelid = {oid} AND attname = {m})",
                    oid=raw(proof.oid_of(self.on)), m=Literal(self.member))  # fmt: skip
            case "constraint" | "trigger" | "policy":
                catalog, table, name = CATALOGS[self.kind]
                return expression(
                    "(SELECT pg_catalog.obj_description(oid, {label}) FROM pg_catalog.{catalog}"
                    " WHERE {table} = {oid} AND {name} = {m})",
                    label=Literal(catalog), catalog=catalog, table=table, name=name,
                    oid=raw(proof.oid_of(self.on)), m=Literal(self.member))  # fmt: skip
            case "function":
                return _described(oid_of_function(self.on, self.arguments), "pg_proc")
            case "type" | "domain":
                return _described(oid_of_type(self.on), "pg_type")
            case _:
                return _described(proof.oid_of(self.on), "pg_class")


def _members(relation: Table | View, kind: Kind) -> Iterator[tuple[str, str]]:
    """Names and comments of what the relation has of that kind."""
    if kind == "column":
        yield from ((column.name, column.comment) for column in relation.columns)
    elif kind == "trigger":
        yield from ((trigger.name, trigger.comment) for trigger in relation.triggers)
    elif isinstance(relation, Table) and kind == "constraint":
        yield from ((constraint.name, constraint.comment) for constraint in relation.constraints)
    elif isinstance(relation, Table):
        yield from ((policy.name, policy.comment) for policy in relation.policies)


def _described(oid: Expression, catalog: str) -> Expression:
    return expression("pg_catalog.obj_description({oid}, {catalog})", oid=raw(oid), catalog=Literal(catalog))


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL);
    COMMENT ON COLUMN shop.sale.amount IS 'in cents?';
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    """,
    SetComment(kind="column", on=Relation("shop", "sale"), member="amount", comment="gross, in EUR; it's final"),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)
