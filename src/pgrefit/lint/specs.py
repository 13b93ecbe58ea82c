"""Columns and constraints as statements write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from postgast import pg_query_pb2 as pb

from pgrefit.lint.types import TypeName
from pgrefit.model.names import Relation

ConstraintKind = Literal["primary key", "unique", "check", "foreign key", "exclusion", "not null"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintSpec:
    """A constraint as written; `columns` of a check are those it reads, `name` the server's where none is given."""

    kind: ConstraintKind
    name: str
    columns: tuple[str, ...] = ()
    parent: Relation | None = None
    parent_columns: tuple[str, ...] = ()
    valid: bool = True
    index: str = ""  # USING INDEX
    cascades: bool = False  # ON DELETE CASCADE
    not_null: frozenset[str] = frozenset()  # columns of which a check, or it itself, says that they are not NULL
    node: pb.Constraint = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSpec:
    """A column as written."""

    name: str
    type: TypeName
    not_null: bool = False
    default: pb.Node | None = field(default=None, compare=False)
    generated: Literal["", "stored", "virtual"] = ""
    computed_from: frozenset[str] = frozenset()  # columns that a generated one reads
    identity: bool = False
    constraints: tuple[ConstraintSpec, ...] = ()

    @property
    def serial(self) -> bool:
        """Whether the type is one of the serial ones, with a sequence of its own."""
        return self.type.name in {"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"}
