"""What no tool can infer: the intent of a refit, as refit.toml says it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .names import Relation

Dotted = Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)+$")]


class Section(BaseModel):
    """A table of refit.toml: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reference(Section):
    """A text column that refers to a table: what happens to it when its parent goes, and to rows without a parent."""

    on_delete: Literal["no action", "restrict", "cascade", "set null", "set default"] = "no action"
    orphans: Literal["quarantine", "refuse"] = "quarantine"
    required: bool = False


class Required(Section):
    """A reference that is nullable and must not be."""

    rest: Literal["quarantine", "refuse"] = "quarantine"


class ComputedTable(Section):
    """Stored columns that follow from others: which go, and the view in which readers find them computed."""

    view: Dotted
    drop: tuple[str, ...] = ()
    columns: dict[str, str] = {}


class TextColumn(Section):
    """A text column whose `Label: value` lines become columns: label -> column (found by the audit where left out)."""

    columns: dict[str, str] = {}


class CheckColumn(Section):
    """The values that a column may have, everywhere, and what older values become."""

    values: tuple[str, ...] = ()
    mapping: dict[str, str] = {}


class ReadModelIntent(Section):
    """A read model: its query over the refitted schema, its unique key, and its form."""

    name: Dotted
    select: str
    key: tuple[str, ...]
    reads: tuple[Dotted, ...]
    kind: Literal["view", "materialized view"] = "view"
    readers: tuple[str, ...] = ()


class Indexes(Section):
    """Whether indexes are chosen from the workload, and whether unused ones go."""

    advise: bool = True
    drop_unused: bool = False


class Compatibility(Section):
    """Where the old shape stays readable and writable until the contract phase."""

    schema_name: str = Field(default="pgrefit_compatible", alias="schema")
    by_default: bool = False


class RowSecurity(Section):
    """Who asks, when row security before and after is compared."""

    roles: tuple[str, ...]
    identities: str
    setting: str = "request.jwt.claims"
    claim: str = '{"sub": "{identity}", "role": "authenticated"}'
    sample: int = 20


class Storage(Section):
    """Tables to be written anew at the very end, in a maintenance window."""

    rewrite: tuple[Dotted, ...] = ()


class Refit(Section):
    """What the refit is called, what it leaves alone, and the files beside it."""

    name: str = "refit"
    ignore: tuple[str, ...] = ()
    workload: str = ""
    proposals: str = ""


class Intent(Section):
    """The whole file. An empty one is valid: then only what needs no decision is planned."""

    refit: Refit = Refit()
    reference: dict[Dotted, Reference] = {}
    required: dict[Dotted, Required] = {}
    computed: dict[Dotted, ComputedTable] = {}
    text: dict[Dotted, TextColumn] = {}
    check: dict[Dotted, CheckColumn] = {}
    read_model: tuple[ReadModelIntent, ...] = ()
    indexes: Indexes = Indexes()
    compatibility: Compatibility | None = None
    row_security: RowSecurity | None = None
    storage: Storage = Storage()
    folder: Path = Field(default=Path(), exclude=True)


def relation(dotted: str) -> Relation:
    """'schema.table' as a Relation."""
    schema, _, name = dotted.partition(".")
    return Relation(schema, name)
