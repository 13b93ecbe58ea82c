"""What no tool can infer: the intent of a refit, as refit.toml says it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .names import Relation, dotted, split_dotted


def _table(name: str) -> str:
    return _in_parts(name, "schema.table")


def _column(name: str) -> str:
    return _in_parts(name, "schema.table.column")


def _in_parts(name: str, form: str) -> str:
    parts = split_dotted(name)
    if len(parts) != form.count(".") + 1:
        raise ValueError(f"not of the form {form}, with parts that hold a dot in double quotes: {name}")
    return dotted(*parts)


TableName = Annotated[str, AfterValidator(_table)]
"""schema.table, written as `dotted` writes it."""

ColumnName = Annotated[str, AfterValidator(_column)]
"""schema.table.column, likewise."""


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

    view: TableName
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

    name: TableName
    select: str
    key: tuple[str, ...]
    reads: tuple[TableName, ...]
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

    rewrite: tuple[TableName, ...] = ()


class AskedChange(BaseModel):
    """A change of the shelf, asked for by the name of its module; the other keys are its fields."""

    model_config = ConfigDict(extra="allow", frozen=True)

    do: str


class Refit(Section):
    """What the refit is called, what it leaves alone, and the files beside it."""

    name: str = "refit"
    ignore: tuple[str, ...] = ()
    workload: str = ""
    proposals: str = ""


class Intent(Section):
    """The whole file. An empty one is valid: then only what needs no decision is planned."""

    refit: Refit = Refit()
    reference: dict[ColumnName, Reference] = {}
    required: dict[ColumnName, Required] = {}
    computed: dict[TableName, ComputedTable] = {}
    text: dict[ColumnName, TextColumn] = {}
    check: dict[ColumnName, CheckColumn] = {}
    read_model: tuple[ReadModelIntent, ...] = ()
    indexes: Indexes = Indexes()
    compatibility: Compatibility | None = None
    row_security: RowSecurity | None = None
    storage: Storage = Storage()
    change: tuple[AskedChange, ...] = ()
    folder: Path = Field(default=Path(), exclude=True)
    file: Path | None = Field(default=None, exclude=True)  # where it was read from, to name the place of a mistake


def relation(name: TableName) -> Relation:
    """'schema.table' as a Relation; a part with a dot stands in double quotes, as in SQL."""
    return Relation(*split_dotted(name))
