"""Give an index another name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import ddl
from pgrefit.model.names import MAX_BYTES, Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._indexes import find_index, missing_index
from ._preconditions import missing
from .create_index import names_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameIndex(Change):
    """ALTER INDEX … RENAME, which locks the index alone. A constraint that the index backs is renamed with it."""

    table: Relation
    index: str
    to: str
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"rename index {self.index} of {self.table} to {self.to}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """An index that is not there, a name that is taken or too long."""
        yield from missing(db, self.table)
        yield from missing_index(db, self.table, self.index)
        new = self.table.beside(self.to)
        if new in names_taken(db):
            yield Obstacle(str(new), "the name is taken")
        if len(self.to.encode()) > MAX_BYTES:
            yield Obstacle(str(new), f"the name is longer than {MAX_BYTES} bytes, and the server would cut it off")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        index = find_index(db, self.table, self.index)
        old, new = self.table.beside(self.index), self.table.beside(self.to)
        constraint = index.constraint if index else None
        yield Step(
            title=self.title, phase=self.phase,
            do=(ddl("ALTER INDEX {old} RENAME TO {name}", old=old, name=self.to),),
            undo=(ddl("ALTER INDEX {new} RENAME TO {name}", new=new, name=self.index),),
            locks=(), work=Work.INSTANT,
            proof=proof.every(proof.index_valid(new, self.table), proof.negated(proof.relation_exists(old))),
            hazard=f"constraint {constraint} is renamed with it: errors, and ON CONFLICT ON CONSTRAINT, name it so"
            if constraint else "",
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL);
    CREATE INDEX idx1 ON shop.orders (buyer);
    INSERT INTO shop.orders (buyer) SELECT 'buyer ' || n % 7 FROM generate_series(1, 100) AS n;
    """,
    RenameIndex(table=Relation("shop", "orders"), index="idx1", to="orders_buyer_idx"),
    writes="INSERT INTO shop.orders (buyer) VALUES (md5(random()::text))",
)
