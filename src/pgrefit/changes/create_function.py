"""Create a function or procedure, or give one another body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import postgast
from postgast import pg_query_pb2

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Statement, ddl, raw
from pgrefit.model.snapshot import Function, Snapshot
from pgrefit.model.sql_tree import UnreadableError

from ._functions import (
    Definition,
    defined,
    function_differs,
    function_there,
    namesakes,
    replaced_by,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFunction(Change):
    """CREATE OR REPLACE; `definition` is a whole CREATE FUNCTION or CREATE PROCEDURE statement.

    The way back puts the old definition in its place again, or drops what was not there.
    """

    definition: Expression
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        try:
            return f"create {self._new.kind.lower()} {self._new.name}"
        except UnreadableError:
            return "create a function"

    @property
    def _new(self) -> Definition:
        return defined(self.definition)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A definition that is none, or one that OR REPLACE cannot put in the place of what is there."""
        try:
            new = self._new
        except UnreadableError as error:
            yield Obstacle("the definition of a function", f"is not readable: {error}")
            return
        yield from (Obstacle(str(new.name), fault) for fault in new.faults())
        if new.name.schema and new.name.schema not in {schema.name for schema in db.schemas}:
            yield Obstacle(str(new.name), f"there is no schema {new.name.schema}")
        old = replaced_by(db, new)
        if old is None:
            yield from self._other_signature(namesakes(db, new.name), new)
        elif old.definition and defined(old.definition).fixed != new.fixed:
            yield Obstacle(f"{old.name}({old.arguments})", "cannot be replaced by one of another result, other names or"
                           " defaults of parameters: make a new function, move its callers, drop this one")  # fmt: skip

    def _other_signature(self, others: tuple[Function, ...], new: Definition) -> Iterator[Obstacle]:
        for other in others:
            yield Obstacle(f"{other.name}({other.arguments})", f"would stay beside {new.signature}, and calls become"
                           " ambiguous: give the new one another name, or drop this one first")  # fmt: skip

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where it is defined so already."""
        new, old = self._new, replaced_by(db, self._new)
        before = defined(old.definition) if old and old.definition else None
        if before and before.meaning == new.meaning:
            return
        drop = ddl("DROP {kind} IF EXISTS {s}", kind=raw(Expression(new.kind)), s=raw(new.signature))
        yield Step(
            title=self.title if old is None else self.title.replace("create", "replace", 1), phase=self.phase,
            do=(_or_replace(new.text),), undo=(before.text,) if before else (drop,), locks=new.locks(db),
            work=Work.INSTANT, hazard=_hazard(new),
            proof=function_differs(new.signature, Expression(before.text), new.source) if before
            else function_there(new.signature),
        )  # fmt: skip


def _or_replace(definition: Statement) -> Statement:
    """The same text with OR REPLACE after its first word."""
    if defined(definition).tree.replace:
        return definition
    text = definition.encode()
    create = next(token for token in postgast.scan(definition).tokens if token.token == pg_query_pb2.Token.CREATE)
    return Statement((text[: create.end] + b" OR REPLACE" + text[create.end :]).decode())


def _hazard(new: Definition) -> str:
    if new.security_definer and not new.pins_search_path:
        return "runs with its owner's rights and looks names up where its caller says: pin its search_path"
    return ""


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL);
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    CREATE FUNCTION shop.turnover(floor_price numeric DEFAULT 0) RETURNS numeric LANGUAGE sql STABLE
        AS 'SELECT sum(amount) FROM shop.sale';
    COMMENT ON FUNCTION shop.turnover(numeric) IS 'for the board';
    REVOKE ALL ON FUNCTION shop.turnover(numeric) FROM PUBLIC;
    """,
    CreateFunction(
        definition=Expression(
            "CREATE FUNCTION shop.turnover(floor_price numeric DEFAULT 0) RETURNS numeric\n"
            "LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog\n"
            "AS $$ SELECT sum(s.amount) FROM shop.sale AS s WHERE s.amount >= floor_price $$"
        )
    ),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)
