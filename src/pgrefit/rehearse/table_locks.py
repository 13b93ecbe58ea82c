"""What locks a backend holds on tables."""

from __future__ import annotations

from dataclasses import dataclass

from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    schema: str
    name: str
    mode: str


def table_locks(conn: Session, *pids: int) -> tuple[Lock, ...]:
    """The locks of those backends on tables that this session sees: those that they are making are not among them.

    Catalogs and pgrefit's own tables are left out.
    """
    modes = {mode.value: mode for mode in LockMode}
    held = fetch(conn, "table_locks", _Held, pids=list(pids))
    return tuple(Lock(Relation(h.schema, h.name), modes[h.mode]) for h in held if h.mode in modes)
