"""What roles reach: a part of the verb audit."""

from __future__ import annotations

from collections.abc import Iterable

from pgrefit.api.workshop import copy_of
from pgrefit.errors import UsageError
from pgrefit.model.access import Persona, Reach
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.toml import nearest
from pgrefit.observe.access import reach
from pgrefit.observe.personas import personas
from pgrefit.observe.proof import prove
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg import clone_parts
from pgrefit.pg.connect import Limits, Target, open_observer, open_session
from pgrefit.pg.errors import translated


def reaches(target: Target, db: Snapshot, asked: Iterable[str] = (), *, runtime_ms: int = 60_000) -> tuple[Reach, ...]:
    """What these personas reach of each table, as 'ROLE' or 'ROLE;SETTING=VALUE;…'; without any, all roles that may.

    Raises UsageError where there is no such role.
    """
    who = _who(asked, db)
    with open_observer(target, application="audit", limits=Limits(runtime_ms=runtime_ms), again=True) as conn:
        return reach(conn, db, who, runtime_ms=runtime_ms)


def proven_reaches(
    target: Target, db: Snapshot, asked: Iterable[str] = (), *, server: Target | None = None, runtime_ms: int = 60_000
) -> tuple[Reach, ...]:
    """The same, and more, tried on a copy: on `server`, where it is left, or on one of our own that is gone afterwards.

    Each persona reads, adds, changes and deletes, through tables, views and functions, and all is rolled back. Raises
    UsageError where there is no such role, MissingPrivilege where we may not act as others on `server`.
    """
    who = _who(asked, db)
    with open_observer(target, application="audit", again=True) as source:
        roles = clone_parts.read_roles(source, (persona.role for persona in who))
    with copy_of(target, server=server) as dsn, translated(), open_session(dsn, application="audit") as conn:
        clone_parts.make_roles(conn, roles)
        return prove(conn, take_snapshot(conn), who, runtime_ms=runtime_ms)


def _who(asked: Iterable[str], db: Snapshot) -> tuple[Persona, ...]:
    return tuple(_persona(text, db) for text in asked) or personas(db)


def _persona(text: str, db: Snapshot) -> Persona:
    role, *settings = text.split(";")
    known = {found.name for found in db.roles}
    if role not in known:
        raise UsageError(f"there is no role {role!r}", next_step=nearest(role, known))
    pairs = [setting.partition("=") for setting in settings]
    if any(not name or not sign for name, sign, _ in pairs):
        raise UsageError(f"{text!r} is no persona", next_step="write --as 'ROLE;SETTING=VALUE'")
    return Persona(role, tuple((name, value) for name, _, value in pairs))
