"""Tell the planner that columns depend on each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import is_readable

from . import _proof as proof
from ._analyze import analyze_step
from ._preconditions import missing

Kind = OneOf["ndistinct", "dependencies", "mcv"]
MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateStatistics(Change):
    """CREATE STATISTICS over columns and expressions of a table, then ANALYZE. Without `kinds`: all of them."""

    table: Relation
    columns: tuple[str, ...] = ()
    expressions: tuple[Expression, ...] = ()
    kinds: tuple[Kind, ...] = ()
    target: int | None = None
    name: str = ""
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create statistics {self.statistics.name} of {self.table}"

    @property
    def statistics(self) -> Relation:
        """The name that they get; they live in the table's schema."""
        parts = "_".join((*self.columns, *("expr" for _ in self.expressions)))
        return self.table.beside(self.name or fit(f"{self.table.name}_{parts}", "_stat"))

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Columns that are not there, too few or too many of them, a name that is taken."""
        yield from missing(db, self.table, *self.columns)
        about = str(self.statistics)
        if self.statistics in {found.name for found in db.statistics}:
            yield Obstacle(about, "the name is taken")
        count = len(self.columns) + len(self.expressions)
        alone = count == 1 and self.expressions and not self.kinds
        if not (alone or 2 <= count <= MOST):
            yield Obstacle(about, f"takes two to {MOST} columns or expressions, or one expression without kinds")
        yield from (Obstacle(about, f"cannot read {e}") for e in self.expressions if not is_readable(e))

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The object, then the statistics themselves."""
        yield Step(
            title=self.title, phase=self.phase, do=tuple(self._create()),
            undo=(ddl("DROP STATISTICS IF EXISTS {name}", name=self.statistics),),
            locks=(Lock(self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.INSTANT, proof=self._there,
        )  # fmt: skip
        yield analyze_step(db, self.table, (), self.phase, "the new statistics are filled by ANALYZE alone")

    def _create(self) -> Iterator[Statement]:
        over = [expression("{c}", c=name) for name in self.columns]
        over += [expression("({e})", e=raw(e)) for e in self.expressions]
        kinds = expression("({kinds})", kinds=self.kinds) if self.kinds else Expression("")
        yield ddl("CREATE STATISTICS {name} {kinds} ON {over} FROM {table}",
                  name=self.statistics, kinds=raw(kinds), over=raw(joined(over)), table=self.table)  # fmt: skip
        if self.target is not None:
            yield ddl("ALTER STATISTICS {name} SET STATISTICS {target}", name=self.statistics, target=self.target)

    @property
    def _there(self) -> Statement:
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n"
            " ON n.oid = s.stxnamespace WHERE n.nspname = {schema} AND s.stxname = {name} AND s.stxrelid = {oid})",
            schema=Literal(self.statistics.schema), name=Literal(self.statistics.name),
            oid=raw(proof.oid_of(self.table)),
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.address (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, city text, zip text, street text);
    INSERT INTO shop.address (city, zip, street)
    SELECT 'city ' || n % 5, 1000 + n % 20, 'street ' || n FROM generate_series(1, 100) AS n;
    """,
    CreateStatistics(table=Relation("shop", "address"), columns=("city", "zip"), kinds=("ndistinct", "dependencies")),
    writes="INSERT INTO shop.address (street) VALUES (md5(random()::text))",
)
