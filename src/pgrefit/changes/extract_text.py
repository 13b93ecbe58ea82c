"""Bring metadata that was written as lines of text (`Label: value`) into columns of their own.

Rows that carry such a line and an empty column are filled in batches, remembering what stood there; a trigger does the
same for rows that the old application still writes. Lines that do not parse stay where they are and are reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._batches import recall_batches, remembering_batches
from ._guard import NOT_OURS
from ._preconditions import missing, rows_unwalkable
from ._rejects import report
from ._sync import create_function, create_trigger, drop_sync, trigger_name
from ._types import WHOLE_DIGITS

PURPOSE = "extract"
LINE_START = r"(?:^|\n)[ \t]*"
LINE_END = r"[ \t]*(?:\r|\n|$)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A line's label, the column that its value belongs into, that column's type, and the unit after the number."""

    label: str
    target: str
    type: str
    unit: str = ""

    @property
    def line(self) -> str:
        """Regular expression (PostgreSQL's) of a line with this label."""
        return LINE_START + re.escape(self.label) + r"[ \t]*:"

    @property
    def pattern(self) -> str:
        """Regular expression whose first group is the value."""
        return (
            self.line
            + r"[ \t]*("
            + self._value
            + ")"
            + (rf"[ \t]*{re.escape(self.unit)}" if self.unit else "")
            + LINE_END
        )

    @property
    def _value(self) -> str:
        if self.type.startswith("numeric"):
            limits = [int(n) for n in re.findall(r"\d+", self.type)]
            precision, scale = (*limits, 0)[:2] if limits else (30, 0)
            whole = precision - scale
            return rf"[+-]?[0-9]{{1,{max(whole, 1)}}}(?:\.[0-9]+)?"
        if self.type in WHOLE_DIGITS:
            return rf"[+-]?[0-9]{{1,{WHOLE_DIGITS[self.type]}}}"
        return r"[^\r\n]*[^ \t\r\n]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractText(Change):
    """Parse lines of one text column into other columns of the same table."""

    table: Relation
    column: str
    fields: tuple[Field, ...]

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"parse {', '.join(repr(f.label) for f in self.fields)} in {self.table}.{self.column} into columns"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Batches need a key; generated columns cannot be filled."""
        gone = tuple(missing(db, self.table, self.column, *(f.target for f in self.fields)))
        if gone:
            yield from gone
            return
        yield from rows_unwalkable(db, self.table)
        table = db.table(self.table)
        for field in self.fields:
            if table.column(field.target).generated:
                yield Obstacle(f"{self.table}.{field.target}", "is a generated column")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: fill in for writers. Migrate: existing rows. Contract, when no more come: what did not parse."""
        table = db.table(self.table)
        yield self._fill_in()
        yield self._fill(table)
        yield self._report(table)
        yield self._stop_parsing()

    def _found(self, field: Field, row: str) -> Expression:
        return expression(
            "(pg_catalog.regexp_match({row}.{column}, {pattern}))[1]::{type}", row=raw(Expression(row)),
            column=self.column, pattern=Literal(field.pattern), type=raw(Expression(field.type)),
        )  # fmt: skip

    def _to_fill(self, row: str) -> Expression:
        return joined([
            expression("({row}.{target} IS NULL AND {row}.{column} ~ {pattern})", row=raw(Expression(row)),
                       target=f.target, column=self.column, pattern=Literal(f.pattern))
            for f in self.fields
        ], " OR ")  # fmt: skip

    def _create_trigger(self) -> tuple[Statement, Statement]:
        parts = [
            expression(
                "IF TG_OP = 'UPDATE' AND NEW.{target} IS NOT DISTINCT FROM OLD.{target} THEN"
                " NEW.{target} := coalesce({found}, NEW.{target}); ELSE"
                " NEW.{target} := coalesce(NEW.{target}, {found}); END IF;",
                target=f.target, found=raw(self._found(f, "NEW")),
            )
            for f in self.fields
        ]  # fmt: skip
        body = Statement("BEGIN\n" + "\n".join(parts) + "\nRETURN NEW;\nEND")
        # Not for our own sessions: what they put back must be as it was.
        lines = [expression("NEW.{c} ~ {pattern}", c=self.column, pattern=Literal(f.pattern)) for f in self.fields]
        when = expression("({lines}) AND {ours}", lines=raw(joined(lines, " OR ")), ours=raw(NOT_OURS))
        trigger = create_trigger(self.table, PURPOSE, when, columns=(self.column,))
        return (create_function(self.table, PURPOSE, body), trigger)

    def _fill_in(self) -> Step:
        return Step(
            title=f"parse {self.table}.{self.column} as it is written", phase=Phase.EXPAND,
            do=self._create_trigger(), undo=drop_sync(self.table, PURPOSE),
            locks=(Lock(self.table, LockMode.SHARE_ROW_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, trigger_name(self.table, PURPOSE)),
            why="rows that the old application writes as text are structured at once",
        )  # fmt: skip

    def _stop_parsing(self) -> Step:
        return Step(
            title=f"stop parsing {self.table}.{self.column}", phase=Phase.CONTRACT,
            do=drop_sync(self.table, PURPOSE), undo=self._create_trigger(),
            locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.negated(proof.trigger_exists(self.table, trigger_name(self.table, PURPOSE))),
            why="the new version of the application writes the columns itself",
        )  # fmt: skip

    def _fill(self, table: Table) -> Step:
        values = {
            f.target: expression("coalesce(t.{c}, {found})", c=f.target, found=raw(self._found(f, "t")))
            for f in self.fields
        }
        return Step(
            title=f"parse existing rows of {self.table}", phase=Phase.MIGRATE,
            do=remembering_batches(table, values, self._to_fill("t")),
            undo=recall_batches(table, tuple(values)),
            locks=(Lock(self.table, LockMode.ROW_EXCLUSIVE),), work=Work.BATCHES,
            proof=proof.no_row(self.table, self._to_fill("t")),
        )  # fmt: skip

    def _report(self, table: Table) -> Step:
        faults = {
            f"line '{f.label}' does not parse as {f.type}": expression(
                "t.{target} IS NULL AND t.{column} ~ {line}", target=f.target, column=self.column, line=Literal(f.line)
            )
            for f in self.fields
        }
        return report(table, f"whose lines in {self.column} do not parse", self.column, faults)


EXAMPLE = Example(
    r"""
    CREATE TABLE shop.memo (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL, url text, seconds numeric(8,2));
    INSERT INTO shop.memo (body)
        SELECT E'a memo\nFile: https://x/' || n || E'\nDuration: ' || n || '.5s' FROM generate_series(1, 50) AS n;
    INSERT INTO shop.memo (body, url, seconds) VALUES ('plain', 'u', 1), (E'Duration: twelve seconds', 'u', NULL);
    """,
    ExtractText(
        table=Relation("shop", "memo"), column="body",
        fields=(Field(label="File", target="url", type="text"),
                Field(label="Duration", target="seconds", type="numeric(8,2)", unit="s")),
    ),
    writes=r"INSERT INTO shop.memo (body) VALUES (E'File: https://new\nDuration: 3s')",
)  # fmt: skip
