"""Stop storing what follows from other columns of the row: compute it in a view, and drop the stored copies.

While both versions of the application run, a trigger computes the stored values for rows that are written without them.
Stored values that disagree with their computation are kept in pgrefit.before_image before the columns go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.sql_tree import columns_after

from . import _proof as proof
from ._batches import FORGET, noted, noting_batches, texts
from ._expressions import substituted
from ._guard import refuse_unknown
from ._preconditions import dependants, missing, rows_unwalkable
from ._side_views import checked_as, privileges, torn
from ._sync import create_function, create_trigger, drop_sync, trigger_name

PURPOSE = "compute"
AGAIN = "compute_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A column and the expression (over alias t) that gives its value. It may name other computed columns."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedColumns(Change):
    """Compute columns instead of storing them. `view`: where readers find all columns, the computed ones among them.

    Columns of `columns` that the table does not have are only added to the view.
    """

    table: Relation
    columns: tuple[Computed, ...]
    view: Relation | None = None
    drop: bool = True

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"compute {', '.join(f'{self.table}.{c.name}' for c in self.columns)} instead of storing it"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What would break when the columns go."""
        gone = tuple(missing(db, self.table))
        yield from gone
        for name in () if gone else self._stored(db.table(self.table)):
            yield from dependants(db, self.table, name, {"index"})
        yield from rows_unwalkable(db, self.table)
        yield from torn(db.table(self.table)) if self.view and not gone else ()

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: fill in. Switch: the view. Contract: keep what disagrees, drop the columns."""
        table = db.table(self.table)
        stored = self._stored(table)
        if stored and self.drop:
            yield self._fill_in(stored)
        if self.view:
            yield self._create_view(table, self.view)
        if stored and self.drop:
            yield self._keep_disagreeing(table, stored)
            yield self._drop_stored(table, stored)

    def drops(self, table: Table) -> bool:
        """Whether the table loses columns."""
        return self.drop and bool(self._stored(table))

    def _stored(self, table: Table) -> dict[str, Expression]:
        there = {column.name for column in table.columns}
        return {name: value for name, value in self._values().items() if name in there}

    def _values(self) -> dict[str, Expression]:
        raws = {c.name: c.expression for c in self.columns}
        return {name: substituted(value, raws) for name, value in raws.items()}

    def _fill_in(self, stored: dict[str, Expression]) -> Step:
        absent = joined([expression("NEW.{c} IS NULL", c=name) for name in stored], " OR ")
        kept = {name: expression("coalesce(t.{c}, {e})", c=name, e=raw(e)) for name, e in stored.items()}
        return Step(
            title=f"compute stored columns of {self.table} for writers that leave them out", phase=Phase.EXPAND,
            do=(create_function(self.table, PURPOSE, _setting(kept)), create_trigger(self.table, PURPOSE, absent),
                *self._compute_again(stored)),
            undo=self._drop_triggers(), locks=(Lock(self.table, LockMode.SHARE_ROW_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, trigger_name(self.table, PURPOSE)),
            why="the new version of the application does not write them, the old one still reads them",
        )  # fmt: skip

    def _compute_again(self, stored: dict[str, Expression]) -> tuple[Statement, ...]:
        """When an update changes what they follow from and leaves them as they were."""
        inputs = tuple(dict.fromkeys(name for e in stored.values() for name in columns_after(e, "t")))
        changed = joined([expression("NEW.{c} IS DISTINCT FROM OLD.{c}", c=name) for name in inputs], " OR ")
        left = joined([expression("NEW.{c} IS NOT DISTINCT FROM OLD.{c}", c=name) for name in stored], " AND ")
        if not inputs:
            return ()
        when = expression("({changed}) AND {left}", changed=raw(changed), left=raw(left))
        return (
            create_function(self.table, AGAIN, self._setting_where_it_agreed(stored)),
            create_trigger(self.table, AGAIN, when, columns=inputs, inserts=False),
        )

    def _setting_where_it_agreed(self, stored: dict[str, Expression]) -> Statement:
        """A value that never followed from the others, such as one set by hand, is not overwritten."""
        agreed = [expression("t.{c} IS NOT DISTINCT FROM ({e})", c=name, e=raw(e)) for name, e in stored.items()]
        return ddl(
            "BEGIN IF (SELECT {agreed} FROM (SELECT (OLD).*) AS t) THEN {set} END IF; RETURN NEW; END",
            agreed=raw(joined(agreed, " AND ")),
            set=raw(_assignment(stored)),
        )

    def _drop_triggers(self) -> tuple[Statement, ...]:
        return (*drop_sync(self.table, PURPOSE), *drop_sync(self.table, AGAIN))

    def _create_view(self, table: Table, view: Relation) -> Step:
        values = self._values()
        kept = [expression("t.{c}", c=c.name) for c in table.columns if c.name not in values]
        added = [expression("{e} AS {c}", e=raw(e), c=name) for name, e in values.items()]
        return Step(
            title=f"create the view {view} with the computed columns", phase=Phase.SWITCH,
            do=(ddl("CREATE VIEW {view} WITH ({checked}) AS SELECT {columns} FROM {table} AS t", view=view,
                    checked=raw(checked_as(table)), columns=raw(joined([*kept, *added])), table=self.table),
                *privileges(view, table, {c.name: c.name for c in table.columns}, ("SELECT",))),
            undo=(ddl("DROP VIEW IF EXISTS {view}", view=view),),
            locks=(Lock(self.table, LockMode.ACCESS_SHARE),), work=Work.INSTANT, proof=proof.relation_exists(view),
        )  # fmt: skip

    def _keep_disagreeing(self, table: Table, stored: dict[str, Expression]) -> Step:
        differing = [expression("t.{c} IS DISTINCT FROM ({e})", c=name, e=raw(e)) for name, e in stored.items()]
        disagrees = joined(differing, " OR ")
        computed = expression(
            "ARRAY[{e}]", e=raw(joined([expression("({e})::text", e=raw(e)) for e in stored.values()]))
        )
        return Step(
            title=f"keep stored values of {self.table} that disagree with their computation", phase=Phase.CONTRACT,
            do=noting_batches(table, tuple(stored), texts(tuple(stored)), computed, disagrees), undo=(FORGET,),
            locks=(Lock(self.table, LockMode.ACCESS_SHARE),), work=Work.BATCHES,
            proof=proof.no_row(self.table, expression("({d}) AND NOT {n}", d=raw(disagrees), n=raw(noted(table)))),
        )  # fmt: skip

    def _drop_stored(self, table: Table, stored: dict[str, Expression]) -> Step:
        known = [index.name.name for index in table.indexes if set(stored) & {*index.columns, *index.include}]
        actions = joined([expression("DROP COLUMN IF EXISTS {c}", c=name) for name in stored])
        return Step(
            title=f"drop stored columns of {self.table} that are computed now", phase=Phase.CONTRACT,
            do=(*self._drop_triggers(), refuse_unknown(self.table, stored, known),
                ddl("ALTER TABLE {table} {actions}", table=self.table, actions=raw(actions))),
            undo=Way.NO_RETURN, locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.every(*(proof.negated(proof.column_exists(self.table, name)) for name in stored)),
        )  # fmt: skip


def _setting(values: dict[str, Expression]) -> Statement:
    """The body of a trigger that sets columns to expressions over the new row as t."""
    return ddl("BEGIN {set} RETURN NEW; END", set=raw(_assignment(values)))


def _assignment(values: dict[str, Expression]) -> Statement:
    return ddl(
        "SELECT {values} INTO {targets} FROM (SELECT (NEW).*) AS t;",
        values=raw(joined(list(values.values()))),
        targets=raw(joined([expression("NEW.{c}", c=c) for c in values])),
    )


EXAMPLE = Example(
    """
    CREATE TABLE shop.line (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price numeric NOT NULL, quantity int NOT NULL,
        total numeric NOT NULL);
    INSERT INTO shop.line (price, quantity, total) SELECT n, 2, 2 * n FROM generate_series(1, 50) AS n;
    UPDATE shop.line SET total = 7 WHERE id = 20;
    """,
    ComputedColumns(
        table=Relation("shop", "line"), view=Relation("shop", "line_with_total"),
        columns=(Computed(name="total", expression=Expression("t.price * t.quantity")),),
    ),
    writes="INSERT INTO shop.line (price, quantity, total) VALUES (3, 4, 12)",
)  # fmt: skip
