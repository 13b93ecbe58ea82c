"""PostgreSQL's table lock modes: https://www.postgresql.org/docs/current/explicit-locking.html."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .names import Relation


class LockMode(Enum):
    """A table lock mode, weakest first; the value is what pg_locks.mode says."""

    ACCESS_SHARE = "AccessShareLock"
    ROW_SHARE = "RowShareLock"
    ROW_EXCLUSIVE = "RowExclusiveLock"
    SHARE_UPDATE_EXCLUSIVE = "ShareUpdateExclusiveLock"
    SHARE = "ShareLock"
    SHARE_ROW_EXCLUSIVE = "ShareRowExclusiveLock"
    EXCLUSIVE = "ExclusiveLock"
    ACCESS_EXCLUSIVE = "AccessExclusiveLock"

    @property
    def strength(self) -> int:
        """0 (weakest) to 7."""
        return _ORDER.index(self)

    @property
    def sql(self) -> str:
        """As LOCK TABLE and the manual spell it: ACCESS EXCLUSIVE."""
        return self.name.replace("_", " ")

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE of others wait."""
        return self.strength >= LockMode.SHARE.strength

    @property
    def blocks_reads(self) -> bool:
        """Whether even a plain SELECT of others waits."""
        return self is LockMode.ACCESS_EXCLUSIVE


_ORDER = tuple(LockMode)


@dataclass(frozen=True, slots=True)
class Lock:
    """The strongest lock that a step takes on one table."""

    on: Relation
    mode: LockMode
