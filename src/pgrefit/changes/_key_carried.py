"""What the switch carries from the old columns to the new ones, and on the way back the other way round."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pgrefit.model.ddl import Statement

Statements = tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Statements of one way: those that go before the columns change their names, and those that go after."""

    before: Statements = ()
    after: Statements = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One thing that is carried.

    `again`: statements that, after the way back, make anew what the switch needs and the way back has used up, and
    check what it has put back unchecked. Each runs alone and may be run twice.
    """

    forth: Moves = field(default_factory=Moves)
    back: Moves = field(default_factory=Moves)
    again: Statements = ()


def in_order(moves: Iterable[Moves], renames: Iterable[Statement]) -> Statements:
    """What is released first is taken up last: things that depend on others stand before them."""
    all_moves = tuple(moves)
    released = (statement for move in all_moves for statement in move.before)
    taken = (statement for move in reversed(all_moves) for statement in move.after)
    return (*released, *renames, *taken)
