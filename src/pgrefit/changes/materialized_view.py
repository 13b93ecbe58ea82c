"""Store what a query gives, to be refreshed without holding up its readers.

How to refresh it, and how often, is written into its comment, for whoever runs the schedule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from .create_index import names_taken


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterializedView(Change):
    """`key` is unique in it, so that it refreshes concurrently. `indexes` are lists of columns.

    `schedule` is a note for people and programs: 'every 5 minutes', '0 3 * * *'.
    """

    name: Relation
    select: Expression
    reads: tuple[Relation, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    readers: tuple[str, ...] = ()
    schedule: str = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create the materialized view {self.name}"

    @property
    def refresh(self) -> Statement:
        """The statement that refreshes it while it is read."""
        return ddl("REFRESH MATERIALIZED VIEW CONCURRENTLY {name}", name=self.name)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No key, names that are taken."""
        if not self.key:
            yield Obstacle(str(self.name), "without a unique key it cannot be refreshed while it is read")
        for name in (self.name, *(self.name.beside(index) for index, _ in self._indexes)):
            if name in names_taken(db):
                yield Obstacle(str(name), "the name is taken")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Switch: make it with its indexes; refresh it once, as it will be from then on."""
        del db
        yield self._create()
        yield self._refresh()

    @property
    def _indexes(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield fit(self.name.name, "_key"), self.key
        yield from ((fit(f"{self.name.name}_{'_'.join(columns)}", "_idx"), columns) for columns in self.indexes)

    def _create(self) -> Step:
        indexes = (
            ddl("CREATE {unique} INDEX {index} ON {name} ({columns})", index=index, name=self.name, columns=columns,
                unique=raw(Expression("UNIQUE" if columns == self.key else "")))
            for index, columns in self._indexes
        )  # fmt: skip
        grants = (ddl("GRANT SELECT ON {name} TO {role}", name=self.name, role=role) for role in self.readers)
        return Step(
            title=self.title, phase=Phase.SWITCH,
            do=(ddl("CREATE MATERIALIZED VIEW {name} AS {select}", name=self.name, select=raw(self.select)),
                *indexes, *grants),
            undo=(ddl("DROP MATERIALIZED VIEW IF EXISTS {name}", name=self.name),),
            locks=self._reading, work=Work.SCAN,
            proof=proof.every(*(proof.index_valid(self.name.beside(i), self.name) for i, _ in self._indexes)),
            hazard="a materialized view shows all rows to whoever may read it: row security does not reach into it",
        )  # fmt: skip

    def _refresh(self) -> Step:
        return Step(
            title=f"refresh {self.name} while it is read, and note how", phase=Phase.SWITCH,
            do=(self.refresh, self._comment(Literal(self._note))), undo=(self._comment(raw(Expression("NULL"))),),
            locks=(*self._reading, Lock(self.name, LockMode.EXCLUSIVE)), work=Work.SCAN,
            proof=ddl("SELECT coalesce(pg_catalog.obj_description({oid}, 'pg_class'), '') = {note}",
                      oid=raw(proof.oid_of(self.name)), note=Literal(self._note)),
            why="what its first refresh would stumble over shows now",
        )  # fmt: skip

    @property
    def _reading(self) -> tuple[Lock, ...]:
        return tuple(Lock(table, LockMode.ACCESS_SHARE) for table in self.reads)

    @property
    def _note(self) -> str:
        schedule = f"; schedule: {self.schedule}" if self.schedule else ""
        return f"Refresh by {self.refresh}{schedule}"

    def _comment(self, text: str) -> Statement:
        return ddl("COMMENT ON MATERIALIZED VIEW {name} IS {text}", name=self.name, text=text)


EXAMPLE = Example(
    """
    CREATE TABLE shop.visit (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page text NOT NULL, day date NOT NULL);
    INSERT INTO shop.visit (page, day)
        SELECT 'page ' || n % 5, date '2025-01-01' + n % 7 FROM generate_series(1, 100) AS n;
    """,
    MaterializedView(
        name=Relation("shop", "visits by page"), reads=(Relation("shop", "visit"),), key=("page", "day"),
        indexes=(("day",), ("visits",)), schedule="every 5 minutes",
        select=Expression("SELECT page, day, count(*) AS visits FROM shop.visit GROUP BY page, day"),
    ),
    writes="INSERT INTO shop.visit (page, day) VALUES ('page 1', '2025-01-03')",
)  # fmt: skip
