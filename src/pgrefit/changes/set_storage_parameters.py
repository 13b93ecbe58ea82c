"""Set storage parameters of a table or of one of its indexes: fillfactor, autovacuum and the like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._indexes import find_index, missing_index
from ._preconditions import missing

TOAST = "toast."
OF_PAGES = frozenset({"fillfactor", "toast_tuple_target", "deduplicate_items", "pages_per_range", "buffering"})
EXCLUSIVE = frozenset({"user_catalog_table"})  # every other one of tables takes SHARE UPDATE EXCLUSIVE
READERS_WAIT = frozenset({"fastupdate", "buffering", "pages_per_range", "autosummarize", "gin_pending_list_limit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStorageParameters(Change):
    """SET, and RESET, storage parameters of a table, or of its index `index`; those of its TOAST table as toast.x."""

    table: Relation
    index: str = ""
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    reset: tuple[str, ...] = ()
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"set {', '.join((*self.parameters, *self.reset))} of {self._about}"

    @property
    def _about(self) -> str:
        return f"index {self.index} of {self.table}" if self.index else str(self.table)

    @property
    def _relation(self) -> Relation:
        return self.table.beside(self.index) if self.index else self.table

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What has no storage parameters, and what is both set and reset."""
        yield from missing(db, self.table)
        if self.index:
            yield from missing_index(db, self.table, self.index)
        table = db.find_table(self.table)
        if table and table.kind != "table" and not self.index:
            yield Obstacle(str(self.table), f"is a {table.kind}, which has no storage parameters")
        for name in self.parameters.keys() & set(self.reset):
            yield Obstacle(self._about, f"{name} is to be set and to be reset")
        for name in (*self.parameters, *self.reset):
            if "." in name and (self.index or not name.startswith(TOAST)):
                yield Obstacle(self._about, f"has no parameter {name}")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where everything is so already."""
        old = self._old(db)
        new = {name: value for name, value in self.parameters.items() if old.get(name) != value}
        gone = tuple(name for name in self.reset if name in old)
        if not new and not gone:
            return
        do = [self._set(new)] if new else []
        do += [self._reset(gone)] if gone else []
        # The server lists parameters in the order in which they were set.
        undo = [self._reset(tuple(dict.fromkeys((*old, *new))))]
        undo += [self._set(old)] if old else []
        yield Step(
            title=self.title, phase=self.phase, do=tuple(do), undo=tuple(undo), locks=self._locks({*old, *new}),
            work=Work.INSTANT, proof=self._proof(new, gone), hazard=self._hazard({*new, *gone}),
        )  # fmt: skip

    def _old(self, db: Snapshot) -> dict[str, str]:
        table, index = db.find_table(self.table), find_index(db, self.table, self.index)
        options = (index.options if index else ()) if self.index else (table.options if table else ())
        return {name: value for name, _, value in (option.partition("=") for option in options)}

    def _locks(self, names: set[str]) -> tuple[Lock, ...]:
        if self.index:
            return ()
        mode = LockMode.ACCESS_EXCLUSIVE if names & EXCLUSIVE else LockMode.SHARE_UPDATE_EXCLUSIVE
        return (Lock(self.table, mode),)

    def _hazard(self, names: set[str]) -> str:
        if self.index and names & READERS_WAIT:
            return "whoever reads by the index waits for a moment"
        if names & OF_PAGES:
            return "holds for pages written from now on: a rewrite applies it to the others"
        return ""

    def _set(self, values: Mapping[str, str]) -> Statement:
        parts = [expression("{n} = {v}", n=raw(_name(name)), v=Literal(value)) for name, value in values.items()]
        return self._alter(expression("SET ({parts})", parts=raw(joined(parts))))

    def _reset(self, names: tuple[str, ...]) -> Statement:
        return self._alter(expression("RESET ({names})", names=raw(joined([_name(name) for name in names]))))

    def _alter(self, action: Expression) -> Statement:
        kind = Expression("INDEX" if self.index else "TABLE")
        return ddl("ALTER {kind} {name} {action}", kind=raw(kind), name=self._relation, action=raw(action))

    def _proof(self, new: Mapping[str, str], gone: tuple[str, ...]) -> Statement:
        there = [_has(Literal(f"{name}={value}")) for name, value in new.items()]
        left = [expression("NOT {has}", has=raw(_has_name(name))) for name in gone]
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_class AS x"
            " ON x.oid = c.reltoastrelid CROSS JOIN LATERAL (SELECT coalesce(c.reloptions, '{{}}')"
            " || ARRAY(SELECT 'toast.' || o FROM pg_catalog.unnest(x.reloptions) AS o) AS options) AS p"
            " WHERE c.oid = {oid} AND {conditions})",
            oid=raw(proof.oid_of(self._relation)), conditions=raw(joined([*there, *left], " AND ")),
        )  # fmt: skip


def _name(parameter: str) -> Expression:
    space, dot, name = parameter.rpartition(".")
    return expression("{s}.{n}", s=space, n=name) if dot else expression("{n}", n=name)


def _has(option: Literal) -> Expression:
    return expression("{o} = ANY (p.options)", o=option)


def _has_name(name: str) -> Expression:
    return expression(
        "EXISTS (SELECT FROM pg_catalog.unnest(p.options) AS o WHERE pg_catalog.split_part(o, '=', 1) = {n})",
        n=Literal(name),
    )


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, buyer text NOT NULL)
    WITH (fillfactor = 90, autovacuum_enabled = false, toast.autovacuum_vacuum_threshold = 100, parallel_workers = 2);
    INSERT INTO shop.orders (buyer) SELECT 'buyer ' || n % 7 FROM generate_series(1, 100) AS n;
    """,
    SetStorageParameters(
        table=Relation("shop", "orders"), reset=("autovacuum_enabled",),
        parameters={"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.02",
                    "toast.autovacuum_vacuum_threshold": "10"},
    ),
    writes="INSERT INTO shop.orders (buyer) VALUES (md5(random()::text))",
)  # fmt: skip
