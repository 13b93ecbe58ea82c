"""A summary of a table that is true at every moment, and that no writer ever waits for. The statements behind it.

Writers do not touch the summary: for each statement, triggers append what it changes in each group to a table of
changes. A view adds these to the totals. Now and then a writer whose number comes up folds all changes that it sees
into the totals, unless somebody is at it: an advisory lock is tried, never waited for. So nobody waits for a busy
group, and two transactions that touch the same groups in different orders cannot lock each other out.

Why it is right: a transaction's changes and the rows that they speak of become visible together. Let the totals be
those of some snapshot F: then at any later snapshot S, totals + the changes that S sees and F did not = the query at S.
A fold is one statement, hence one snapshot F: it adds up, and deletes, just the changes that F sees. That holds for the
first fill too, which deletes the changes that its snapshot sees and counts the rows that it sees; the triggers are
there before, and to make them the server waits for all writers. What cannot be undone by subtraction (a minimum that
leaves, a NaN) marks its group as stale: whoever reads or folds a stale group counts it anew, in that same snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import LiteralString

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Column

ROWS, STALE, NUMBER = "pgrefit_rows", "pgrefit_stale", "pgrefit_number"
EVERY = 64  # a fold for so many changes, on average


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A column of the totals: its value over source rows (alias s), and how two of them become one.

    `column` is what it is about, '' for whole rows. `type` may end with a collation.
    """

    name: str
    type: str
    over: Expression
    column: str = ""
    merge: OneOf["sum", "min", "max"] = "sum"
    counts: bool = False
    special: bool = False  # may hold NaN and infinities, which no subtraction takes away

    @property
    def merged(self) -> Expression:
        """The value of several rows with this slot."""
        return expression("pg_catalog.{f}({c})::{type}", f=self.merge, c=self.name, type=raw(Expression(self.type)))

    @property
    def lasts(self) -> bool:
        """Whether a row that goes may leave it wrong."""
        return self.special or self.merge != "sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A column of the view: the slot behind it and, of a sum, the slot that counts its values."""

    name: str
    slot: Slot
    given: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """The parts of a rollup: groups are required columns of the source, `columns` what the view shows of each group."""

    name: Relation
    source: Relation
    groups: tuple[Column, ...]
    shown: tuple[Shown, ...]
    slots: tuple[Slot, ...]

    @property
    def totals(self) -> Relation:
        """The table of totals."""
        return self.name.beside(fit(self.name.name, "_totals"))

    @property
    def changes(self) -> Relation:
        """The table of changes that are not in the totals yet."""
        return self.name.beside(fit(self.name.name, "_changes"))

    @property
    def noting(self) -> Relation:
        """The trigger function."""
        return self.name.beside(fit(self.name.name, "_note"))

    @property
    def folding(self) -> Relation:
        """The function that folds."""
        return self.name.beside(fit(self.name.name, "_fold"))

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the groups' columns."""
        return tuple(column.name for column in self.groups)

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*self.keys, *(slot.name for slot in self.slots))

    @property
    def _merged(self) -> Expression:
        return joined([expression("{m} AS {c}", m=raw(slot.merged), c=slot.name) for slot in self.slots])

    @property
    def _counted(self) -> Expression:
        return joined([expression("{v} AS {c}", v=raw(slot.over), c=slot.name) for slot in self.slots])

    def create_tables(self) -> Iterator[Statement]:
        """Totals, with the groups as their key, and changes."""
        groups = [_column(c) for c in self.groups]
        slots = [expression("{c} {type}", c=slot.name, type=raw(Expression(slot.type))) for slot in self.slots]
        yield ddl("CREATE TABLE {totals} ({columns}, PRIMARY KEY ({keys}))", totals=self.totals,
                  columns=raw(joined([*groups, *slots])), keys=self.keys)  # fmt: skip
        yield ddl("CREATE TABLE {changes} ({number} bigint GENERATED ALWAYS AS IDENTITY, {stale} boolean NOT NULL,"
                  " {columns})", changes=self.changes, number=NUMBER, stale=STALE,
                  columns=raw(joined([*groups, *slots])))  # fmt: skip

    def create_functions(self) -> Iterator[Statement]:
        """What the triggers run."""
        yield _function(self.folding, "void", self._fold())
        yield _function(self.noting, "trigger", self._note())

    def lock(self, how: OneOf["pg_advisory_xact_lock", "pg_try_advisory_xact_lock"]) -> Expression:
        """Call that function for the lock that whoever writes the totals holds until the end of its transaction."""
        return expression("pg_catalog.{how}(pg_catalog.hashtextextended({name}, 0))",
                          how=how, name=Literal(f"pgrefit rollup {self.name}"))  # fmt: skip

    def fill(self) -> tuple[Statement, ...]:
        """Count all rows at one moment. Writers go on: none of them waits, they only cannot fold meanwhile."""
        return (
            ddl("SELECT {lock}", lock=raw(self.lock("pg_advisory_xact_lock"))),
            ddl("DELETE FROM {totals}", totals=self.totals),
            ddl("WITH counted AS (DELETE FROM {changes}) INSERT INTO {totals} ({columns})"
                " SELECT {keys}, {counted} FROM {source} AS s GROUP BY {keys}",
                changes=self.changes, totals=self.totals, columns=self._columns, keys=raw(_list("s", self.keys)),
                counted=raw(self._counted), source=self.source),
        )  # fmt: skip

    def current(self) -> Statement:
        """What the rollup says: the view's query."""
        values = [expression("{v} AS {c}", v=raw(self._value(shown)), c=shown.name) for shown in self.shown]
        return ddl(
            "SELECT {keys}, {values} FROM (SELECT {bare}, pg_catalog.bool_or({stale}) AS {stale}, {merged} FROM ("
            "SELECT false AS {stale}, {columns} FROM {totals} UNION ALL SELECT {stale}, {columns} FROM {changes}) AS b"
            " GROUP BY {bare}) AS c WHERE c.{rows} > 0",
            keys=raw(_list("c", self.keys)), bare=self.keys, values=raw(joined(values)), stale=STALE,
            merged=raw(self._merged), columns=self._columns, totals=self.totals, changes=self.changes, rows=ROWS,
        )  # fmt: skip

    def query(self) -> Statement:
        """What it stands for: the query over the source."""
        values = [expression("{v} AS {c}", v=raw(shown.slot.over), c=shown.name) for shown in self.shown]
        return ddl("SELECT {keys}, {values} FROM {source} AS s GROUP BY {keys}", keys=raw(_list("s", self.keys)),
                   values=raw(joined(values)), source=self.source)  # fmt: skip

    def is_true(self) -> Statement:
        """Whether both say the same, at one moment."""
        return ddl(
            "SELECT NOT EXISTS (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one}))",
            one=raw(expression("({q})", q=raw(self.current()))), other=raw(expression("({q})", q=raw(self.query()))),
        )  # fmt: skip

    def _value(self, shown: Shown) -> Expression:
        """From c, a group's totals and changes; anew from the source where they do not tell."""
        fresh = expression("WHEN c.{stale} THEN {anew}", stale=STALE, anew=raw(self._anew(shown.slot)))
        cases = [fresh] if shown.slot.lasts else []
        if shown.given:
            cases.append(expression("WHEN c.{given} = 0 THEN NULL", given=shown.given))
        value = expression("c.{v}", v=shown.slot.name)
        if not cases:
            return value
        return expression("CASE {cases} ELSE {value} END", cases=raw(joined(cases, " ")), value=raw(value))

    def _anew(self, slot: Slot) -> Expression:
        same = joined([expression("s.{c} = c.{c}", c=name) for name in self.keys], " AND ")
        return expression("(SELECT {value} FROM {source} AS s WHERE {same})",
                          value=raw(slot.over), source=self.source, same=raw(same))  # fmt: skip

    def _fold(self) -> Statement:
        values = [
            expression("CASE WHEN c.{stale} THEN {anew} ELSE c.{v} END", stale=STALE, anew=raw(self._anew(slot)),
                       v=slot.name)
            if slot.lasts else expression("c.{v}", v=slot.name)
            for slot in self.slots
        ]  # fmt: skip
        same = joined([expression("t.{c} = g.{c}", c=name) for name in self.keys], " AND ")
        return ddl(
            "BEGIN IF NOT {lock} THEN RETURN; END IF;"
            " WITH taken AS (DELETE FROM {changes} RETURNING *), g AS (SELECT {keys},"
            " pg_catalog.bool_or({stale}) AS {stale}, {merged} FROM taken GROUP BY {keys}),"
            " was AS (DELETE FROM {totals} AS t USING g WHERE {same} RETURNING t.*)"
            " INSERT INTO {totals} ({columns}) SELECT {c_keys}, {values} FROM (SELECT {keys},"
            " pg_catalog.bool_or({stale}) AS {stale}, {merged} FROM (SELECT {stale}, {columns} FROM g"
            " UNION ALL SELECT false, {columns} FROM was) AS b GROUP BY {keys}) AS c WHERE c.{rows} > 0; END",
            lock=raw(self.lock("pg_try_advisory_xact_lock")), changes=self.changes, keys=self.keys, stale=STALE,
            merged=raw(self._merged), totals=self.totals, same=raw(same), columns=self._columns,
            c_keys=raw(_list("c", self.keys)), values=raw(joined(values)), rows=ROWS,
        )  # fmt: skip

    def _note(self) -> Statement:
        came, gone = self._differing("added", "removed"), self._differing("removed", "added")
        return ddl(
            "DECLARE due boolean; BEGIN IF TG_OP = 'TRUNCATE' THEN TRUNCATE {totals}, {changes}; RETURN NULL;"
            " ELSIF TG_OP = 'INSERT' THEN {inserted}; ELSIF TG_OP = 'DELETE' THEN {deleted}; ELSE {updated}; END IF;"
            # A fold in an older snapshot would fail where another was quicker.
            " IF due AND pg_catalog.current_setting('transaction_isolation') = 'read committed'"
            " THEN PERFORM {fold}(); END IF; RETURN NULL; END",
            totals=self.totals, changes=self.changes, fold=self.folding,
            inserted=raw(self._noted(self._plus(Expression("added")))),
            deleted=raw(self._noted(self._minus(Expression("removed")))),
            updated=raw(self._noted(joined([self._plus(came), self._minus(gone)], " UNION ALL "))),
        )  # fmt: skip

    def _noted(self, changes: Expression) -> Statement:
        """One row for each group that the statement changed."""
        return ddl(
            "WITH noted AS (INSERT INTO {changes} ({stale}, {columns}) SELECT pg_catalog.bool_or({stale}), {keys},"
            " {merged} FROM ({parts}) AS d GROUP BY {keys} RETURNING {number})"
            " SELECT pg_catalog.bool_or({number} % {every} = 0) INTO due FROM noted",
            changes=self.changes, stale=STALE, columns=self._columns, keys=self.keys, merged=raw(self._merged),
            parts=raw(changes), number=NUMBER, every=EVERY,
        )  # fmt: skip

    def _plus(self, rows: Expression) -> Expression:
        return expression("SELECT false AS {stale}, {keys}, {counted} FROM {rows} AS s GROUP BY {keys}",
                          stale=STALE, keys=raw(_list("s", self.keys)), counted=raw(self._counted),
                          rows=raw(rows))  # fmt: skip

    def _minus(self, rows: Expression) -> Expression:
        less = [
            expression("-{v} AS {c}", v=raw(slot.over), c=slot.name) if slot.merge == "sum"
            else expression("NULL::{type} AS {c}", type=raw(Expression(slot.type)), c=slot.name)
            for slot in self.slots
        ]  # fmt: skip
        return expression(
            "SELECT {stale} AS {name}, {keys}, {less} FROM {rows} AS s GROUP BY {keys}", stale=raw(self._stale),
            name=STALE, keys=raw(_list("s", self.keys)), less=raw(joined(less)), rows=raw(rows),
        )  # fmt: skip

    @property
    def _stale(self) -> Expression:
        """Whether rows that go (alias s, of one group) leave its totals wrong."""
        if any(slot.merge != "sum" for slot in self.slots):
            return Expression("true")
        special = [
            expression("coalesce(pg_catalog.bool_or(s.{c} IN ('NaN', 'Infinity', '-Infinity')), false)", c=slot.column)
            for slot in self.slots if slot.special
        ]  # fmt: skip
        return joined(special, " OR ") if special else Expression("false")

    def _differing(self, one: LiteralString, other: LiteralString) -> Expression:
        """What the one transition table has and the other has not, of the columns that matter here."""
        valued = {slot.column for slot in self.slots if not slot.counts}
        counted = {slot.column for slot in self.slots if slot.column} - valued
        columns = joined([
            *(expression("{c}", c=name) for name in dict.fromkeys((*self.keys, *sorted(valued)))),
            *(expression("CASE WHEN {c} IS NOT NULL THEN true END AS {c}", c=name)
              for name in sorted(counted - set(self.keys))),
        ])  # fmt: skip
        return expression("(SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other})",
                          columns=raw(columns), one=raw(Expression(one)), other=raw(Expression(other)))  # fmt: skip


def _function(name: Relation, returns: LiteralString, body: Statement) -> Statement:
    return ddl(
        "CREATE FUNCTION {name}() RETURNS {returns} LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog"
        " AS {body}", name=name, returns=raw(Expression(returns)), body=Literal(body),
    )  # fmt: skip


def _column(column: Column) -> Expression:
    collation = f" COLLATE {column.collation}" if column.collation else ""
    return expression("{c} {type} NOT NULL", c=column.name, type=raw(Expression(column.type + collation)))


def _list(alias: str, columns: Iterable[str]) -> Expression:
    return joined([expression("{a}.{c}", a=raw(Expression(alias)), c=name) for name in columns])
