"""Have the server keep the moment of each row's last change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._locks import on_family
from ._preconditions import missing
from ._types import bare
from .create_trigger import drop_trigger

MOMENTS = {
    "timestamp with time zone": Expression("pg_catalog.now()"),
    "timestamp without time zone": Expression("LOCALTIMESTAMP"),
    "date": Expression("CURRENT_DATE"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchUpdatedAt(Change):
    """A BEFORE UPDATE trigger that sets the column to the time of the transaction, unless the statement set it itself.

    An update that leaves the row as it was does not touch it (except in a table with generated columns, where the
    server cannot tell before the trigger ran). The function stands beside the table.
    """

    table: Relation
    column: str = "updated_at"
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"keep {self.table}.{self.column} up to date"

    @property
    def trigger(self) -> str:
        """The name of the trigger."""
        return fit(f"touch_{self.column}")

    @property
    def function(self) -> Relation:
        """The function behind it."""
        return self.table.beside(fit(f"{self.table.name}_touch_{self.column}"))

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such column, one that holds no moment or is computed, names that are taken."""
        gone = tuple(missing(db, self.table, self.column))
        yield from gone
        if gone:
            return
        table = db.table(self.table)
        column = table.column(self.column)
        if bare(column.type) not in MOMENTS:
            yield Obstacle(f"{self.table}.{self.column}", f"is {column.type}, which holds no moment")
        if column.generated:
            yield Obstacle(f"{self.table}.{self.column}", "is generated")
        if self.trigger in {trigger.name for trigger in table.triggers}:
            yield Obstacle(str(self.table), f"has a trigger {self.trigger} already")
        if any(function.name == self.function for function in db.functions):
            yield Obstacle(str(self.function), "the name is taken")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step: the function and its trigger."""
        yield Step(
            title=self.title, phase=self.phase, do=(self._create_function(db), self._create_trigger(db)),
            undo=(drop_trigger(self.table, self.trigger),
                  ddl("DROP FUNCTION IF EXISTS {function}()", function=self.function)),
            locks=on_family(db, self.table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, self.trigger),
            hazard="batches of later steps that change rows touch the column too",
        )  # fmt: skip

    def _create_function(self, db: Snapshot) -> Statement:
        table = db.find_table(self.table)
        type_ = table.column(self.column).type if table else "timestamp with time zone"
        moment = MOMENTS.get(bare(type_), Expression("pg_catalog.now()"))
        body = ddl("BEGIN NEW.{c} := {moment}; RETURN NEW; END", c=self.column, moment=raw(moment))
        return ddl(
            "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS {body}",
            function=self.function, body=Literal(body),
        )  # fmt: skip

    def _create_trigger(self, db: Snapshot) -> Statement:
        table = db.find_table(self.table)
        computed = any(column.generated for column in table.columns) if table else False
        changed = "" if computed else " AND OLD.* OPERATOR(pg_catalog.*<>) NEW.*"  # by their images: any type has one
        when = expression("NEW.{c} IS NOT DISTINCT FROM OLD.{c}{changed}", c=self.column,
                          changed=raw(Expression(changed)))  # fmt: skip
        return ddl(
            "CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {function}()",
            name=self.trigger, table=self.table, when=raw(when), function=self.function,
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text, tags json,
                            updated_at timestamptz(3) NOT NULL DEFAULT now());
    INSERT INTO shop.note (body) SELECT 'note ' || n FROM generate_series(1, 50) AS n;
    """,
    TouchUpdatedAt(table=Relation("shop", "note")),
    writes="UPDATE shop.note SET body = md5(random()::text) WHERE id = 7",
)
