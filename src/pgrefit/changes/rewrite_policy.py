"""Give a row security policy another form, such as one that asks for the user once a statement, not once a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot

from . import _proof as proof
from ._locks import strongest
from ._preconditions import missing
from ._trees import relations, same_meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class RewritePolicy(Change):
    """ALTER POLICY. `policy` is as observed; `using` and `check` are the new forms, None leaves that part as it is."""

    table: Relation
    policy: Policy
    using: Expression | None = None
    check: Expression | None = None

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"rewrite policy {self.policy.name} of {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """The policy is not there, moved since, or has not the part that is to be rewritten."""
        yield from missing(db, self.table)
        table = db.find_table(self.table)
        if table and self.policy not in table.policies:
            yield Obstacle(f"policy {self.policy.name} of {self.table}", "is not what it was, or is gone")
        parts = {"USING": (self.using, self.policy.using), "WITH CHECK": (self.check, self.policy.check)}
        for part, (new, old) in parts.items():
            if new is not None and old is None:
                yield Obstacle(f"policy {self.policy.name} of {self.table}", f"has no {part}, and could not lose it")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where nothing differs."""
        using, check = _changed(self.policy.using, self.using), _changed(self.policy.check, self.check)
        if using is None and check is None:
            return
        old = (self.policy.using if using else None, self.policy.check if check else None)
        read = {relation for form in (using, check) if form for relation in relations(form)}
        known = (Lock(t.name, LockMode.ACCESS_SHARE) for t in db.tables if t.name in read)
        yield Step(
            title=self.title, phase=Phase.EXPAND,
            do=(self._alter(using, check),), undo=(self._alter(*old),),
            locks=strongest((Lock(self.table, LockMode.ACCESS_EXCLUSIVE), *known)), work=Work.INSTANT,
            proof=proof.policy_differs(self.table, self.policy.name, *old),
        )  # fmt: skip

    def _alter(self, using: Expression | None, check: Expression | None) -> Statement:
        parts = [expression("USING ({e})", e=raw(using))] if using is not None else []
        parts += [expression("WITH CHECK ({e})", e=raw(check))] if check is not None else []
        return ddl("ALTER POLICY {name} ON {table} {parts}",
                   name=self.policy.name, table=self.table, parts=raw(joined(parts, " ")))  # fmt: skip


def _changed(old: Expression | None, new: Expression | None) -> Expression | None:
    """The new form where it says something else than the old one."""
    return None if new is None or (old is not None and same_meaning(old, new)) else new


EXAMPLE = Example(
    """
    CREATE TABLE shop.staff (name text PRIMARY KEY);
    CREATE TABLE shop.note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, body text);
    ALTER TABLE shop.note ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON shop.note USING (owner = CURRENT_USER) WITH CHECK (owner = CURRENT_USER);
    INSERT INTO shop.note (owner, body) SELECT 'postgres', 'note ' || n FROM generate_series(1, 50) AS n;
    """,
    RewritePolicy(
        table=Relation("shop", "note"),
        policy=Policy(
            name="mine", command="all",
            using=Expression("(owner = CURRENT_USER)"), check=Expression("(owner = CURRENT_USER)"),
        ),
        using=Expression(
            "owner = (SELECT CURRENT_USER) OR EXISTS (SELECT FROM shop.staff AS s WHERE s.name = CURRENT_USER)"
        ),
    ),
    writes="INSERT INTO shop.note (owner, body) VALUES ('postgres', md5(random()::text))",
)  # fmt: skip
