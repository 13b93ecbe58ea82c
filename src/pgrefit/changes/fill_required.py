"""Make a reference required: fill it in through a path, put the rest aside, then NOT NULL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Statement, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._batches import recall_batches, remembering_batches
from ._guard import create_filler, create_guard, drop_sync, purpose, trigger_name
from ._locks import of_updates, on_family, strongest
from ._preconditions import missing, rows_unmovable, rows_unwalkable
from .quarantine_rows import QuarantineRows
from .set_not_null import SetNotNull

NOT_NULL_VIOLATION = "23502"


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Where a missing value is found: parent.parent_column of the row whose parent_key is this table's `through`."""

    through: str
    parent: Relation
    parent_key: str
    parent_column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRequired(Change):
    """Require a column whose values are partly missing.

    A trigger fills it in for writers that leave it empty, until the contract phase. Rows that stay without a value are
    put aside, or (`refuse`) make the validation stop.
    """

    table: Relation
    column: str
    source: Path | None = None
    rest: OneOf["quarantine", "refuse"] = "quarantine"

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"fill in and require {self.table}.{self.column}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Names that are not there, no key to walk the rows by, foreign keys through which rows elsewhere would go."""
        path = self.source
        yield from missing(db, self.table, self.column, *((path.through,) if path else ()))
        if path:
            yield from missing(db, path.parent, path.parent_key, path.parent_column)
            yield from self._not_yet_computed(db, path)
        yield from (rows_unmovable if self.rest == "quarantine" else rows_unwalkable)(db, self.table)

    def _not_yet_computed(self, db: Snapshot, path: Path) -> Iterator[Obstacle]:
        table = db.find_table(self.table)
        if table and any(column.name == path.through and column.generated for column in table.columns):
            yield Obstacle(f"{self.table}.{path.through}", "is generated, so a trigger cannot read it before the write")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: fill what is written. Migrate: fill what is there, put the rest aside, NOT NULL."""
        table = db.table(self.table)
        if table.column(self.column).not_null:
            return
        if self.source:
            yield self._fill_new(db, self.source)
            yield self._fill_old(db, table, self.source)
        if self.rest == "quarantine":
            yield self._refuse_more(db)
            yield from QuarantineRows(
                table=self.table, condition=expression("t.{c} IS NULL", c=self.column),
                reason=f"{self.column} is required and has no value",
            ).steps(db)  # fmt: skip
        yield from SetNotNull(table=self.table, column=self.column).steps(db)
        if self._triggers:
            yield self._drop_triggers(db)

    @property
    def _filler(self) -> str:
        return purpose("fill", self.table, self.column)

    @property
    def _guard(self) -> str:
        return purpose("guard", self.table, self.column)

    @property
    def _triggers(self) -> tuple[str, ...]:
        return (*((self._filler,) if self.source else ()), *((self._guard,) if self.rest == "quarantine" else ()))

    def _create_filler(self, path: Path) -> tuple[Statement, ...]:
        body = ddl(
            "BEGIN SELECT p.{value} INTO NEW.{column} FROM {parent} AS p WHERE p.{key} = NEW.{through};"
            " RETURN NEW; END",
            value=path.parent_column, column=self.column, parent=path.parent, key=path.parent_key, through=path.through,
        )  # fmt: skip
        empty = expression("NEW.{c} IS NULL AND NEW.{through} IS NOT NULL", c=self.column, through=path.through)
        return create_filler(self.table, self._filler, body, empty, (self.column, path.through))

    def _create_guard(self) -> tuple[Statement, ...]:
        empty = expression("NEW.{c} IS NULL", c=self.column)
        return create_guard(self.table, self._guard, self.column, empty, NOT_NULL_VIOLATION)

    def _fill_new(self, db: Snapshot, path: Path) -> Step:
        return Step(
            title=f"fill {self.table}.{self.column} in for writers that leave it empty", phase=Phase.EXPAND,
            do=self._create_filler(path), undo=drop_sync(self.table, self._filler),
            locks=on_family(db, self.table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, trigger_name(self.table, self._filler)),
            why="the old version of the application goes on writing rows without it",
        )  # fmt: skip

    def _fill_old(self, db: Snapshot, table: Table, path: Path) -> Step:
        found = expression(
            "(SELECT p.{value} FROM {parent} AS p WHERE p.{key} = t.{through})",
            value=path.parent_column, parent=path.parent, key=path.parent_key, through=path.through,
        )  # fmt: skip
        empty = expression("t.{c} IS NULL AND t.{through} IS NOT NULL", c=self.column, through=path.through)
        fillable = expression("{empty} AND {found} IS NOT NULL", empty=raw(empty), found=raw(found))
        return Step(
            title=f"fill {self.table}.{self.column} in through {path.through}", phase=Phase.MIGRATE,
            do=remembering_batches(table, {self.column: found}, empty), undo=recall_batches(table, (self.column,)),
            locks=strongest((*of_updates(db, self.table, (self.column,)), Lock(path.parent, LockMode.ACCESS_SHARE))),
            work=Work.BATCHES, proof=proof.no_row(self.table, fillable),
        )  # fmt: skip

    def _refuse_more(self, db: Snapshot) -> Step:
        return Step(
            title=f"refuse to leave {self.table}.{self.column} empty", phase=Phase.MIGRATE,
            do=self._create_guard(), undo=drop_sync(self.table, self._guard),
            locks=on_family(db, self.table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, trigger_name(self.table, self._guard)),
            why="no such row comes in while those that are there are put aside",
            hazard=f"statements that leave {self.column} empty, and cannot be helped, fail from here on",
        )  # fmt: skip

    def _drop_triggers(self, db: Snapshot) -> Step:
        names = (trigger_name(self.table, purpose) for purpose in self._triggers)
        gone = (proof.negated(proof.trigger_exists(self.table, name)) for name in names)
        fill = self._create_filler(self.source) if self.source else ()
        guard = self._create_guard() if self.rest == "quarantine" else ()
        return Step(
            title=f"stop filling {self.table}.{self.column} in", phase=Phase.CONTRACT,
            do=tuple(statement for name in self._triggers for statement in drop_sync(self.table, name)),
            undo=(*fill, *guard),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT, proof=proof.every(*gone),
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.channel (id int PRIMARY KEY);
    INSERT INTO shop.channel SELECT generate_series(1, 5);
    CREATE TABLE shop.video (id int PRIMARY KEY, channel_id int NOT NULL REFERENCES shop.channel);
    INSERT INTO shop.video SELECT n, 1 + n % 5 FROM generate_series(1, 20) AS n;
    CREATE TABLE shop.comment (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text,
                               video_id int REFERENCES shop.video, channel_id int REFERENCES shop.channel);
    INSERT INTO shop.comment (note, video_id, channel_id)
    SELECT 'comment ' || n, CASE WHEN n % 7 > 0 THEN 1 + n % 20 END, CASE WHEN n % 3 = 0 THEN 1 END
    FROM generate_series(1, 100) AS n;
    """,
    FillRequired(
        table=Relation("shop", "comment"), column="channel_id",
        source=Path(through="video_id", parent=Relation("shop", "video"), parent_key="id", parent_column="channel_id"),
    ),
    writes="INSERT INTO shop.comment (note, video_id) VALUES (md5(random()::text), 1 + floor(random() * 20)::int)",
)  # fmt: skip
