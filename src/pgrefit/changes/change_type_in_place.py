"""Change the type of a column where the server does so in its catalog alone, without reading or writing a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Snapshot

from . import _proof as proof
from ._in_place import alter_type, analyze, in_the_way, refuse_loss, touched
from ._preconditions import missing

FORM = re.compile(r"(?P<name>[a-z ]+?)(?:\((?P<limits>\d+(?:,\d+)?)\))?(?P<zone> with(?:out)? time zone)?")
UNLIMITED_TEXT = frozenset({"text", "character varying"})
GROWING = frozenset({"character varying", "bit varying", "time", "timestamp", "interval"})
IN_UTC = frozenset({("timestamp without time zone", "timestamp with time zone"),
                    ("timestamp with time zone", "timestamp without time zone")})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTypeInPlace(Change):
    """ALTER COLUMN TYPE to a type that holds every value as it is stored.

    A longer or unlimited varchar, text, varbit; numeric of the same scale and more digits; timestamps, times and
    intervals of more decimals; cidr to inet. `to_type` is spelt as format_type() prints it. With `in_utc` also between
    timestamp and timestamptz: it says that the times without a zone were all written in UTC.
    """

    table: Relation
    column: str
    to_type: str
    in_utc: bool = False
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"make {self.table}.{self.column} {self.to_type}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A type for which the table would be read or written, or something that the server would check or build."""
        gone = tuple(missing(db, self.table, self.column))
        if gone:
            yield from gone
            return
        column = db.table(self.table).column(self.column)
        yield from (Obstacle(f"{self.table}.{self.column}", says) for says in self._unfit(column))
        kept = () if (column.type, self.to_type) in IN_UTC else ("plain index", "foreign key")
        yield from in_the_way(db, self.table, self.column, kept)

    def _unfit(self, column: Column) -> Iterator[str]:
        if (column.type, self.to_type) in IN_UTC and not self.in_utc:
            yield "only who knows that its times were written in UTC may change it in place: say `in_utc`"
        elif (column.type, self.to_type) not in IN_UTC and not grows(column.type, self.to_type):
            yield f"from {column.type} to {self.to_type} the server writes the table anew: convert by a second column"
        if column.identity or column.generated:
            yield "is an identity" if column.identity else "is generated"

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The type, then the statistics that the server forgot with it. None where the column has the type."""
        column = db.table(self.table).column(self.column)
        if column.type == self.to_type:
            return
        utc = (ddl("SET LOCAL TimeZone = 'UTC'"),) if (column.type, self.to_type) in IN_UTC else ()
        yield Step(
            title=self.title, phase=self.phase,
            do=(*utc, *alter_type(db, self.table, self.column, self.to_type, column.collation)),
            undo=(*utc, *self._back(db, column)),
            locks=touched(db, self.table, self.column), work=Work.INSTANT,
            proof=proof.column_type_is(self.table, self.column, self.to_type),
            why="every value is stored in the new type as it was in the old one",
            hazard="" if stays(self.to_type, column.type) else (
                "the way back writes the table anew under ACCESS EXCLUSIVE, and stops where a value needs the new type"
            ),
        )  # fmt: skip
        yield analyze(db, self.table, self.column, self.phase)

    def _back(self, db: Snapshot, column: Column) -> Iterator[Statement]:
        if not stays(self.to_type, column.type):
            yield ddl("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", table=self.table)
            yield refuse_loss(self.table, self.column, column.type, self.to_type)
        using = None if stays(self.to_type, column.type) else _cast(self.column, column.type)
        yield from alter_type(db, self.table, self.column, column.type, column.collation, using=using)


def _cast(column: str, type_name: str) -> Expression:
    return expression("{c}::{type}", c=column, type=raw(Expression(type_name)))


def stays(old: str, new: str) -> bool:
    """Whether the server goes from one type to the other without looking at a value."""
    return (old, new) in IN_UTC or grows(old, new)


def grows(old: str, new: str) -> bool:
    """Whether every value of the type is stored alike in the other one, by the names that format_type() prints.

    These are the conversions without a function, and those that varchar_support, numeric_support, varbit_support,
    interval_support and their like simplify away (src/backend/utils/adt).
    """
    if (old, new) == ("cidr", "inet"):
        return True
    one, other = FORM.fullmatch(old), FORM.fullmatch(new)
    if one is None or other is None or old == new:
        return False
    if new in UNLIMITED_TEXT and one["name"] in UNLIMITED_TEXT:
        return True
    if (one["name"], one["zone"]) != (other["name"], other["zone"]):
        return False
    if one["name"] == "numeric":
        return _more_digits(one["limits"], other["limits"])
    wider = other["limits"] is None or (one["limits"] is not None and int(one["limits"]) <= int(other["limits"]))
    return one["name"] in GROWING and wider


def _more_digits(one: str | None, other: str | None) -> bool:
    """numeric(precision,scale): the scale may not change, for values are stored with it."""
    if one is None or other is None:
        return other is None
    (digits, scale), (more, same) = one.split(","), other.split(",")
    return scale == same and int(digits) <= int(more)


EXAMPLE = Example(
    """
    CREATE TABLE shop.label (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text,
                             code varchar(8) NOT NULL DEFAULT 'none');
    INSERT INTO shop.label (note, code) SELECT 'label ' || n, n::text FROM generate_series(1, 50) AS n;
    """,
    ChangeTypeInPlace(table=Relation("shop", "label"), column="code", to_type="character varying(20)"),
    writes="INSERT INTO shop.label (note) VALUES (md5(random()::text))",
)
