"""Drop a constraint that is not wanted any more; until the contract phase it can come back as it was.

A check or foreign key comes back NOT VALID and is validated in a transaction of its own. The index of a key is built
again concurrently. Only an exclusion constraint has no such way back: the server builds it under ACCESS EXCLUSIVE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Index, Snapshot, Table

from . import _proof as proof
from ._constraints import drop_constraint, find_constraint, index_again, missing_constraint, put_back
from ._locks import on_family, strongest
from ._marks import comment_on, mark

MARK = "is to be dropped"
KEYS = {"primary key": "PRIMARY KEY", "unique": "UNIQUE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint(Change):
    """DROP CONSTRAINT of a check, foreign key, unique or primary key, or exclusion. What depends on it is refused."""

    table: Relation
    name: str
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"drop constraint {self.name} of {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such constraint, one of another kind, or something that rests on it."""
        gone = tuple(missing_constraint(db, self.table, self.name))
        yield from gone
        constraint = find_constraint(db, self.table, self.name)
        if not gone and constraint:
            yield from (Obstacle(str(self.table), f"{self.name} {says}") for says in self._unfit(db, constraint))

    def _unfit(self, db: Snapshot, constraint: Constraint) -> Iterator[str]:
        table = db.table(self.table)
        if constraint.kind == "not null":
            yield "is a NOT NULL: let the column be empty instead (drop_not_null)"
        if constraint.kind == "trigger":
            yield "is a constraint trigger: drop the trigger instead"
        if constraint.kind != "check" and table.kind == "partitioned table":
            yield "is one of a partitioned table, which would come back under a lock that blocks writers"
        index = _index_of(table, constraint)
        for child, key in db.references_to(self.table) if index else ():
            if index and key.index == index.name:
                yield f"is what {key.name} of {child.name} refers to"
        if index and (index.clustered or index.replica_identity):
            yield "is the replica identity of the table, or what it was clustered by"
        published = any(p.all_tables or self.table in p.tables for p in db.publications)
        if constraint.kind == "primary key" and table.replica_identity == "default" and published:
            yield "tells the rows apart that a publication sends: set another replica identity first"

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A mark, where the way back has to read the rows; then it goes."""
        table = db.table(self.table)
        constraint = find_constraint(db, self.table, self.name)
        if constraint is None:
            return
        index = _index_of(table, constraint)
        if index:
            yield self._drop_key(constraint, index)
            return
        checked = constraint.kind in {"check", "foreign key"} and constraint.validated and constraint.enforced
        if checked:
            yield mark(self.table, self.name, MARK, was=constraint.comment, phase=self.phase)
        yield self._drop(db, constraint, MARK if checked else constraint.comment)

    def _drop(self, db: Snapshot, constraint: Constraint, comment: str) -> Step:
        described = (comment_on(self.table, self.name, comment),) if comment else ()
        parents = on_family(db, constraint.parent, LockMode.ACCESS_EXCLUSIVE) if constraint.parent else ()
        exclusion = constraint.kind == "exclusion"
        return Step(
            title=self.title, phase=self.phase, do=(drop_constraint(self.table, self.name),),
            undo=(put_back(self.table, constraint), *described),
            locks=strongest((*on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), *parents)), work=Work.INSTANT,
            proof=proof.negated(proof.constraint_exists(self.table, self.name)),
            hazard="the way back builds its index under ACCESS EXCLUSIVE: the server has no other way" if exclusion
            else "rows that it would have refused bar the way back",
        )  # fmt: skip

    def _drop_key(self, constraint: Constraint, index: Index) -> Step:
        described = (
            (ddl("COMMENT ON INDEX {i} IS {t}", i=index.name, t=Literal(index.comment)),) if index.comment else ()
        )
        return Step(
            title=self.title, phase=self.phase, do=(drop_constraint(self.table, self.name),),
            undo=(*index_again(index.name, index.definition), self._attach(constraint, index),
                  *((comment_on(self.table, self.name, constraint.comment),) if constraint.comment else ()),
                  *described),
            locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.negated(proof.constraint_exists(self.table, self.name)), in_transaction=False,
            why="the way back builds its index concurrently, which needs to be outside of a transaction",
            hazard=f"rows that agree in ({', '.join(constraint.columns)}) bar the way back; its index serves no query"
            " any more",
        )  # fmt: skip

    def _attach(self, constraint: Constraint, index: Index) -> Statement:
        """Where it is not attached yet: the way back may be run again from its beginning."""
        when = "DEFERRABLE" if constraint.deferrable else ""
        when += " INITIALLY DEFERRED" if constraint.deferred else ""
        add = ddl(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {index} {when}", table=self.table,
            name=self.name, kind=raw(Expression(KEYS[constraint.kind])), index=index.name.name,
            when=raw(Expression(when)),
        )  # fmt: skip
        body = ddl("BEGIN IF NOT ({there}) THEN {add}; END IF; END", add=raw(add),
                   there=raw(proof.constraint_exists(self.table, self.name)))  # fmt: skip
        return ddl("DO {body}", body=Literal(body))


def _index_of(table: Table, constraint: Constraint) -> Index | None:
    """The index of a unique or primary key; None for constraints of other kinds."""
    if constraint.kind not in KEYS:
        return None
    return next((index for index in table.indexes if index.constraint == constraint.name), None)


EXAMPLE = Example(
    """
    CREATE TABLE shop.offer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(9),
                             kind varchar(9) CONSTRAINT offer_kind CHECK (kind IN ('a', 'b')));
    COMMENT ON CONSTRAINT offer_kind ON shop.offer IS 'two kinds';
    INSERT INTO shop.offer (code, kind) SELECT n, 'a' FROM generate_series(1, 50) AS n;
    """,
    DropConstraint(table=Relation("shop", "offer"), name="offer_kind"),
    writes="INSERT INTO shop.offer (code, kind) VALUES (left(md5(random()::text), 9), 'b')",
)
