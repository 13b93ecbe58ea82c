"""What roles reach: a part of the verb audit."""

from __future__ import annotations

from collections.abc import Iterable

from pgrefit.errors import UsageError
from pgrefit.model.access import Persona, Reach
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.toml import nearest
from pgrefit.observe.access import personas, reach
from pgrefit.pg.connect import Limits, Target, open_observer


def reaches(target: Target, db: Snapshot, asked: Iterable[str] = (), *, runtime_ms: int = 60_000) -> tuple[Reach, ...]:
    """What these personas reach of each table, as 'ROLE' or 'ROLE;SETTING=VALUE;…'; without any, all roles that may.

    Raises UsageError where there is no such role.
    """
    who = tuple(_persona(text, db) for text in asked) or personas(db)
    with open_observer(target, application="audit", limits=Limits(runtime_ms=runtime_ms)) as conn:
        return reach(conn, db, who, runtime_ms=runtime_ms)


def _persona(text: str, db: Snapshot) -> Persona:
    role, *settings = text.split(";")
    known = {found.name for found in db.roles}
    if role not in known:
        raise UsageError(f"there is no role {role!r}", next_step=nearest(role, known))
    pairs = [setting.partition("=") for setting in settings]
    if any(not name or not sign for name, sign, _ in pairs):
        raise UsageError(f"{text!r} is no persona", next_step="write --as 'ROLE;SETTING=VALUE'")
    return Persona(role, tuple((name, value) for name, _, value in pairs))
