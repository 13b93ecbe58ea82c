"""No longer let roles do something with an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant, Snapshot

from . import _proof as proof
from ._grants import Target, locks_of_grants
from ._notes import FORGET
from ._privileges import OfPrivileges
from ._row_security import whom

Taken = tuple[Target, tuple[Grant, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokePrivileges(OfPrivileges):
    """REVOKE; objects are named as for GrantPrivileges. From a table it takes the same privileges on its columns too.

    The way back gives again what the roles held, with the right to grant it, and in the order of before.
    """

    phase: Phase = Phase.CONTRACT

    @property
    def title(self) -> str:
        """What it does, for people."""
        return self.in_words("revoke", "from")

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """An object that is not there or has no such privileges, and columns of a table that is granted whole."""
        yield from OfPrivileges.obstacles(self, db)
        if self.columns and self.on:
            whole = Target(kind="table", on=self.on)
            for grant in self._of(whole, db):
                yield Obstacle(str(self.on), f"is granted whole to {whom((grant.grantee,))} for {grant.privilege}:"
                               " taking columns from that has no effect")  # fmt: skip

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where nothing of it is held."""
        taken = tuple(self._taken(db))
        if not taken:
            return
        do = [target.note_order() for target, _ in taken]  # of the columns too, before the table's go
        do += [target.take((g.grantee, g.privilege)) for target, grants in taken for g in grants]
        undo = [statement for target, grants in taken for statement in _give_back(target, grants)]
        left = (proof.negated(target.holds((g.grantee, g.privilege))) for target, grants in taken for g in grants)
        yield Step(
            title=self.title, phase=self.phase, do=tuple(do), undo=(*undo, FORGET),
            locks=locks_of_grants(db, self.on), work=Work.INSTANT,
            proof=proof.every(*left), hazard=f"statements of {whom(self.roles)} that need it fail from here on",
        )  # fmt: skip

    def _taken(self, db: Snapshot) -> Iterator[Taken]:
        """What each object loses; the table before its columns."""
        for target in self.targets:
            for part in (target, *target.columns(db)) if not target.column else (target,):
                grants = self._of(part, db)
                if grants:
                    yield part, grants

    def _of(self, target: Target, db: Snapshot) -> tuple[Grant, ...]:
        return tuple(g for g in target.granted(db) or () if (g.grantee, g.privilege) in self.wanted)


def _give_back(target: Target, grants: tuple[Grant, ...]) -> Iterator[Statement]:
    for grant in grants:
        yield target.give((grant.grantee, grant.privilege), grantable=grant.grantable)
    yield target.restore_order()


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, day date, amount numeric NOT NULL);
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    GRANT SELECT, UPDATE ON shop.sale TO pg_monitor WITH GRANT OPTION;
    GRANT SELECT ON shop.sale TO pg_read_all_data, PUBLIC;
    """,
    RevokePrivileges(on=Relation("shop", "sale"), privileges=("select", "update"), roles=("pg_monitor", "public")),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)
