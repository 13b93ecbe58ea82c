"""Add a row security policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Command, Policy, Snapshot

from ._preconditions import missing
from ._row_security import create_policy, drop_policy, find_policy, locks_of_policies, policy_is, unsound, whom


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePolicy(Change):
    """CREATE POLICY. Without `roles` it is for everybody; roles may be ones that an earlier change creates."""

    table: Relation
    name: str
    command: Command = "all"
    permissive: bool = True
    roles: tuple[str, ...] = ()
    using: Expression | None = None
    check: Expression | None = None
    comment: str = ""
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"create policy {self.name} on {self.table}"

    @property
    def policy(self) -> Policy:
        """The policy that it makes."""
        return Policy(name=self.name, command=self.command, permissive=self.permissive, roles=self.roles,
                      using=self.using, check=self.check, comment=self.comment)  # fmt: skip

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table, a name that is taken, conditions that the server would refuse."""
        yield from missing(db, self.table)
        if find_policy(db, self.table, self.name):
            yield Obstacle(str(self.table), f"has a policy {self.name} already")
        yield from unsound(self.table, self.policy)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        yield Step(
            title=self.title, phase=self.phase, do=tuple(create_policy(self.table, self.policy)),
            undo=(drop_policy(self.table, self.name),), locks=locks_of_policies(db, self.table, self.policy),
            work=Work.INSTANT, proof=policy_is(self.table, self.policy), hazard=self._hazard(db),
        )  # fmt: skip

    def _hazard(self, db: Snapshot) -> str:
        table = db.find_table(self.table)
        if table is None or not table.row_security:
            return "has no effect until row security of the table is enabled"
        if self.permissive:
            return f"{whom(self.roles)} may see or write more rows from here on"
        return f"{whom(self.roles)} may see or write fewer rows from here on"


EXAMPLE = Example(
    """
    CREATE TABLE shop.staff (name text PRIMARY KEY);
    CREATE TABLE shop.note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, body text);
    ALTER TABLE shop.note ENABLE ROW LEVEL SECURITY;
    INSERT INTO shop.note (owner, body) SELECT 'postgres', 'note ' || n FROM generate_series(1, 50) AS n;
    """,
    CreatePolicy(
        table=Relation("shop", "note"), name="staff reads", command="select", comment="staff sees every note",
        using=Expression("EXISTS (SELECT FROM shop.staff AS s WHERE s.name = CURRENT_USER)"),
    ),
    writes="INSERT INTO shop.note (owner, body) VALUES ('postgres', md5(random()::text))",
)  # fmt: skip
