"""Trees of statements that are asked many things: walked once."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeVar, cast

from google.protobuf.message import Message

from pgrefit.model.sql_tree import children

Found = TypeVar("Found", bound=Message)


class Tree:
    """A statement, expression or part of one, with all that is in it by kind, outermost first."""

    __slots__ = ("_by_kind", "root")

    def __init__(self, root: Message) -> None:
        self.root = root
        self._by_kind: dict[type[Message], list[Message]] | None = None

    def all(self, kind: type[Found]) -> list[Found]:
        """The messages of a kind, the root among them."""
        if self._by_kind is None:
            self._by_kind = defaultdict(list)
            self._add(self.root, self._by_kind)
        return cast("list[Found]", self._by_kind.get(kind, []))

    def _add(self, message: Message, found: dict[type[Message], list[Message]]) -> None:
        found[type(message)].append(message)
        for child in children(message):
            self._add(child, found)
