"""Which people a column may refer to that is named after what somebody did, or is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pgrefit.rules._names import BY, reference_name, stems

from ._key import LIKE, Key, Option
from ._ranking import MOST_ALIKE
from ._readings import is_link
from ._vocabulary import PEOPLE, ROLES, STAFF, STAFF_ROLES, USERS

if TYPE_CHECKING:
    from ._keys import Keys


def persons(keys: Keys, parts: tuple[str, ...], wanted: str) -> Iterator[Option]:
    """support_rep_id, created_by, reports_to: employees or users, whichever there are."""
    last = parts[-1] if parts else ""
    people = keys.people or keys.actors
    if last not in ROLES | BY or len(people) > MOST_ALIKE:
        return
    staff = [key for key in people if {key.kind, *stems(key.table.name.name)[-1:]} & STAFF]
    near = staff if staff and last in STAFF_ROLES else people
    users = _users(near)
    plain = list(dict.fromkeys((*(key for key in near if key.kind in PEOPLE), *users)))
    astray = last in STAFF_ROLES and not keys.people  # a manager is no customer
    behind = _behind(plain, users)
    links = {key for key in plain if is_link(key, plain) and not (behind and key in users)}
    yield from (Option(key, LIKE, bare=astray or key in links or key in behind) for key in plain or near)
    others = keys.actors if keys.people and wanted == "whole" and len(keys.actors) <= MOST_ALIKE else ()
    yield from (Option(key, LIKE, bare=True) for key in others)


def _users(people: list[Key]) -> list[Key]:
    """Keys of the tables of users; else of the one table called so with words before: res_users."""
    found = [key for key in people if key.kind in USERS]
    ending = [key for key in people if set(stems(key.table.name.name)[-1:]) & USERS]
    return found or (ending if len({key.table.name for key in ending}) == 1 else [])


def _behind(people: list[Key], users: list[Key]) -> set[Key]:
    """The persons that the users of the system are: who did something did it as a user. users.person_id of person."""
    columns = (column.name for user in users for column in user.table.columns)
    marked = (name for name in map(reference_name, columns) if name.marked)
    named = {"".join(name.base) for name in marked}
    return {key for key in people if key.kind in named and key not in users}
