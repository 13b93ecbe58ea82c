"""Mend a sequence: its type, the column that owns it, and a position that fell behind its column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Sequence, Snapshot, Table

from . import _proof as proof
from ._notes import FORGET, note, noted
from ._preconditions import missing

BYTES = {"smallint": 2, "integer": 4, "bigint": 8}
POSITION, LEFT_AT = "position", "left at"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSequence(Change):
    """ALTER SEQUENCE … AS `type` OWNED BY `table`.`column`; with `restart` it goes on after that column.

    What is left empty stays as it is. It never goes back: a value that was given out once may still be on its way.
    """

    sequence: Relation
    type: OneOf["", "smallint", "integer", "bigint"] = ""
    table: Relation | None = None
    column: str = ""
    restart: bool = False
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"set sequence {self.sequence}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What is not there, and what the server would refuse."""
        found = _find(db, self.sequence)
        if found is None:
            yield Obstacle(str(self.sequence), "there is no such sequence")
            return
        if (self.table is None) == bool(self.column):
            yield Obstacle(str(self.sequence), "takes a table and a column of it, or neither")
        elif self.table is not None:
            yield from missing(db, self.table, self.column)
            yield from self._not_to_be_owned(db, found)
        elif self.restart and found.owned_by is None:
            yield Obstacle(str(self.sequence), "belongs to no column after which it could go on: name one")
        if self.restart and found.increment < 0:
            yield Obstacle(str(self.sequence), "counts downwards")
        if self.type and BYTES[self.type] < BYTES[found.type]:
            yield Obstacle(str(self.sequence), f"is {found.type}, and may be beyond {self.type}")

    def _not_to_be_owned(self, db: Snapshot, found: Sequence) -> Iterator[Obstacle]:
        if self.table is None or found.owned_by == (self.table, self.column):
            return
        table = db.find_table(self.table)
        faults = {
            "counts an identity column, and belongs to that": found.identity,
            f"is not in the schema of {self.table}": self.table.schema != self.sequence.schema,
            f"has another owner than {self.table}": table is not None and table.owner != found.owner,
        }
        yield from (Obstacle(str(self.sequence), says) for says, holds in faults.items() if holds)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A step for what differs of type and owner, one for the position."""
        found = _find(db, self.sequence)
        if found is None:
            return
        do = [expression("AS {type}", type=raw(Expression(self.type)))] if self.type not in {"", found.type} else []
        undo = [_as_it_was(found)] if do else []
        if self.table is not None and found.owned_by != (self.table, self.column):
            do.append(_owned_by((self.table, self.column)))
            undo.append(_owned_by(found.owned_by))
        if do:
            yield self._alter(found, do, undo)
        if self.restart:
            owner = (self.table, self.column) if self.table else found.owned_by
            if owner:
                yield self._go_on(db, found, *owner)

    def _alter(self, found: Sequence, do: list[Expression], undo: list[Expression]) -> Step:
        type_ = self.type or found.type
        owner = (self.table, self.column) if self.table else found.owned_by
        return Step(
            title=f"set type and owner of sequence {self.sequence}", phase=self.phase,
            do=(self._statement(do),), undo=(self._statement(undo),),
            locks=(Lock(self.table, LockMode.ACCESS_SHARE),) if self.table and found.owned_by != owner else (),
            work=Work.INSTANT, proof=_is(self.sequence, type_, owner),
            hazard="whoever takes a value waits for a moment",
        )  # fmt: skip

    def _statement(self, parts: list[Expression]) -> Statement:
        return ddl("ALTER SEQUENCE {name} {parts}", name=self.sequence, parts=raw(joined(parts, " ")))

    def _go_on(self, db: Snapshot, found: Sequence, table: Relation, column: str) -> Step:
        indexed = _leads_an_index(db.find_table(table), column)
        highest = expression("(SELECT pg_catalog.max({c}) FROM {t})", c=column, t=table)
        # The server takes the lock that keeps others from taking a value even where nothing is to be altered.
        hold = self._statement([expression("INCREMENT BY {i}", i=found.increment)])
        return Step(
            title=f"have sequence {self.sequence} go on after {table}.{column}", phase=self.phase,
            do=(hold, self._note(POSITION), ddl(
                "SELECT pg_catalog.setval({name}, greatest({next}, {highest} + {i}), false) FROM {sequence} AS s",
                name=self._literal, next=raw(_next(found)), highest=raw(highest), i=found.increment,
                sequence=self.sequence), self._note(LEFT_AT)),
            undo=(hold, self._put_back(), FORGET), locks=(Lock(table, LockMode.ACCESS_SHARE),),
            work=Work.INSTANT if indexed else Work.SCAN,
            proof=ddl("SELECT {next} > coalesce({highest}, s.last_value - 1) FROM {sequence} AS s",
                      next=raw(_next(found)), highest=raw(highest), sequence=self.sequence),
            why="it would give out values that the column has already",
            hazard="whoever takes a value waits for a moment" if indexed
            else "whoever takes a value waits until the column is read: no index leads to its greatest value",
        )  # fmt: skip

    @property
    def _literal(self) -> Literal:
        return Literal(ddl("{s}", s=self.sequence))

    def _note(self, what: str) -> Statement:
        position = expression("(SELECT (s.last_value, s.is_called)::text FROM {s} AS s)", s=self.sequence)
        return note(str(self.sequence), what, position)

    def _put_back(self) -> Statement:
        """Where nobody took a value since."""
        return ddl(
            "SELECT pg_catalog.setval({name}, n.last_value, n.is_called) FROM {sequence} AS s,"
            " (SELECT pg_catalog.split_part(p, ',', 1)::bigint, pg_catalog.split_part(p, ',', 2)::boolean"
            " FROM pg_catalog.btrim({was}, '()') AS p) AS n (last_value, is_called)"
            " WHERE (s.last_value, s.is_called)::text = {left}",
            name=self._literal, sequence=self.sequence, was=raw(noted(POSITION)), left=raw(noted(LEFT_AT)),
        )  # fmt: skip


def _find(db: Snapshot, name: Relation) -> Sequence | None:
    return next((sequence for sequence in db.sequences if sequence.name == name), None)


def _next(found: Sequence) -> Expression:
    return expression("(s.last_value + CASE WHEN s.is_called THEN {i} ELSE 0 END)", i=found.increment)


def _owned_by(owner: tuple[Relation, str] | None) -> Expression:
    if owner is None:
        return Expression("OWNED BY NONE")
    table, column = owner
    return expression("OWNED BY {s}.{t}.{c}", s=table.schema, t=table.name, c=column)


def _as_it_was(found: Sequence) -> Expression:
    """A type brings its own bounds where they were those of the other type."""
    return expression(
        "AS {type} MINVALUE {minimum} MAXVALUE {maximum}", type=raw(Expression(found.type)), minimum=found.minimum,
        maximum=found.maximum,
    )  # fmt: skip


def _is(name: Relation, type_: str, owner: tuple[Relation, str] | None) -> Statement:
    owned = expression(
        "EXISTS (SELECT FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid"
        " AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
        " AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i') AND a.attrelid = {table} AND a.attname = {column})",
        table=raw(proof.oid_of(owner[0])), column=Literal(owner[1]),
    ) if owner else Expression("true")  # fmt: skip
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = {oid}"
        " AND pg_catalog.format_type(s.seqtypid, NULL) = {type} AND {owned})",
        oid=raw(proof.oid_of(name)), type=Literal(type_), owned=raw(owned),
    )  # fmt: skip


def _leads_an_index(table: Table | None, column: str) -> bool:
    indexes = table.indexes if table else ()
    return any(
        index.method == "btree" and index.valid and index.predicate is None and index.columns[0] == column
        for index in indexes
    )


EXAMPLE = Example(
    """
    CREATE SEQUENCE shop.ticket_number AS integer;
    CREATE TABLE shop.ticket (id bigint PRIMARY KEY DEFAULT nextval('shop.ticket_number'), body text);
    INSERT INTO shop.ticket SELECT n, 'imported ' || n FROM generate_series(1, 50) AS n;
    """,
    SetSequence(sequence=Relation("shop", "ticket_number"), type="bigint", table=Relation("shop", "ticket"),
                column="id", restart=True),
    writes="UPDATE shop.ticket SET body = md5(random()::text) WHERE id = 7",
)  # fmt: skip
