"""What of a schema could not be read: for locks of others, or for no server or parser takes it in."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.audit.objects import longest_known
from pgrefit.model import lookup
from pgrefit.model.audit_report import Skipped
from pgrefit.model.observation import Observation
from pgrefit.model.server import Unseen
from pgrefit.model.snapshot import Function, Snapshot, Table
from pgrefit.rules._bodies import unread_bodies

NAMED = 20  # functions in a sentence


@lookup.remembered
def behind_locks(db: Snapshot) -> tuple[Skipped, ...]:
    """What no rule was shown whole; of a tree of partitions the table at its top."""
    return tuple(Skipped(about=_name(thing), reason=thing.unread) for thing in db.unread() if not _is_part(thing))


def is_unread(db: Snapshot, about: str) -> bool:
    """Whether a finding's object is, or is a part of, what was not read whole: rules know too little to judge it."""
    names = _names(db)
    return bool(names) and bool(longest_known(about, names))


def unseen(observation: Observation) -> tuple[Unseen, ...]:
    """What the audit as a whole could not look at."""
    return (*observation.server.unseen, *observation.unseen, *_unread_bodies(observation.snapshot))


@lookup.remembered
def _names(db: Snapshot) -> frozenset[str]:
    """Of relations and functions that were not read whole, and of the indexes and sequences that go with them."""
    things = list(db.unread())
    tables = {thing.name for thing in things if not isinstance(thing, Function)}
    indexes = {str(index.name) for thing in things if not isinstance(thing, Function) for index in thing.indexes}
    sequences = {
        str(sequence.name) for sequence in db.sequences if sequence.owned_by and sequence.owned_by[0] in tables
    }
    return frozenset({_name(thing) for thing in things} | indexes | sequences)


def _name(thing: object) -> str:
    return f"{thing.name}({thing.arguments})" if isinstance(thing, Function) else str(getattr(thing, "name", thing))


def _is_part(thing: object) -> bool:
    return isinstance(thing, Table) and thing.partition_of is not None


def _unread_bodies(db: Snapshot) -> Iterator[Unseen]:
    for why, functions in unread_bodies(db).items():
        names = [_name(function) for function in functions]
        shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
        many = f"the bodies of {len(names):,} functions" if len(names) > 1 else "the body of 1 function"
        yield Unseen(about=f"{many}, {shown}", reason=why)
