"""Add a trigger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._locks import on_family
from ._preconditions import missing
from ._reading import unreadable

Event = OneOf["insert", "update", "delete", "truncate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrigger(Change):
    """CREATE TRIGGER. `when` is over OLD and NEW; `columns` narrow updates; `arguments` are texts.

    The function may be one that an earlier change creates.
    """

    table: Relation
    name: str
    function: Relation
    events: tuple[Event, ...]
    timing: OneOf["before", "after"] = "before"
    columns: tuple[str, ...] = ()
    when: Expression | None = None
    arguments: tuple[str, ...] = ()
    row: bool = True
    comment: str = ""
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create trigger {self.name} on {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What is not there, a name that is taken, or what the server would refuse of a trigger."""
        yield from missing(db, self.table, *self.columns)
        yield from unreadable(str(self.table), "WHEN", self.when)
        table = db.find_table(self.table)
        if table and self.name in {trigger.name for trigger in table.triggers}:
            yield Obstacle(str(self.table), f"has a trigger {self.name} already")
        faults = {
            "has no event": not self.events,
            "names columns, but is not for updates": bool(self.columns) and "update" not in self.events,
            "is for each row, and TRUNCATE is of none": self.row and "truncate" in self.events,
        }
        yield from (Obstacle(f"trigger {self.name} of {self.table}", says) for says, holds in faults.items() if holds)
        for function in db.functions:
            if function.name == self.function and function.arguments == "" and function.returns != "trigger":
                yield Obstacle(str(self.function), f"returns {function.returns}, and not trigger")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        yield Step(
            title=self.title, phase=self.phase, do=tuple(self._create()), undo=(drop_trigger(self.table, self.name),),
            locks=on_family(db, self.table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, self.name),
            hazard=f"runs within each statement that does {' or '.join(self.events)} from here on",
        )  # fmt: skip

    def _create(self) -> Iterator[Statement]:
        yield ddl(
            "CREATE TRIGGER {name} {timing} {events} ON {table} FOR EACH {each} {when}"
            " EXECUTE FUNCTION {function}({arguments})",
            name=self.name, timing=raw(Expression(self.timing.upper())), events=raw(self._events), table=self.table,
            each=raw(Expression("ROW" if self.row else "STATEMENT")),
            when=raw(Expression("") if self.when is None else expression("WHEN ({w})", w=raw(self.when))),
            function=self.function, arguments=raw(joined([expression("{a}", a=Literal(a)) for a in self.arguments])),
        )  # fmt: skip
        if self.comment:
            yield ddl("COMMENT ON TRIGGER {name} ON {table} IS {comment}",
                      name=self.name, table=self.table, comment=Literal(self.comment))  # fmt: skip

    @property
    def _events(self) -> Expression:
        narrowed = expression("UPDATE OF {columns}", columns=self.columns) if self.columns else Expression("UPDATE")
        return joined([narrowed if e == "update" else Expression(e.upper()) for e in self.events], " OR ")


def drop_trigger(table: Relation, name: str) -> Statement:
    """DROP TRIGGER where it is there."""
    return ddl("DROP TRIGGER IF EXISTS {name} ON {table}", name=name, table=table)


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL, note text);
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    CREATE FUNCTION shop.trim_note() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN NEW.note := btrim(NEW.note); RETURN NEW; END';
    """,
    CreateTrigger(
        table=Relation("shop", "sale"), name="trim note", function=Relation("shop", "trim_note"),
        events=("insert", "update"), columns=("note",), when=Expression("NEW.note IS NOT NULL"), comment="no blanks",
    ),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)  # fmt: skip
