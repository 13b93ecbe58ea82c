"""How the two sides of a foreign key differ in type."""

from __future__ import annotations

from typing import Literal

from pgrefit.changes._types import STRINGS, WIDER, bare
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation, split_dotted
from pgrefit.model.snapshot import Snapshot

Difference = Literal["", "narrower", "wider", "other"]


@remembered
def domains(db: Snapshot) -> dict[Relation, str]:
    """The base type of each domain."""
    return {type_.name: type_.base for type_ in db.types if type_.kind == "domain"}


def base_type(db: Snapshot, type_name: str) -> str:
    """The type itself, or what a domain is made of, however deep."""
    known = domains(db)
    while "." in type_name:
        try:
            base = known.get(Relation(*split_dotted(type_name)))
        except (TypeError, ValueError):
            break
        if base is None:
            break
        type_name = base
    return type_name


def difference(child: str, parent: str) -> Difference:
    """How a reference's type differs from that of the key: in what matters to the values that it can hold.

    A text without a limit beside one with a limit is no difference: it is how texts are mostly declared.
    """
    if child == parent:
        return ""
    if (child, parent) in WIDER:
        return "narrower"
    if (parent, child) in WIDER:
        return "wider"
    one, other = bare(child), bare(parent)
    if {one, other} <= STRINGS - {"bpchar"} or one == other:
        return "narrower" if _limited(child) and _limited(parent) and _limit(child) < _limit(parent) else ""
    return "other"


def _limit(type_name: str) -> tuple[int, ...]:
    inside = type_name.partition("(")[2].partition(")")[0]
    return tuple(int(part) for part in inside.split(",") if part.strip().isdecimal())


def _limited(type_name: str) -> bool:
    return bool(_limit(type_name))
