"""Add a primary key while the table keeps taking reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from ._keys import Duplicates, Keep, Key
from .set_not_null import SetNotNull


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPrimaryKey(Change):
    """PRIMARY KEY from an index that is built concurrently; columns that may be empty are required first.

    Rows that agree stop it, with their number and examples; or (`quarantine`) all but one of them are put aside, which
    needs another key by which rows are told apart: see AddUnique.
    """

    table: Relation
    columns: tuple[str, ...]
    name: str = ""
    include: tuple[str, ...] = ()
    duplicates: Duplicates = "refuse"
    order: tuple[str, ...] = ()
    keep: Keep = "first"

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"make ({', '.join(self.columns)}) the primary key of {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """There is one already; else as for a unique constraint."""
        yield from self._key.obstacles(db)
        table = db.find_table(self.table)
        if table and table.primary_key:
            yield Obstacle(str(self.table), f"has a primary key already: ({', '.join(table.primary_key)})")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Migrate: NOT NULL, duplicates out of the way, the index, the constraint."""
        for column in self.columns:
            yield from SetNotNull(table=self.table, column=column).steps(db)
        yield from self._key.steps(db)

    @property
    def _key(self) -> Key:
        return Key(
            table=self.table, columns=self.columns, kind="PRIMARY KEY", include=self.include,
            name=self.name or fit(self.table.name, "_pkey"), duplicates=self.duplicates, order=self.order,
            keep=self.keep,
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.visit (nr int GENERATED ALWAYS AS IDENTITY, page text, at timestamptz NOT NULL DEFAULT now(),
                             CONSTRAINT visit_nr UNIQUE (nr));
    INSERT INTO shop.visit (page) SELECT 'page ' || n % 40 FROM generate_series(1, 60) AS n;
    """,
    AddPrimaryKey(table=Relation("shop", "visit"), columns=("page",), duplicates="quarantine", order=("at",)),
)
