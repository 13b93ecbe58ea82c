"""Add a condition to a domain that columns have already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._reading import unreadable
from ._user_types import find_type, oid_of_type, tables_with


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDomainConstraint(Change):
    """ALTER DOMAIN … ADD CONSTRAINT … NOT VALID, then VALIDATE. The condition is over VALUE."""

    domain: Relation
    name: str
    condition: Expression
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"add check {self.name} to domain {self.domain}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such domain, a name that is taken, a condition that is none."""
        found = find_type(db, self.domain)
        if found is None or found.kind != "domain":
            yield Obstacle(str(self.domain), "there is no such domain")
        elif self.name in {check.name for check in found.checks}:
            yield Obstacle(str(self.domain), f"has a constraint {self.name} already")
        yield from unreadable(str(self.domain), f"check {self.name}", self.condition)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Two steps: for new values at once, then for the values that are there."""
        yield Step(
            title=f"add check {self.name} to domain {self.domain} for new values", phase=self.phase,
            do=(ddl("ALTER DOMAIN {domain} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID",
                    domain=self.domain, name=self.name, condition=raw(self.condition)),),
            undo=(ddl("ALTER DOMAIN {domain} DROP CONSTRAINT IF EXISTS {name}", domain=self.domain, name=self.name),),
            locks=(), work=Work.INSTANT, proof=self._there(valid=False),
            hazard="statements with values that violate the check fail from here on, also updates of other columns",
        )  # fmt: skip
        tables = tables_with(db, self.domain)
        named = ", ".join(map(str, tables))
        yield Step(
            title=f"validate check {self.name} of domain {self.domain}", phase=self.phase,
            do=(ddl("ALTER DOMAIN {domain} VALIDATE CONSTRAINT {name}", domain=self.domain, name=self.name),),
            undo=Way.NOTHING_LEFT, locks=tuple(Lock(table, LockMode.SHARE) for table in tables),
            work=Work.SCAN if tables else Work.INSTANT, proof=self._there(valid=True),
            hazard=f"writers of {named} wait while all of them are read: run it when there are few"
            if tables else "",
        )  # fmt: skip

    def _there(self, *, valid: bool) -> Statement:
        return ddl(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE contypid = {oid} AND conname = {name}"
            " AND convalidated >= {valid})",
            oid=raw(oid_of_type(self.domain)), name=Literal(self.name), valid=valid,
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE DOMAIN shop.price AS numeric;
    CREATE DOMAIN shop.sale_price AS shop.price;
    CREATE TABLE shop.item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price shop.price, sale shop.sale_price);
    CREATE TABLE shop.offer (id int PRIMARY KEY, price shop.price);
    INSERT INTO shop.item (price) SELECT n FROM generate_series(1, 50) AS n;
    """,
    AddDomainConstraint(domain=Relation("shop", "price"), name="positive", condition=Expression("VALUE > 0")),
    writes="INSERT INTO shop.item (price) VALUES (1 + random())",
)
