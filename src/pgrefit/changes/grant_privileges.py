"""Let roles do something with an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant, Snapshot

from . import _proof as proof
from ._grants import Held, ObjectKind, Target, locks_of_grants, pairs, targets, unknown
from ._row_security import whom


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPrivileges(Change):
    """GRANT on a table or view (or on its `columns`), a sequence, a function (with its `arguments`), or a schema.

    An object is named by `on`, a schema by `schema`. The role 'public' is everybody. Roles may be ones that an earlier
    change creates. The way back takes what was not held before, and nothing else.
    """

    privileges: tuple[str, ...]
    roles: tuple[str, ...]
    on: Relation | None = None
    schema: str = ""
    kind: ObjectKind = "table"
    columns: tuple[str, ...] = ()
    arguments: str = ""
    grantable: bool = False
    phase: Phase = Phase.EXPAND

    @property
    def title(self) -> str:
        """What it does, for people."""
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"grant {self._listed} on {self.on or self.schema}{columns} to {whom(self.roles)}"

    @property
    def _listed(self) -> str:
        return ", ".join(self._privileges)

    @property
    def _privileges(self) -> tuple[str, ...]:
        return tuple(privilege.upper() for privilege in self.privileges)

    @property
    def _targets(self) -> tuple[Target, ...]:
        return targets(self.kind, self.on, self.schema, self.columns, self.arguments)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """An object that is not there or has no such privileges."""
        try:
            found = self._targets
        except ValueError as error:
            yield Obstacle(self.title, str(error))
            return
        for target in found:
            yield from unknown(db, target, self._privileges)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step; none where all is held already."""
        do: list[Statement] = []
        undo: list[Statement] = []
        proofs: list[Statement] = []
        for target in self._targets:
            granted = target.granted(db) or ()
            for held in pairs(self.roles, self._privileges):
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
