"""Let roles do something with an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Example, Phase, Step, Work
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant, Snapshot

from . import _proof as proof
from ._grants import Held, locks_of_grants
from ._privileges import OfPrivileges


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPrivileges(OfPrivileges):
    """GRANT on a table or view (or on its `columns`), a sequence, a function (with its `arguments`), or a schema.

    An object is named by `on`, a schema by `schema`. The role 'public' is everybody. Roles may be ones that an earlier
    change creates. The way back takes what was not held before, and nothing else.
    """

    grantable: bool = False
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        return self.in_words("grant", "to")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where all is held already."""
        do: list[Statement] = []
        undo: list[Statement] = []
        proofs: list[Statement] = []
        for target in self.targets:
            granted = target.granted(db) or ()
            for held in self.wanted:
                have = _held(granted, held)
                if have is None or (self.grantable and not have.grantable):
                    do.append(target.give(held, grantable=self.grantable))
                    undo.append(target.take(held, option_only=have is not None))
                    proofs.append(target.holds(held, grantable=self.grantable))
        if do:
            yield Step(
                title=self.title, phase=self.phase, do=tuple(do), undo=tuple(reversed(undo)),
                locks=locks_of_grants(db, self.on), work=Work.INSTANT, proof=proof.every(*proofs),
            )  # fmt: skip


def _held(granted: tuple[Grant, ...], held: Held) -> Grant | None:
    return next((grant for grant in granted if (grant.grantee, grant.privilege) == held), None)


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, day date, amount numeric NOT NULL);
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    GRANT SELECT (id) ON shop.sale TO pg_read_all_data;
    GRANT SELECT (day) ON shop.sale TO pg_monitor;
    """,
    GrantPrivileges(
        on=Relation("shop", "sale"), columns=("id", "day"), privileges=("select",),
        roles=("pg_monitor", "pg_read_all_data"), grantable=True,
    ),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)  # fmt: skip
