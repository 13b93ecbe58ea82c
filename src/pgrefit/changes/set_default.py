"""Set or drop the default of a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.sql_tree import columns_of, is_readable

from . import _proof as proof
from ._column_proof import default_differs
from ._defaults import same_default, set_default
from ._locks import family, on_family
from ._preconditions import missing


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDefault(Change):
    """SET DEFAULT, or DROP DEFAULT where `default` is left out. Rows that are there keep their values."""

    table: Relation
    column: str
    default: Expression | None = None
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"{'drop' if self.default is None else 'set'} the default of {self.table}.{self.column}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such column, one that the server fills itself, or what is no default."""
        gone = tuple(missing(db, self.table, self.column))
        if gone:
            yield from gone
            return
        about = f"{self.table}.{self.column}"
        column = db.table(self.table).column(self.column)
        if column.identity or column.generated:
            yield Obstacle(about, "is an identity" if column.identity else "is generated")
        if self.default is not None and not is_readable(self.default):
            yield Obstacle(about, f"this is not an expression: {self.default}")
        elif self.default is not None and columns_of(self.default):
            yield Obstacle(about, "a default cannot be made from other columns")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where the default is that already."""
        old = {member: self._default_of(db.table(member)) for member in family(db, self.table)}
        if all(same_default(default, self.default) for default in old.values()):
            return
        yield Step(
            title=self.title, phase=self.phase, do=(set_default(self.table, self.column, self.default),),
            undo=tuple(set_default(member, self.column, default, only=True) for member, default in old.items()),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(*(default_differs(member, self.column, default) for member, default in old.items()
                                if not same_default(default, self.default))),
            hazard=f"statements that leave {self.column} out write another value from here on",
        )  # fmt: skip

    def _default_of(self, table: Table) -> Expression | None:
        return table.column(self.column).default


EXAMPLE = Example(
    """
    CREATE TABLE shop.parcel (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text,
                              state text NOT NULL DEFAULT 'new');
    INSERT INTO shop.parcel (note) SELECT 'parcel ' || n FROM generate_series(1, 50) AS n;
    """,
    SetDefault(table=Relation("shop", "parcel"), column="state", default=Expression("'waiting'")),
    writes="INSERT INTO shop.parcel (note) VALUES (md5(random()::text))",
)
