"""A default partition that is written anew, cut into parts that become partitions beside it.

While it is drained it is a partitioned table itself, in whose place it stands at the switch; once the old one is gone,
its parts move up, and what is left of it is the default partition again. Checks say all the while which rows are where,
so that the server never looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.change import Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._attach import Place
from ._bounds import observed, within
from ._granted import column_grants, grants
from ._locks import strongest
from ._partitioning import Layout, Partition, is_partition
from ._shadow import Shadow
from ._shadow_access import row_security, triggers
from ._shadow_steps import on
from ._shadow_switch import switch, switch_back

ELSEWHERE, INSIDE = "pgrefit_elsewhere", "pgrefit_inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A partitioned table, by ranges of one column, with its default partition, and the parts that come out of it."""

    db: Snapshot
    root: Table
    default: Table
    column: str
    parts: tuple[Partition, ...]

    @property
    def shadow(self) -> Shadow:
        """The default partition, cut into the parts and the rest; without what it has from the partitioned table."""
        inherited = {trigger.name for trigger in self.root.triggers if trigger.row}
        table = replace(
            self.default, columns=tuple(replace(column, identity="") for column in self.default.columns),
            triggers=tuple(trigger for trigger in self.default.triggers if trigger.name not in inherited),
        )  # fmt: skip
        layout = Layout(method="range", by=(self.column,), partitions=(*self.parts, Partition(name=self.rest.name)))
        return Shadow(db=self.db, table=table, final=table.name, layout=layout)

    @property
    def rest(self) -> Relation:
        """What stays in the default partition."""
        return self.default.name.beside(fit(self.default.name.name, "_rest"))

    @property
    def siblings(self) -> tuple[Partition, ...]:
        """The other partitions that are there."""
        parts = (table for table in self.db.tables if table.partition_of == self.root.name)
        return tuple(observed(part) for part in parts if part.name != self.default.name)

    def rows_of(self, part: Partition) -> Expression:
        """What holds for the rows of a part."""
        return Place(db=self.db, parent=self.root, partition=part, schema=self.root.name.schema).rows

    def elsewhere(self, parts: tuple[Partition, ...]) -> Expression:
        """That a row is in none of these; so that the server sees it of each, and of all together."""
        ranges = (within(self.root, self.column, part) for part in parts)
        return joined([expression("NOT ({r})", r=raw(range_)) for range_ in ranges], " AND ") or Expression("true")

    def says_elsewhere(self) -> Iterator[Step]:
        """A check of the default partition, for the way back: it can then be attached again unread."""
        name, check = self.default.name, ELSEWHERE
        drop = ddl("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {c}", t=name, c=check)
        yield Step(
            title=f"say in a check what {name} does not hold", phase=Phase.EXPAND,
            do=(ddl("ALTER TABLE {t} ADD CONSTRAINT {c} CHECK ({rows}) NOT VALID",
                    t=name, c=check, rows=raw(self.elsewhere(self.siblings))),),
            undo=(drop,), locks=(Lock(name, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=proof.constraint_exists(name, check),
            why="the way back can then attach it without reading it under a lock",
        )  # fmt: skip
        yield Step(
            title=f"validate the check of {name}", phase=Phase.EXPAND,
            do=(ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {c}", t=name, c=check),), undo=Way.NOTHING_LEFT,
            locks=(Lock(name, LockMode.SHARE_UPDATE_EXCLUSIVE),), work=Work.SCAN,
            proof=proof.constraint_exists(name, check, valid=True),
        )  # fmt: skip

    def checks(self) -> Iterator[Statement]:
        """On the new tables while they are empty. They copied that of the default partition."""
        add = "ALTER TABLE {t} ADD CONSTRAINT {c} CHECK ({rows})"
        new = self.shadow.building
        for part in self.parts:
            yield ddl(add, t=new.beside(part.name), c=INSIDE, rows=raw(self.rows_of(part)))
        yield ddl(add, t=self.rest, c=INSIDE, rows=raw(self.elsewhere((*self.siblings, *self.parts))))

    def switch(self) -> tuple[Statement, ...]:
        """The new table becomes the default partition."""
        # Its parts come after it: a table that is attached does not hand its identity columns on to those it has.
        now, parts = self.default.name, self.shadow.layout.partitions if self.shadow.layout else ()
        apart = (ddl("ALTER TABLE {t} DETACH PARTITION {p}", t=now, p=leaf) for leaf in self.shadow.leaves)
        again = (ddl("ALTER TABLE {t} ATTACH PARTITION {p} {bound}", t=now, p=now.beside(part.name),
                     bound=raw(part.bound(1))) for part in parts)  # fmt: skip
        return (self._detach(now), *switch(self.shadow), *apart, self._attach_default(), *again)

    def switch_back(self) -> tuple[Statement, ...]:
        """The old one is the default partition again."""
        return (self._detach(self.default.name), *switch_back(self.shadow), self._attach_default())

    def _detach(self, table: Relation) -> Statement:
        return ddl("ALTER TABLE {root} DETACH PARTITION {t}", root=self.root.name, t=table)

    def _attach_default(self) -> Statement:
        return ddl("ALTER TABLE {root} ATTACH PARTITION {t} DEFAULT", root=self.root.name, t=self.default.name)

    def move_up(self) -> Step:
        """The parts become partitions beside the default one, and the rest takes the place of that."""
        now, leaves = self.default.name, self.shadow.leaves
        # From the top, as clients come: who holds that table's lock is not to wait for us on one of its partitions.
        lock = ddl("LOCK TABLE ONLY {root} IN ACCESS EXCLUSIVE MODE", root=self.root.name)
        up = (statement for part in self.parts for statement in self._up(part))
        locks = on(LockMode.ACCESS_EXCLUSIVE, self.root.name, now, *leaves, *self.shadow.parents)
        return Step(
            title=f"move the parts of {now} up to {self.root.name}", phase=Phase.CONTRACT,
            do=(lock, *up, self._collapse(), *self._access()), undo=Way.NO_RETURN,
            locks=strongest(locks), work=Work.INSTANT,
            proof=proof.every(*(is_partition(self.root.name, leaf) for leaf in leaves if leaf != self.rest),
                              is_partition(self.root.name, now), proof.negated(proof.relation_exists(self.rest))),
            why="the server trusts the checks and reads none of them",
        )  # fmt: skip

    def _up(self, part: Partition) -> Iterator[Statement]:
        leaf, now = self.default.name.beside(part.name), self.default.name
        yield ddl("ALTER TABLE {t} DETACH PARTITION {p}", t=now, p=leaf)
        yield ddl("ALTER TABLE {root} ATTACH PARTITION {p} {bound}",
                  root=self.root.name, p=leaf, bound=raw(part.bound(1)))  # fmt: skip
        yield ddl("ALTER TABLE {p} DROP CONSTRAINT {a}, DROP CONSTRAINT {b}", p=leaf, a=ELSEWHERE, b=INSIDE)

    def _collapse(self) -> Statement:
        """The indexes of the rest, named by the server, take over the names of those that they were parts of."""
        now = self.default.name
        body = ddl(
            "DECLARE own text[]; wanted text[]; BEGIN"
            " SELECT pg_catalog.array_agg(c.relname::text), pg_catalog.array_agg(p.relname::text) INTO own, wanted"
            " FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = x.indexrelid"
            " JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid"
            " JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent"
            " WHERE x.indrelid = {rest_oid};"
            " ALTER TABLE {now} DETACH PARTITION {rest}; {detach}; DROP TABLE {now};"
            " ALTER TABLE {rest} RENAME TO {name};"
            " FOR n IN 1 .. coalesce(pg_catalog.array_length(own, 1), 0) LOOP"
            " EXECUTE pg_catalog.format('ALTER INDEX %I.%I RENAME TO %I', {schema}, own[n], wanted[n]); END LOOP;"
            " {attach}; ALTER TABLE {now} DROP CONSTRAINT {a}, DROP CONSTRAINT {b}; END",
            rest_oid=raw(proof.oid_of(self.rest)), now=now, rest=self.rest, detach=raw(self._detach(now)),
            name=now.name, schema=Literal(now.schema), attach=raw(self._attach_default()), a=ELSEWHERE, b=INSIDE,
        )  # fmt: skip
        return ddl("DO {body}", body=Literal(body))

    def _access(self) -> Iterator[Statement]:
        """What the default partition had of its own."""
        table = self.shadow.table
        yield from grants(table.name, table.owner, table.grants)
        yield from column_grants(table.columns, table.name)
        yield from row_security(table, table.name)
        yield from triggers(table, table.name)
        if table.comment:
            yield ddl("COMMENT ON TABLE {t} IS {c}", t=table.name, c=Literal(table.comment))
        for column in table.columns:
            if column.comment:
                yield ddl("COMMENT ON COLUMN {t}.{n} IS {c}", t=table.name, n=column.name, c=Literal(column.comment))
        for index in table.indexes:
            if index.comment:
                yield ddl("COMMENT ON INDEX {i} IS {c}", i=index.name, c=Literal(index.comment))
