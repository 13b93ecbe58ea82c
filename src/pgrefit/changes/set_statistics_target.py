"""Have the server keep more, or less, statistics of a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._analyze import analyze_step
from ._locks import family
from ._preconditions import missing

DEFAULT = -1
HIGHEST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatisticsTarget(Change):
    """ALTER COLUMN … SET STATISTICS on the table and its partitions, then ANALYZE; -1 is the server's default."""

    table: Relation
    column: str
    target: int
    analyze: bool = True
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"set the statistics target of {self.table}.{self.column} to {self.target}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A column that is not there, or a target that the server does not take."""
        yield from missing(db, self.table, self.column)
        if not DEFAULT <= self.target <= HIGHEST:
            yield Obstacle(f"{self.table}.{self.column}", f"takes a target from {DEFAULT} (default) to {HIGHEST}")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The target, then the statistics; none where it is set already."""
        old = {name: target for name, target in self._targets(db).items() if target != self.target}
        if not old:
            return
        yield Step(
            title=self.title, phase=self.phase,
            do=tuple(self._set(table, self.target) for table in old),
            undo=tuple(self._set(table, target) for table, target in old.items()),
            locks=tuple(Lock(table, LockMode.SHARE_UPDATE_EXCLUSIVE) for table in old), work=Work.INSTANT,
            proof=proof.every(*(self._is_set(table) for table in old)),
        )  # fmt: skip
        if self.analyze:
            yield analyze_step(db, self.table, (self.column,), self.phase, "the target counts from the next ANALYZE on")

    def _targets(self, db: Snapshot) -> dict[Relation, int]:
        """What the column's target is now, in the table and in each of its partitions and heirs."""
        found: dict[Relation, int] = {}
        for name in family(db, self.table):
            table = db.find_table(name)
            for column in table.columns if table else ():
                if column.name == self.column:
                    found[name] = DEFAULT if column.statistics_target is None else column.statistics_target
        return found

    def _set(self, table: Relation, target: int) -> Statement:
        return ddl("ALTER TABLE ONLY {table} ALTER COLUMN {column} SET STATISTICS {target}",
                   table=table, column=self.column, target=target)  # fmt: skip

    def _is_set(self, table: Relation) -> Statement:
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attname = {column}"
            " AND NOT attisdropped AND coalesce(attstattarget, {default}) = {target})",
            oid=raw(proof.oid_of(table)), column=Literal(self.column), default=DEFAULT, target=self.target,
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL, paid boolean);
    ALTER TABLE shop.orders ALTER COLUMN buyer SET STATISTICS 50;
    INSERT INTO shop.orders (buyer) SELECT 'buyer ' || n % 7 FROM generate_series(1, 100) AS n;
    """,
    SetStatisticsTarget(table=Relation("shop", "orders"), column="buyer", target=1000),
    writes="INSERT INTO shop.orders (buyer, paid) VALUES (md5(random()::text), random() < 0.5)",
)
