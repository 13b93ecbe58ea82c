"""Change what a foreign key does when its parent goes or changes, and when it is checked.

The server cannot alter its actions. The key that takes the old one's place comes in the transaction in which that goes:
there is no moment without one, nor one with two, whose triggers would act in an order that nobody chose. It comes NOT
VALID and is validated afterwards; that every row refers to something is made sure of before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf
from typing import cast

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Snapshot

from . import _proof as proof
from ._column_proof import constraint_differs
from ._constraints import drop_constraint, find_constraint, missing_constraint, parsed, put_back
from ._locks import on_family, strongest
from ._marks import comment_on, mark
from ._orphans import Match, Orphans
from .add_foreign_key import AddForeignKey

Action = OneOf["", "no action", "restrict", "cascade", "set null", "set default"]
Checked = OneOf["", "at once", "deferrable", "deferred"]
MARK = "is to be replaced by one with other actions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeForeignKeyActions(Change):
    """ON DELETE, ON UPDATE and DEFERRABLE of a foreign key; '' leaves the part as it is."""

    table: Relation
    name: str
    on_delete: Action = ""
    on_update: Action = ""
    checked: Checked = ""

    @property
    def title(self) -> str:
        """What it does, for people."""
        clauses = {"on delete": self.on_delete, "on update": self.on_update, "checked": self.checked}
        asked = ", ".join(f"{clause} {what}" for clause, what in clauses.items() if what)
        return f"set {self.name} of {self.table} to {asked or 'what it is'}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such foreign key, or one that could not come back as it is."""
        gone = tuple(missing_constraint(db, self.table, self.name))
        yield from gone
        key = find_constraint(db, self.table, self.name)
        if not gone and key:
            yield from (Obstacle(str(self.table), says) for says in self._unfit(db, key))

    def _unfit(self, db: Snapshot, key: Constraint) -> Iterator[str]:
        if key.kind != "foreign key" or key.parent is None:
            yield f"{self.name} is no foreign key"
            return
        if not key.enforced or key.match == "partial":
            yield f"{self.name} is not enforced, or MATCH PARTIAL"
        if parsed(key).fk_del_set_cols:
            yield f"{self.name} names the columns that a delete empties: drop it and add it again"
        if db.table(self.table).kind == "partitioned table":
            yield "is partitioned: its foreign keys are changed on its partitions"
        required = {c.name for c in db.table(self.table).columns if c.not_null}
        if "set null" in {self.on_delete, self.on_update} and required & set(key.columns):
            yield f"{', '.join(key.columns)}: is required, so nothing can set it to null"

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Migrate: make sure that it holds. Switch: replace, validate. None where it is so already."""
        key = find_constraint(db, self.table, self.name)
        if key is None or key.parent is None or self._is_so(key):
            return
        if not self._acts_otherwise(key):
            yield self._alter(db, key)
            return
        if key.validated:
            yield self._look(key, key.parent)
        new, validated = self._new(key, key.parent).steps(db)
        yield self._replace(db, key, key.parent, new)
        if key.validated:
            changed = constraint_differs(self.table, self.name, key.definition)
            yield replace(validated, phase=Phase.SWITCH, proof=proof.every(validated.proof, changed))

    def _acts_otherwise(self, key: Constraint) -> bool:
        return (self.on_delete or key.on_delete, self.on_update or key.on_update) != (key.on_delete, key.on_update)

    def _is_so(self, key: Constraint) -> bool:
        return not self._acts_otherwise(key) and self._deferral(key) == (key.deferrable, key.deferred)

    def _deferral(self, key: Constraint) -> tuple[bool, bool]:
        """Deferrable, and deferred initially."""
        match self.checked:
            case "":
                return key.deferrable, key.deferred
            case "at once":
                return False, False
            case "deferrable" | "deferred":
                return True, self.checked == "deferred"

    def _alter(self, db: Snapshot, key: Constraint) -> Step:
        return Step(
            title=self.title, phase=Phase.SWITCH,
            do=(self._defer(*self._deferral(key)),), undo=(self._defer(key.deferrable, key.deferred),),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=constraint_differs(self.table, self.name, key.definition),
        )  # fmt: skip

    def _defer(self, deferrable: bool, deferred: bool) -> Statement:  # noqa: FBT001
        how = "NOT DEFERRABLE" if not deferrable else f"DEFERRABLE INITIALLY {'DEFERRED' if deferred else 'IMMEDIATE'}"
        return ddl("ALTER TABLE {table} ALTER CONSTRAINT {name} {how}",
                   table=self.table, name=self.name, how=raw(Expression(how)))  # fmt: skip

    def _new(self, key: Constraint, parent: Relation) -> AddForeignKey:
        deferrable, deferred = self._deferral(key)
        return AddForeignKey(
            table=self.table, columns=key.columns, parent=parent, parent_columns=key.parent_columns, name=self.name,
            on_delete=self.on_delete or key.on_delete,
            on_update=self.on_update or key.on_update, phase=Phase.SWITCH,
            match=cast("Match", key.match), deferrable=deferrable, deferred=deferred,
        )  # fmt: skip

    def _look(self, key: Constraint, parent: Relation) -> Step:
        orphans = Orphans(table=self.table, columns=key.columns, parent=parent, parent_columns=key.parent_columns,
                          match=cast("Match", key.match), care="refuse")  # fmt: skip
        marked = mark(self.table, self.name, MARK, was=key.comment, phase=Phase.MIGRATE)
        assert isinstance(marked.do, tuple)
        return replace(
            marked, title=f"make sure that {self.name} of {self.table} holds for every row, and mark it",
            do=(_refuse_orphans(self.table, self.name, orphans.condition), *marked.do), work=Work.SCAN,
            locks=strongest((*marked.locks, Lock(parent, LockMode.ACCESS_SHARE))),
            why="a row that slipped in past the old key would stop the validation of the new one, after the switch",
        )  # fmt: skip

    def _replace(self, db: Snapshot, key: Constraint, parent: Relation, new: Step) -> Step:
        assert isinstance(new.do, tuple)
        drop = drop_constraint(self.table, self.name)
        described = (comment_on(self.table, self.name, key.comment),) if key.comment else ()
        marked = MARK if key.validated else key.comment
        return Step(
            title=self.title, phase=Phase.SWITCH, do=(drop, *new.do, *described),
            undo=(drop, put_back(self.table, key), *((comment_on(self.table, self.name, marked),) if marked else ())),
            locks=strongest((*on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE),
                             *on_family(db, parent, LockMode.ACCESS_EXCLUSIVE))),
            work=Work.INSTANT, proof=constraint_differs(self.table, self.name, key.definition),
            why="one short transaction: new rows are checked without a gap", hazard=new.hazard,
        )  # fmt: skip


def _refuse_orphans(table: Relation, name: str, condition: Expression) -> Statement:
    body = ddl(
        "DECLARE n bigint; example text; BEGIN SELECT pg_catalog.count(*), pg_catalog.min((t.*)::text) INTO n, example"
        " FROM {table} AS t WHERE {condition};"
        " IF n > 0 THEN RAISE EXCEPTION USING ERRCODE = '23503', MESSAGE = {message} || n::text,"
        " DETAIL = 'for example ' || example; END IF; END",
        table=table, condition=raw(condition), message=Literal(f"rows of {table} for which {name} does not hold: "),
    )  # fmt: skip
    return ddl("DO {body}", body=Literal(body))


EXAMPLE = Example(
    """
    CREATE TABLE shop.album (id int PRIMARY KEY);
    INSERT INTO shop.album SELECT generate_series(1, 20);
    CREATE TABLE shop.track (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, album_id int,
                             CONSTRAINT track_album FOREIGN KEY (album_id) REFERENCES shop.album);
    COMMENT ON CONSTRAINT track_album ON shop.track IS 'of one album';
    INSERT INTO shop.track (album_id) SELECT 1 + n % 20 FROM generate_series(1, 50) AS n;
    """,
    ChangeForeignKeyActions(table=Relation("shop", "track"), name="track_album", on_delete="cascade"),
    writes="INSERT INTO shop.track (album_id) VALUES (1 + floor(random() * 20)::int)",
)
