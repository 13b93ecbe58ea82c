"""Keep a summary of a table (counts, sums, least and greatest values by group) true with every statement.

How, and why it holds while others write, says `_rollup`. Rows that logical replication applies fire no such triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import LiteralString

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Snapshot, Table

from . import _proof as proof
from ._guard import purpose
from ._preconditions import missing
from ._rollup import NUMBER, ROWS, STALE, Rollup, Shown, Slot
from ._sync import trigger_name
from ._types import bare, named_type
from .create_index import names_taken

SUMS = {"smallint": "bigint", "integer": "bigint", "bigint": "numeric", "numeric": "numeric"}
ORDERED = frozenset({
    *SUMS, "real", "double precision", "text", "date", "interval", "time without time zone",
    "timestamp without time zone", "timestamp with time zone",
})  # fmt: skip
EVENTS: dict[str, LiteralString] = {
    "insert": "INSERT ON {table} REFERENCING NEW TABLE AS added",
    "update": "UPDATE ON {table} REFERENCING OLD TABLE AS removed NEW TABLE AS added",
    "delete": "DELETE ON {table} REFERENCING OLD TABLE AS removed",
    "truncate": "TRUNCATE ON {table}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A column of the rollup. `column` '' with `count` counts rows; else values that are there."""

    name: str
    function: OneOf["count", "sum", "min", "max"] = "count"
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupTable(Change):
    """A view `name` of one row for each group of `source`, fast to read; behind it a table of totals."""

    name: Relation
    source: Relation
    group_by: tuple[str, ...]
    measures: tuple[Measure, ...] = (Measure(name="rows"),)
    readers: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"keep {self.name}, a rollup of {self.source} by {', '.join(self.group_by)}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A source whose changes triggers do not all see, groups and values that cannot be kept exactly, names."""
        wanted = (*self.group_by, *(m.column for m in self.measures if m.column))
        gone = tuple(missing(db, self.source, *wanted))
        if gone:
            yield from gone
            return
        table = db.table(self.source)
        heirs = any(t.partition_of == table.name or table.name in t.inherits for t in db.tables)
        if table.kind != "table" or table.partition_of or table.inherits or heirs:
            yield Obstacle(str(self.source), "is no plain table: writes to partitions and heirs pass its triggers by")
        if table.force_row_security:
            yield Obstacle(str(self.source), "forces row security on its owner: not all rows would be counted")
        yield from self._names(db)
        for name in self.group_by:
            yield from (Obstacle(f"{self.source}.{name}", says) for says in _unfit_group(db, table.column(name)))
        for measure in self.measures:
            yield from (Obstacle(str(self.name), f"{measure.name}: {says}") for says in _unfit(table, measure))

    def _names(self, db: Snapshot) -> Iterator[Obstacle]:
        names = (*self.group_by, *(m.name for m in self.measures))
        if not self.group_by or len(set(names)) < len(names):
            yield Obstacle(str(self.name), "needs groups, and a name of its own for each column")
        if any(name in {ROWS, STALE, NUMBER} or name.startswith("pgrefit_given_") for name in names):
            yield Obstacle(str(self.name), "names of columns that begin with pgrefit_ are ours")
        if self.name.schema not in {schema.name for schema in db.schemas}:
            yield Obstacle(self.name.schema, "there is no such schema")
        made = Rollup(name=self.name, source=self.source, groups=(), shown=(), slots=())
        functions = {function.name for function in db.functions}
        for name in (self.name, made.totals, made.changes, made.noting, made.folding):
            if name in names_taken(db) | functions:
                yield Obstacle(str(name), "the name is taken")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: tables, triggers. Migrate: count what is there. Switch: the view."""
        table = db.table(self.source)
        rollup = self._rollup(table)
        yield self._create(rollup, table)
        yield self._follow(rollup, table)
        yield self._fill(rollup)
        yield self._show(rollup, table)

    def _rollup(self, table: Table) -> Rollup:
        slots = [Slot(name=ROWS, type="bigint", over=Expression("pg_catalog.count(*)"), counts=True)]
        shown: list[Shown] = []
        for number, measure in enumerate(self.measures):
            slot = _slot(table, measure)
            if slot is None:
                shown.append(Shown(name=measure.name, slot=slots[0]))
                continue
            slots.append(slot)
            given = f"pgrefit_given_{number}" if measure.function == "sum" else ""
            if given:
                slots.append(_count(given, measure.column))
            shown.append(Shown(name=measure.name, slot=slot, given=given))
        return Rollup(
            name=self.name, source=self.source, groups=tuple(table.column(name) for name in self.group_by),
            shown=tuple(shown), slots=tuple(slots),
        )  # fmt: skip

    def _trigger(self, event: str) -> str:
        return trigger_name(self.source, f"{purpose('rollup', self.name, '')}_{event}")

    def _create(self, rollup: Rollup, table: Table) -> Step:
        made = (rollup.changes, rollup.totals)
        return Step(
            title=f"create the tables behind {self.name}", phase=Phase.EXPAND,
            do=(*rollup.create_tables(), *(_give("TABLE", on, table) for on in made)),
            undo=tuple(ddl("DROP TABLE IF EXISTS {t}", t=on) for on in made), locks=(), work=Work.INSTANT,
            proof=proof.every(*(proof.relation_exists(on) for on in made)),
        )  # fmt: skip

    def _follow(self, rollup: Rollup, table: Table) -> Step:
        functions = (rollup.noting, rollup.folding)
        triggers = (
            ddl("CREATE TRIGGER {name} AFTER {event} FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
                name=self._trigger(event), event=raw(expression(text, table=self.source)), function=rollup.noting)
            for event, text in EVENTS.items()
        )  # fmt: skip
        drops = (ddl("DROP TRIGGER IF EXISTS {n} ON {t}", n=self._trigger(e), t=self.source) for e in EVENTS)
        return Step(
            title=f"note what changes in {self.source} by group", phase=Phase.EXPAND,
            do=(*rollup.create_functions(),
                *(ddl("REVOKE ALL ON FUNCTION {f}() FROM PUBLIC", f=f) for f in functions),
                *(_give("FUNCTION", f, table) for f in functions), *triggers),
            undo=(*drops, *(ddl("DROP FUNCTION IF EXISTS {f}()", f=f) for f in functions)),
            locks=(Lock(self.source, LockMode.SHARE_ROW_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.every(*(proof.trigger_exists(self.source, self._trigger(event)) for event in EVENTS)),
            why="to make them the server waits for all writers: from here on no change goes by unseen",
        )  # fmt: skip

    def _fill(self, rollup: Rollup) -> Step:
        return Step(
            title=f"count {self.source} by {', '.join(self.group_by)}", phase=Phase.MIGRATE,
            do=rollup.fill(), undo=Way.NOTHING_LEFT,
            locks=(Lock(self.source, LockMode.ACCESS_SHARE), Lock(rollup.totals, LockMode.ROW_EXCLUSIVE),
                   Lock(rollup.changes, LockMode.ROW_EXCLUSIVE)),
            work=Work.SCAN, proof=rollup.is_true(),
            why="one query, hence one moment; it blocks nobody, and writers go on noting changes",
            hazard="vacuum cannot remove what dies while it runs",
        )  # fmt: skip

    def _show(self, rollup: Rollup, table: Table) -> Step:
        lasting = any(shown.slot.lasts for shown in rollup.shown)
        hazards = [
            "whoever may read it sees all rows counted: row security does not reach into it" if table.row_security
            else "",
            f"without an index that begins with {', '.join(self.group_by)}, a group that lost rows is counted anew by"
            f" reading all of {self.source}"
            if lasting and not any(index.serves(self.group_by) for index in table.indexes) else "",
        ]  # fmt: skip
        return Step(
            title=f"show {self.name}", phase=Phase.SWITCH,
            do=(ddl("CREATE VIEW {name} AS {select}", name=self.name, select=raw(rollup.current())),
                _give("VIEW", self.name, table),
                *(ddl("GRANT SELECT ON {name} TO {role}", name=self.name, role=role) for role in self.readers)),
            undo=(ddl("DROP VIEW IF EXISTS {name}", name=self.name),),
            locks=tuple(Lock(on, LockMode.ACCESS_SHARE)
                        for on in (rollup.totals, rollup.changes, *((self.source,) if lasting else ()))),
            work=Work.INSTANT, proof=proof.relation_exists(self.name), hazard="; ".join(filter(None, hazards)),
        )  # fmt: skip


def _give(kind: OneOf["TABLE", "VIEW", "FUNCTION"], on: Relation, table: Table) -> Statement:
    """It belongs to whom the source belongs to."""
    owner = table.owner or raw(Expression("CURRENT_USER"))
    return ddl("ALTER {kind} {on}{call} OWNER TO {owner}", kind=raw(Expression(kind)), on=on, owner=owner,
               call=raw(Expression("()" if kind == "FUNCTION" else "")))  # fmt: skip


def _slot(table: Table, measure: Measure) -> Slot | None:
    """What stands behind a measure; None for the number of rows."""
    if not measure.column:
        return None
    if measure.function == "count":
        return _count(measure.name, measure.column)
    column = table.column(measure.column)
    over = expression("pg_catalog.{f}(s.{c})", f=measure.function, c=measure.column)
    if measure.function == "sum":
        type_ = SUMS[bare(column.type)]
        special = bare(column.type) == "numeric"
        return Slot(name=measure.name, type=type_, over=over, column=measure.column, special=special)
    collation = f" COLLATE {column.collation}" if column.collation else ""
    return Slot(name=measure.name, type=bare(column.type) + collation, over=over, column=measure.column,
                merge=measure.function)  # fmt: skip


def _count(name: str, column: str) -> Slot:
    over = expression("pg_catalog.count(s.{c})", c=column)
    return Slot(name=name, type="bigint", over=over, column=column, counts=True)


def _unfit_group(db: Snapshot, column: Column) -> Iterator[str]:
    if not column.not_null:
        yield "may be empty: require it before grouping by it"
    if column.generated == "virtual":
        yield "is computed when it is read: triggers do not see it"
    type_ = named_type(column.type)
    enums = {t.name for t in db.types if t.kind == "enum"}
    if column.type in {"json", "xml"} or type_ is None or (type_.schema != "pg_catalog" and type_ not in enums):
        yield f"is of the type {column.type}, by which no group is kept"


def _unfit(table: Table, measure: Measure) -> Iterator[str]:
    if not measure.column:
        if measure.function != "count":
            yield f"{measure.function} of what?"
        return
    column = table.column(measure.column)
    if column.generated == "virtual":
        yield f"{measure.column} is computed when it is read: triggers do not see it"
    if measure.function == "sum" and bare(column.type) not in SUMS:
        yield f"sums of {column.type} cannot be kept exactly"
    if measure.function in {"min", "max"} and bare(column.type) not in ORDERED:
        yield f"{measure.function} of {column.type} is not kept"


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, branch text NOT NULL, day date NOT NULL, amount numeric,
        pieces int NOT NULL);
    CREATE INDEX ON shop.sale (branch, day);
    INSERT INTO shop.sale (branch, day, amount, pieces)
        SELECT 'branch ' || n % 3, date '2025-01-01' + n % 7, nullif(n, 5) / 4.0, n % 9
        FROM generate_series(1, 100) AS n;
    """,
    RollupTable(
        name=Relation("shop", "sale by day"), source=Relation("shop", "sale"), group_by=("branch", "day"),
        measures=(Measure(name="sales"), Measure(name="paid", function="count", column="amount"),
                  Measure(name="amount", function="sum", column="amount"),
                  Measure(name="pieces", function="sum", column="pieces"),
                  Measure(name="least", function="min", column="amount"),
                  Measure(name="most", function="max", column="pieces")),
    ),
    writes="INSERT INTO shop.sale (branch, day, amount, pieces) VALUES ('branch 1', '2025-01-03', random(), 5)",
)  # fmt: skip
