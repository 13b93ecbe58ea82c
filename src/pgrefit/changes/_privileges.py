"""What GRANT and REVOKE are said of: privileges of roles on one object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Obstacle
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._grants import Held, ObjectKind, Target, pairs, targets, unknown
from ._row_security import whom


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPrivileges(Change):
    """An object is named by `on`, a schema by `schema`. The role 'public' is everybody."""

    privileges: tuple[str, ...]
    roles: tuple[str, ...]
    on: Relation | None = None
    schema: str = ""
    kind: ObjectKind = "table"
    columns: tuple[str, ...] = ()
    arguments: str = ""

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """An object that is not there or has no such privileges."""
        try:
            found = self.targets
        except ValueError as error:
            yield Obstacle(self.title, str(error))
            return
        for target in found:
            yield from unknown(db, target, self.named)

    @property
    def named(self) -> tuple[str, ...]:
        """The privileges, as the catalog spells them."""
        return tuple(privilege.upper() for privilege in self.privileges)

    @property
    def targets(self) -> tuple[Target, ...]:
        """The object, or its columns; ValueError where what names it does not fit."""
        return targets(self.kind, self.on, self.schema, self.columns, self.arguments)

    @property
    def wanted(self) -> tuple[Held, ...]:
        """Each role with each privilege."""
        return pairs(self.roles, self.named)

    def in_words(self, verb: str, to: str) -> str:
        """What it does, for people."""
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"{verb} {', '.join(self.named)} on {self.on or self.schema}{columns} {to} {whom(self.roles)}"
