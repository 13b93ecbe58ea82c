"""Drop a row security policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot

from . import _proof as proof
from ._preconditions import missing
from ._row_security import create_policy, drop_policy, find_policy, policy_there, whom


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPolicy(Change):
    """DROP POLICY; the way back makes it again as it was observed."""

    table: Relation
    name: str
    phase: Phase = Phase.SWITCH

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"drop policy {self.name} of {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table or policy."""
        yield from missing(db, self.table)
        if db.find_table(self.table) and not find_policy(db, self.table, self.name):
            yield Obstacle(str(self.table), f"has no policy {self.name}")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        policy = find_policy(db, self.table, self.name)
        if policy is None:
            return
        yield Step(
            title=self.title, phase=self.phase, do=(drop_policy(self.table, self.name),),
            undo=tuple(create_policy(self.table, policy)), locks=(Lock(self.table, LockMode.ACCESS_EXCLUSIVE),),
            work=Work.INSTANT, proof=proof.negated(policy_there(self.table, self.name)),
            hazard=self._hazard(db, policy),
        )  # fmt: skip

    def _hazard(self, db: Snapshot, policy: Policy) -> str:
        table = db.table(self.table)
        if not table.row_security:
            return ""
        if len(table.policies) == 1:
            return "it is the only policy: nobody but owner and superusers sees a row from here on"
        fewer = "fewer" if policy.permissive else "more"
        return f"{whom(policy.roles)} may see or write {fewer} rows from here on"


EXAMPLE = Example(
    """
    CREATE TABLE shop.staff (name text PRIMARY KEY);
    CREATE TABLE shop.note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, body text);
    ALTER TABLE shop.note ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON shop.note USING (owner = CURRENT_USER);
    CREATE POLICY "staff only" ON shop.note AS RESTRICTIVE FOR UPDATE
        USING (EXISTS (SELECT FROM shop.staff AS s WHERE s.name = CURRENT_USER)) WITH CHECK (body <> '');
    COMMENT ON POLICY "staff only" ON shop.note IS 'until 2024';
    INSERT INTO shop.note (owner, body) SELECT 'postgres', 'note ' || n FROM generate_series(1, 50) AS n;
    """,
    DropPolicy(table=Relation("shop", "note"), name="staff only"),
    writes="INSERT INTO shop.note (owner, body) VALUES ('postgres', md5(random()::text))",
)
