"""Move a table to another schema; until older code is gone, a view has the former name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step
from pgrefit.model.ddl import ddl
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from ._former_name import under_new_name, unfit_to_rename
from ._preconditions import missing
from ._shadow_obstacles import names_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTable(Change):
    """SET SCHEMA. Its indexes and the sequences that it owns go along. The schema `to` must be there."""

    table: Relation
    to: str

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"move {self.table} to the schema {self.to}"

    def claims(self) -> tuple[Relation, ...]:
        """The table."""
        return (self.table,)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table or schema; names that are taken there."""
        yield from unfit_to_rename(db, self.table, self._there)
        if not tuple(missing(db, self.table)):
            table = db.table(self.table)
            parts = (*(index.name for index in table.indexes), *self._sequences(db, table))
            yield from names_taken(db, *(Relation(self.to, part.name) for part in parts))

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The new schema and a view under the former name; at last that goes."""
        table = db.table(self.table)
        there = ddl("ALTER TABLE {t} SET SCHEMA {to}", t=self.table, to=self.to)
        back = ddl("ALTER TABLE {t} SET SCHEMA {to}", t=self._there, to=self.table.schema)
        sequences = ", ".join(str(sequence) for sequence in self._sequences(db, table))
        for step in under_new_name(table, self._there, there, back):
            if step.phase is Phase.SWITCH and sequences:
                yield replace(step, hazard=f"{step.hazard}; nor is {sequences} found under its former name")
            else:
                yield step

    @property
    def _there(self) -> Relation:
        return Relation(self.to, self.table.name)

    def _sequences(self, db: Snapshot, table: Table) -> tuple[Relation, ...]:
        return tuple(s.name for s in db.sequences if s.owned_by and s.owned_by[0] == table.name)


EXAMPLE = Example(
    """
    CREATE SCHEMA "the store";
    CREATE TABLE shop.orders (id serial PRIMARY KEY, note text DEFAULT 'none');
    CREATE TABLE shop.refund (id int PRIMARY KEY, order_id int REFERENCES shop.orders);
    GRANT SELECT, INSERT ON shop.orders TO PUBLIC;
    INSERT INTO shop.orders (note) SELECT 'note ' || n FROM generate_series(1, 50) AS n;
    INSERT INTO shop.refund VALUES (1, 1);
    """,
    MoveTable(table=Relation("shop", "orders"), to="the store"),
    writes="INSERT INTO shop.refund SELECT max(id) + 1, 1 + floor(random() * 50)::int FROM shop.refund",
)
