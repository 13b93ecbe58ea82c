"""Add a unique constraint while the table keeps taking reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from ._keys import Duplicates, Keep, Key


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUnique(Change):
    """UNIQUE from an index that is built concurrently.

    Rows that agree stop it, with their number and examples; or (`quarantine`) all but one of them are put aside: the
    `first` or `last` by the columns of `order`, then by the row's key, stays. Meanwhile a trigger refuses more of them.
    """

    table: Relation
    columns: tuple[str, ...]
    name: str = ""
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    deferrable: bool = False
    duplicates: Duplicates = "refuse"
    order: tuple[str, ...] = ()
    keep: Keep = "first"

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"make {self.table} ({', '.join(self.columns)}) unique"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Names that are not there or taken, a partitioned table, rows that cannot be told apart or put aside."""
        return self._key.obstacles(db)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Migrate: duplicates out of the way, the index, the constraint."""
        return self._key.steps(db)

    @property
    def _key(self) -> Key:
        return Key(
            table=self.table, columns=self.columns, kind="UNIQUE", include=self.include,
            name=self.name or fit(f"{self.table.name}_{'_'.join(self.columns)}", "_key"),
            nulls_not_distinct=self.nulls_not_distinct, deferrable=self.deferrable, duplicates=self.duplicates,
            order=self.order, keep=self.keep,
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.member (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, seen int NOT NULL DEFAULT 0);
    INSERT INTO shop.member (email, seen) SELECT 'member' || n % 40, n FROM generate_series(1, 60) AS n;
    """,
    AddUnique(table=Relation("shop", "member"), columns=("email",), duplicates="quarantine", order=("seen",),
              keep="last"),
    writes="INSERT INTO shop.member (email) VALUES (md5(random()::text))",
)  # fmt: skip
