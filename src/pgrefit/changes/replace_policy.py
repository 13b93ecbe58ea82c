"""Give a row security policy another meaning: other conditions, roles or command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Statement
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot

from . import _proof as proof
from ._preconditions import missing
from ._row_security import create_policy, drop_policy, find_policy, locks_of_policies, policy_is, unsound
from ._trees import same_meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacePolicy(Change):
    """Drop the table's policy of that name and make `policy`, in one transaction: ALTER POLICY cannot do all of it.

    Another form of the same meaning is the business of RewritePolicy. Without a comment it keeps the one that it has.
    """

    table: Relation
    policy: Policy
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"replace policy {self.policy.name} of {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table or policy, or conditions that the server would refuse."""
        yield from missing(db, self.table)
        if db.find_table(self.table) and not find_policy(db, self.table, self.policy.name):
            yield Obstacle(str(self.table), f"has no policy {self.policy.name}")
        yield from unsound(self.table, self.policy)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where nothing differs."""
        old = find_policy(db, self.table, self.policy.name)
        if old is None or not _differ(old, self.policy):
            return
        new = replace(self.policy, comment=self.policy.comment or old.comment)
        drop = drop_policy(self.table, old.name)
        yield Step(
            title=self.title, phase=self.phase,
            do=(drop, *create_policy(self.table, new)), undo=(drop, *create_policy(self.table, old)),
            locks=locks_of_policies(db, self.table, new), work=Work.INSTANT, proof=self._proof(old),
            hazard="other rows may be seen and written from here on: compare the truth table of the rehearsal",
        )  # fmt: skip

    def _proof(self, old: Policy) -> Statement:
        """It has the new outline; and a condition that changed is not printed as before."""
        outline = policy_is(self.table, self.policy)
        using = old.using if _changed(old.using, self.policy.using) else None
        check = old.check if _changed(old.check, self.policy.check) else None
        if using is None and check is None:
            return outline
        return proof.every(outline, proof.policy_differs(self.table, old.name, using, check))


def _differ(old: Policy, new: Policy) -> bool:
    outline = (old.command, old.permissive, sorted(old.roles)) != (new.command, new.permissive, sorted(new.roles))
    return outline or _changed(old.using, new.using) or _changed(old.check, new.check)


def _changed(old: Expression | None, new: Expression | None) -> bool:
    return old != new and (old is None or new is None or not same_meaning(old, new))


EXAMPLE = Example(
    """
    CREATE TABLE shop.staff (name text PRIMARY KEY);
    CREATE TABLE shop.note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, body text);
    ALTER TABLE shop.note ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON shop.note USING (owner = CURRENT_USER);
    COMMENT ON POLICY mine ON shop.note IS 'one sees what one wrote';
    INSERT INTO shop.note (owner, body) SELECT 'postgres', 'note ' || n FROM generate_series(1, 50) AS n;
    """,
    ReplacePolicy(
        table=Relation("shop", "note"),
        policy=Policy(name="mine", command="select", using=Expression(
            "owner = CURRENT_USER OR EXISTS (SELECT FROM shop.staff AS s WHERE s.name = CURRENT_USER)")),
    ),
    writes="INSERT INTO shop.note (owner, body) VALUES ('postgres', md5(random()::text))",
)  # fmt: skip
