"""The shelf of plants: each defect with its ways to occur, and what looks like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.audit.data_defects.world import Planted, World

Plant = Callable[[World], Planted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way in which a defect occurs, or looks as if. `also`: rules that may speak of it too, and are right."""

    defect: str
    plant: Plant
    decoy: bool
    also: frozenset[str]

    @property
    def name(self) -> str:
        """That of its function."""
        return self.plant.__name__


KINDS: list[Kind] = []


def defect(identifier: str, *also: str) -> Callable[[Plant], Plant]:
    """Put a way in which the defect occurs on the shelf."""
    return _shelve(identifier, also, decoy=False)


def decoy(identifier: str, *also: str) -> Callable[[Plant], Plant]:
    """Put what looks like the defect on the shelf."""
    return _shelve(identifier, also, decoy=True)


def _shelve(identifier: str, also: tuple[str, ...], *, decoy: bool) -> Callable[[Plant], Plant]:
    def shelve(plant: Plant) -> Plant:
        KINDS.append(Kind(defect=identifier, plant=plant, decoy=decoy, also=frozenset(also)))
        return plant

    return shelve
