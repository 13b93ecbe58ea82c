"""Unique and primary keys: from an index that is built concurrently, with or without duplicates in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from pgrefit.model.change import Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._constraints import drop_if_there, index_again
from ._guard import NOT_OURS, drop_sync, purpose, trigger_name
from ._indexes import drop_concurrently
from ._preconditions import constraint_taken, missing, rows_unmovable
from ._sync import create_function, function
from .create_index import CreateIndex, IndexColumn
from .quarantine_rows import QuarantineRows

Duplicates = OneOf["refuse", "quarantine"]
Keep = OneOf["first", "last"]
UNIQUE_VIOLATION = "23505"
SAMPLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key to be: its columns, and which of several rows that agree in them stays."""

    table: Relation
    columns: tuple[str, ...]
    name: str
    kind: OneOf["UNIQUE", "PRIMARY KEY"]
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    deferrable: bool = False
    duplicates: Duplicates = "refuse"
    order: tuple[str, ...] = ()
    keep: Keep = "first"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What the server refuses, and rows that could not be told apart or put aside."""
        gone = tuple(missing(db, self.table, *self.columns, *self.include, *self.order))
        if gone:
            yield from gone
            return
        yield from constraint_taken(db, self.table, self.name)
        yield from self._index.obstacles(db)
        if self.duplicates == "quarantine":
            yield from rows_unmovable(db, self.table)
            optional = {c.name for c in db.table(self.table).columns if not c.not_null}
            for column in self.order:
                if column in optional:
                    yield Obstacle(f"{self.table}.{column}", "may be empty, so it orders nothing: require it first")

    @property
    def _index(self) -> CreateIndex:
        return CreateIndex(
            table=self.table, keys=tuple(IndexColumn(column=name) for name in self.columns), include=self.include,
            unique=True, nulls_not_distinct=self.nulls_not_distinct, name=self.name,
        )  # fmt: skip

    @property
    def _helper(self) -> CreateIndex:
        """An index that finds the rows that agree, while there is no unique one."""
        return replace(self._index, include=(), unique=False, nulls_not_distinct=False,
                       name=fit(self.name, "_pgrefit_same"))  # fmt: skip

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Duplicates out of the way, the index, the constraint."""
        if self.duplicates == "refuse":
            yield self._refuse_duplicates()
            yield from self._build(db)
            return
        served = any(index.serves(self.columns) for index in db.table(self.table).indexes)
        helper = () if served else tuple(self._helper.steps(db))
        yield from helper
        yield self._refuse_more()
        yield self._put_aside(db)
        yield from self._build(db)
        yield self._accept_again()
        yield from map(self._drop_helper, helper)

    def _same(self, one: Expression, other: Expression) -> Expression:
        """Whether two rows (aliases) agree in the key; rows without a value agree with none, but where they do."""
        equal = "IS NOT DISTINCT FROM" if self.nulls_not_distinct else "="
        return joined(
            [expression("{a}.{c} {equal} {b}.{c}", a=raw(one), b=raw(other), c=name, equal=raw(Expression(equal)))
             for name in self.columns], " AND ",
        )  # fmt: skip

    def _refuse_duplicates(self) -> Step:
        return Step(
            title=f"make sure that no two rows of {self.table} agree in ({', '.join(self.columns)})",
            phase=Phase.MIGRATE, do=(self._complain(),), undo=Way.NOTHING_LEFT,
            locks=(Lock(self.table, LockMode.ACCESS_SHARE),), work=Work.SCAN, proof=self._no_duplicates(),
            why="stops with their number and examples of them, before an index is built in vain",
        )  # fmt: skip

    @property
    def _groups(self) -> Expression:
        given = joined([expression("t.{c} IS NOT NULL", c=name) for name in self.columns], " AND ")
        keys = joined([expression("t.{c}", c=name) for name in self.columns])
        return expression(
            "SELECT pg_catalog.concat_ws(', ', {texts}) AS pgrefit_key, pg_catalog.count(*) AS pgrefit_rows"
            " FROM {table} AS t WHERE {given} GROUP BY {keys} HAVING pg_catalog.count(*) > 1",
            table=self.table, given=raw(Expression("true") if self.nulls_not_distinct else given), keys=raw(keys),
            texts=raw(joined([expression("coalesce(t.{c}::text, 'NULL')", c=name) for name in self.columns])),
        )  # fmt: skip

    def _no_duplicates(self) -> Statement:
        return ddl("SELECT NOT EXISTS ({groups})", groups=raw(self._groups))

    def _complain(self) -> Statement:
        columns = ", ".join(self.columns)
        body = ddl(
            "DECLARE n bigint; more bigint; examples text; BEGIN SELECT pg_catalog.count(*),"
            " pg_catalog.sum(g.pgrefit_rows) - pg_catalog.count(*),"
            " pg_catalog.array_to_string((pg_catalog.array_agg('(' || g.pgrefit_key || ') '"
            " || g.pgrefit_rows || ' times' ORDER BY g.pgrefit_rows DESC))[1:{sample}], '; ')"
            " INTO n, more, examples FROM ({groups}) AS g;"
            " IF n > 0 THEN RAISE EXCEPTION USING ERRCODE = {code}, MESSAGE = n || {says} || more || ' rows too many',"
            " DETAIL = 'for example ' || examples, HINT = {hint}; END IF; END",
            groups=raw(self._groups), sample=SAMPLE, code=Literal(UNIQUE_VIOLATION),
            says=Literal(f" values of ({columns}) stand in several rows of {self.table}: "),
            hint=Literal("say which of them stays (duplicates = 'quarantine', order, keep), or mend them"),
        )  # fmt: skip
        return ddl("DO {body}", body=Literal(body))

    @property
    def _guard(self) -> str:
        return purpose("same", self.table, ", ".join(self.columns))

    def _refuse_more(self) -> Step:
        return Step(
            title=f"refuse more rows of {self.table} that agree in ({', '.join(self.columns)})", phase=Phase.MIGRATE,
            do=self._create_guard(), undo=drop_sync(self.table, self._guard),
            locks=(Lock(self.table, LockMode.SHARE_ROW_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.trigger_exists(self.table, trigger_name(self.table, self._guard)),
            why="no such row comes in while those that are there are put aside, and the index is built",
            hazard="statements that write the same key again fail from here on",
        )  # fmt: skip

    def _create_guard(self) -> tuple[Statement, ...]:
        """Whoever writes a key first holds an advisory lock on it to the end of the transaction; then one can look."""
        keys = joined([expression("NEW.{c}::text", c=name) for name in self.columns])
        body = ddl(
            "BEGIN IF TG_OP = 'UPDATE' AND {unchanged} THEN RETURN NULL; END IF;"
            " PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended("
            "pg_catalog.jsonb_build_array({table}, {keys})::text, 0));"
            " IF (SELECT pg_catalog.count(*) > 1 FROM {name} AS t WHERE {same}) THEN"
            " RAISE EXCEPTION USING ERRCODE = {code}, MESSAGE = {message}, SCHEMA = TG_TABLE_SCHEMA,"
            " TABLE = TG_TABLE_NAME, CONSTRAINT = {constraint}; END IF; RETURN NULL; END",
            unchanged=raw(_unchanged(self.columns)), table=Literal(self.table), keys=raw(keys), name=self.table,
            same=raw(self._same(Expression("t"), Expression("NEW"))), code=Literal(UNIQUE_VIOLATION),
            message=Literal(f"another row of {self.table} has the same ({', '.join(self.columns)})"),
            constraint=Literal(self.name),
        )  # fmt: skip
        own = function(self.table, self._guard)
        trigger = ddl(
            "CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OF {columns} ON {table} FOR EACH ROW WHEN ({ours})"
            " EXECUTE FUNCTION {function}()",
            trigger=trigger_name(self.table, self._guard), columns=self.columns, table=self.table, ours=raw(NOT_OURS),
            function=own,
        )  # fmt: skip
        revoke = ddl("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC", function=own)
        return (create_function(self.table, self._guard, body, definer=True), revoke, trigger)

    def _put_aside(self, db: Snapshot) -> Step:
        """All rows of a group but the one that comes first in the order, or last."""
        order = (*self.order, *(c for c in db.table(self.table).row_key if c not in self.order))
        before = raw(Expression("<" if self.keep == "first" else ">"))
        sides = [joined([expression("{r}.{c}", r=raw(Expression(row)), c=name) for name in order]) for row in "ot"]
        extra = expression(
            "EXISTS (SELECT FROM {table} AS o WHERE {same} AND ({theirs}) {before} ({mine}))", table=self.table,
            same=raw(self._same(Expression("o"), Expression("t"))), theirs=raw(sides[0]), mine=raw(sides[1]),
            before=before,
        )  # fmt: skip
        (step,) = QuarantineRows(
            table=self.table, condition=extra,
            reason=f"another row with the same ({', '.join(self.columns)}) stays, {self.keep} by {', '.join(order)}",
        ).steps(db)  # fmt: skip
        return step

    def _build(self, db: Snapshot) -> Iterator[Step]:
        (built,) = self._index.steps(db)
        assert isinstance(built.do, tuple)
        yield replace(built, hazard="" if self.duplicates == "quarantine" else built.hazard)
        add = ddl(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name} {when}", table=self.table,
            name=self.name, kind=raw(Expression(self.kind)),
            when=raw(Expression("DEFERRABLE" if self.deferrable else "")),
        )  # fmt: skip
        yield Step(
            title=f"make index {self.name} the {self.kind} constraint of {self.table}", phase=Phase.MIGRATE, do=(add,),
            undo=(drop_if_there(self.table, self.name), *index_again(self._index.index, built.do[0])),
            locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.constraint_exists(self.table, self.name), in_transaction=False,
            why="the server takes the index as it is; on the way back, where it goes with its constraint, it is built"
            " anew outside of a transaction",
        )  # fmt: skip

    def _accept_again(self) -> Step:
        return Step(
            title=f"leave it to {self.name} to refuse rows that agree", phase=Phase.MIGRATE,
            do=drop_sync(self.table, self._guard), undo=self._create_guard(),
            locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.negated(proof.trigger_exists(self.table, trigger_name(self.table, self._guard))),
        )  # fmt: skip

    def _drop_helper(self, built: Step) -> Step:
        assert isinstance(built.do, tuple)
        assert isinstance(built.undo, tuple)
        index = self._helper.index
        return Step(
            title=f"drop index {index.name}, which found the rows that agreed", phase=Phase.MIGRATE,
            do=(drop_concurrently(index),), undo=(*built.undo, *built.do),
            locks=(Lock(self.table, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.negated(proof.relation_exists(index)), in_transaction=False,
        )  # fmt: skip


def _unchanged(columns: tuple[str, ...]) -> Expression:
    return joined([expression("NEW.{c} IS NOT DISTINCT FROM OLD.{c}", c=name) for name in columns], " AND ")
