"""Drop a table that nobody uses any more: first hidden under another name, from which it can come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import ddl
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._locks import on_family, strongest
from ._preconditions import missing
from ._shadow_obstacles import names_taken

OWN_PARTS = frozenset({
    "index", "constraint", "trigger", "policy", "generated column", "sequence", "statistics", "partition key",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable(Change):
    """RENAME at the switch; DROP TABLE in the contract phase, without return."""

    table: Relation

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"drop {self.table}"

    @property
    def hidden(self) -> Relation:
        """What it is called until it goes."""
        return self.table.beside(fit(self.table.name, "_pgrefit_dropped"))

    def claims(self) -> tuple[Relation, ...]:
        """The table."""
        return (self.table,)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table, or a part of another; whatever depends on it, refers to it, or publishes it."""
        unfit = tuple(missing(db, self.table))
        yield from unfit
        if unfit:
            return
        table = db.table(self.table)
        if table.partition_of or table.extension or any(self.table in heir.inherits for heir in db.tables):
            yield Obstacle(str(self.table), "is a partition, an extension's, or inherited from")
        yield from names_taken(db, self.hidden)
        yield from self._dependants(db, table)

    def _dependants(self, db: Snapshot, table: Table) -> Iterator[Obstacle]:
        for child, key in db.references_to(self.table):
            if child.name != self.table:
                yield Obstacle(str(self.table), f"{key.name} of {child.name} refers to it")
        of_columns = (use for column in table.columns for use in db.uses_of(self.table, column.name))
        for use in dict.fromkeys((*of_columns, *db.uses_of_whole(self.table))):
            other = use.relation != self.table and use.kind not in {"sequence", "index", "statistics", "constraint"}
            if use.kind not in OWN_PARTS or other:
                yield Obstacle(str(self.table), f"{use.name} depends on it")
        for publication in db.publications:
            if self.table in publication.tables and not publication.all_tables:
                yield Obstacle(str(self.table), f"the publication {publication.name} publishes it")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Hide it, then drop it."""
        table = db.table(self.table)
        yield Step(
            title=f"hide {self.table} as {self.hidden.name}", phase=Phase.SWITCH,
            do=(ddl("ALTER TABLE {t} RENAME TO {to}", t=self.table, to=self.hidden.name),),
            undo=(ddl("ALTER TABLE {t} RENAME TO {to}", t=self.hidden, to=self.table.name),),
            locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.every(proof.relation_exists(self.hidden), proof.negated(proof.relation_exists(self.table))),
            why="whatever still uses it fails now, while it can come back at once",
            hazard="statements that use it fail from here on",
        )  # fmt: skip
        family = (Lock(self.hidden if lock.on == self.table else lock.on, lock.mode)
                  for lock in on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE))  # fmt: skip
        parents = (Lock(key.parent, LockMode.ACCESS_EXCLUSIVE) for key in table.foreign_keys
                   if key.parent and key.parent != self.table)  # fmt: skip
        yield Step(
            title=f"drop {self.hidden}", phase=Phase.CONTRACT,
            do=(ddl("DROP TABLE IF EXISTS {t}", t=self.hidden),), undo=Way.NO_RETURN,
            locks=strongest((*family, *parents)), work=Work.INSTANT,
            proof=proof.negated(proof.relation_exists(self.hidden)),
            hazard="its rows go with it: take a dump of it first, should they be wanted again",
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.buyer (id int PRIMARY KEY);
    INSERT INTO shop.buyer SELECT generate_series(1, 20);
    CREATE TABLE shop.basket (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer_id int REFERENCES shop.buyer,
                              of int REFERENCES shop.basket);
    CREATE INDEX ON shop.basket (buyer_id);
    INSERT INTO shop.basket (buyer_id) SELECT 1 + n % 20 FROM generate_series(1, 50) AS n;
    """,
    DropTable(table=Relation("shop", "basket")),
    writes="INSERT INTO shop.buyer SELECT max(id) + 1 FROM shop.buyer",
)
