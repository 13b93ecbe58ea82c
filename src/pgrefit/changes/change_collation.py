"""Change the collation of a column that nothing sorted by it rests on.

The values stay as they are stored; only what compares them changes. An index, which is stored in the order of the old
collation, would be built again under ACCESS EXCLUSIVE: it is dropped first and built again afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import expression
from pgrefit.model.names import Relation, dotted, split_dotted
from pgrefit.model.snapshot import Snapshot

from ._column_proof import column_collation_is
from ._in_place import alter_type, analyze, in_the_way, touched
from ._preconditions import missing

COLLATED = ("text", "character varying", "character", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCollation(Change):
    """ALTER COLUMN TYPE … COLLATE. None stands for the collation of the type itself."""

    table: Relation
    column: str
    collation: Relation | None = None
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"compare {self.table}.{self.column} by {self.collation or 'the default collation'}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No text, or something that depends on the column: the server would read, check or build it anew."""
        gone = tuple(missing(db, self.table, self.column))
        if gone:
            yield from gone
            return
        column = db.table(self.table).column(self.column)
        if not column.type.startswith(COLLATED):
            yield Obstacle(f"{self.table}.{self.column}", f"is {column.type}, which has no collation")
        if column.generated:
            yield Obstacle(f"{self.table}.{self.column}", "is generated")
        yield from in_the_way(db, self.table, self.column, ())

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The collation, then the statistics that the server forgot. None where the column has it."""
        column = db.table(self.table).column(self.column)
        if column.collation == _printed(self.collation) or _names(column.collation) == _names(_printed(self.collation)):
            return
        yield Step(
            title=self.title, phase=self.phase,
            do=tuple(alter_type(db, self.table, self.column, column.type, _sql(self.collation))),
            undo=tuple(alter_type(db, self.table, self.column, column.type, column.collation)),
            locks=touched(db, self.table, self.column), work=Work.INSTANT,
            proof=column_collation_is(self.table, self.column, self.collation),
            hazard="results that are sorted or compared by the column may come in another order from here on",
        )  # fmt: skip
        yield analyze(db, self.table, self.column, self.phase)


def _sql(collation: Relation | None) -> str:
    return expression("{c}", c=collation) if collation else ""


def _printed(collation: Relation | None) -> str:
    return dotted(collation.schema, collation.name) if collation else ""


def _names(printed: str) -> tuple[str, ...]:
    return split_dotted(printed) if printed else ()


EXAMPLE = Example(
    """
    CREATE TABLE shop.part (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, code text NOT NULL);
    INSERT INTO shop.part (note, code) SELECT 'part ' || n, n::text FROM generate_series(1, 50) AS n;
    """,
    ChangeCollation(table=Relation("shop", "part"), column="code", collation=Relation("pg_catalog", "C")),
    writes="INSERT INTO shop.part (note, code) VALUES (md5(random()::text), '7')",
)
