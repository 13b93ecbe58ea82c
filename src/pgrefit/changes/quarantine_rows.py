"""Put rows aside that stand in the way of a constraint; they can be restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Trusted, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._batches import quarantine_batches, restore_batches
from ._locks import of_deletes
from ._preconditions import fired_by_moving, missing, rows_unmovable


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRows(Change):
    """Move the rows that meet a condition (over alias t) to pgrefit.quarantine, whole, with the reason.

    `reason` is a phrase, or an expression over alias t marked by `raw`.
    """

    table: Relation
    condition: Expression
    reason: str | Trusted
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"put rows of {self.table} aside"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table, no key to walk it by, foreign keys that would change rows elsewhere."""
        yield from missing(db, self.table)
        yield from rows_unmovable(db, self.table)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step, in batches."""
        table = db.table(self.table)
        reason = raw(Expression(self.reason)) if isinstance(self.reason, Trusted) else Literal(self.reason)
        phrase = "" if isinstance(self.reason, Trusted) else f": {self.reason}"
        yield Step(
            title=f"put rows of {self.table} aside{phrase}", phase=self.phase,
            do=quarantine_batches(table, self.condition, expression("{reason}", reason=reason)),
            undo=restore_batches(table), locks=of_deletes(db, self.table), work=Work.BATCHES,
            proof=proof.no_row(self.table, self.condition),
            why="the rows are kept whole in pgrefit.quarantine and can be restored", hazard=fired_by_moving(table),
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.rating (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stars numeric(4,2), note json,
                              half numeric GENERATED ALWAYS AS (stars / 2) STORED);
    CREATE TABLE shop.answer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, rating_id int REFERENCES shop.rating);
    INSERT INTO shop.rating (stars, note) SELECT n % 8, '{"b": 1,  "a": 2}' FROM generate_series(1, 100) AS n;
    """,
    QuarantineRows(table=Relation("shop", "rating"), condition=Expression("t.stars > 5"), reason="more than 5 stars"),
    writes="INSERT INTO shop.rating (stars) VALUES (round((random() * 5)::numeric, 2))",
)
