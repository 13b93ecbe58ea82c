"""Have a table show each role only the rows that its policies let through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot, Table

from . import _proof as proof
from ._preconditions import missing
from .create_policy import CreatePolicy

INVOKER = frozenset({"security_invoker=true", "security_invoker=on", "security_invoker=1", "security_invoker=yes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableRowSecurity(Change):
    """First the policies that are missing, then ENABLE; with `force` the table's owner is held to them too."""

    table: Relation
    policies: tuple[Policy, ...] = ()
    force: bool = False

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"enable row security of {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table, or policies that cannot be made."""
        if not self.policies:
            yield from missing(db, self.table)
        for policy in self._creations():
            yield from policy.obstacles(db)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A step for each policy, then one that enables; that not where it is enabled already."""
        for policy in self._creations():
            yield from policy.steps(db)
        table = db.find_table(self.table)
        if table is None or (table.row_security and (table.force_row_security or not self.force)):
            return
        do, undo = self._statements(table)
        yield Step(
            title=self.title + (" for its owner as well" if self.force else ""), phase=Phase.SWITCH,
            do=do, undo=undo, locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
            proof=self._enabled, hazard=self._hazard(db, table),
        )  # fmt: skip

    def _creations(self) -> Iterator[CreatePolicy]:
        for p in self.policies:
            yield CreatePolicy(
                table=self.table, name=p.name, command=p.command, permissive=p.permissive, roles=p.roles,
                using=p.using, check=p.check, comment=p.comment,
            )  # fmt: skip

    def _statements(self, table: Table) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
        do: list[Statement] = []
        undo: list[Statement] = []
        if not table.row_security:
            do.append(self._alter("ENABLE"))
            undo.append(self._alter("DISABLE"))
        if self.force and not table.force_row_security:
            do.append(self._alter("FORCE"))
            undo.append(self._alter("NO FORCE"))
        return tuple(do), tuple(undo)

    def _alter(self, how: str) -> Statement:
        return ddl("ALTER TABLE {table} {how} ROW LEVEL SECURITY", table=self.table, how=raw(Expression(how)))

    @property
    def _enabled(self) -> Statement:
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = {oid} AND relrowsecurity"
            " AND relforcerowsecurity >= {force})", oid=raw(proof.oid_of(self.table)), force=self.force,
        )  # fmt: skip

    def _hazard(self, db: Snapshot, table: Table) -> str:
        owners = "superusers" if self.force else "its owner and superusers"
        if not (self.policies or table.policies):
            return f"the table has no policy: nobody but {owners} sees or writes a row from here on"
        uses = {use.relation for column in table.columns for use in db.uses_of(self.table, column.name)}
        around = [str(v.name) for v in db.views if v.name in uses and not INVOKER & set(v.options)]
        passed = f"; read with the rights of their owners, and so past it: {', '.join(around)}" if around else ""
        return f"all but {owners} see and write only what the policies let through{passed}"


EXAMPLE = Example(
    """
    CREATE TABLE shop.note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, body text);
    INSERT INTO shop.note (owner, body) SELECT 'postgres', 'note ' || n FROM generate_series(1, 50) AS n;
    """,
    EnableRowSecurity(
        table=Relation("shop", "note"), force=True,
        policies=(Policy(name="read", command="select", using=Expression("owner = CURRENT_USER")),
                  Policy(name="write", command="insert", check=Expression("owner = CURRENT_USER"))),
    ),
    writes="INSERT INTO shop.note (owner, body) VALUES ('postgres', md5(random()::text))",
)  # fmt: skip
