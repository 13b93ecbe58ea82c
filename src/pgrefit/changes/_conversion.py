"""The conversion of one column to another type: its two names, the values there and back, the trigger in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import FkAction, Table

from ._types import WHOLE_DIGITS, WHOLE_RANGE, WIDER

BLANKS = " \t\r\n"
UUID_FORM = (  # also in braces, as the server takes it
    r"^([0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"
    r"|\{[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\})$"
)
UUID_SHAPE = "________-____-____-____-____________"
TEXTS = ("text", "character varying", "character")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One column: its new type and what it refers to."""

    column: str
    to_type: str
    parent: Relation | None = None
    parent_column: str = ""
    on_delete: FkAction = "no action"
    required: bool = False
    orphans: OneOf["quarantine", "refuse"] = "quarantine"
    index: bool = True

    @property
    def new(self) -> str:
        """The name of the second column until the switch."""
        return new_name(self.column)

    @property
    def old(self) -> str:
        """The name of the first column after the switch."""
        return old_name(self.column)


def new_name(name: str) -> str:
    """What something of the new shape is called until the switch."""
    return fit(name, "_pgrefit_new")


def old_name(name: str) -> str:
    """What something of the old shape is called after the switch."""
    return fit(name, "_pgrefit_old")


def is_text(type_name: str) -> bool:
    """Whether a column of the type holds text, of which some may not convert."""
    return type_name.startswith(TEXTS)


def convertible(source: str, target: str) -> bool:
    """Whether we know how to convert."""
    if is_text(source):
        return target == "uuid" or target in WHOLE_DIGITS
    return (source, target) in WIDER


def converted(table: Table, conversion: Conversion, column: str, row: str) -> Expression:
    """The old value, in the column of that name, in the new type; NULL where it does not convert."""
    source = table.column(conversion.column).type
    value = expression("{row}.{column}", row=raw(Expression(row)), column=column)
    if not is_text(source):
        return expression("{value}::{type}", value=raw(value), type=raw(Expression(conversion.to_type)))
    digits = WHOLE_DIGITS.get(conversion.to_type, 0)
    form = UUID_FORM if conversion.to_type == "uuid" else f"^[+-]?[0-9]{{1,{digits}}}$"
    bare = expression("pg_catalog.btrim({value}, {blanks})", value=raw(value), blanks=Literal(BLANKS))
    return expression(
        "(CASE {usual}WHEN {bare} ~ {form} THEN {bare}::{type} END)", usual=raw(_usual(value, conversion.to_type)),
        bare=raw(bare), form=Literal(form), type=raw(Expression(conversion.to_type)),
    )  # fmt: skip


def _usual(value: Expression, to_type: str) -> Expression:
    """A first branch for the usual form: the whole regular expression costs several times as much as the cast."""
    if to_type != "uuid":
        return Expression("")
    return expression(
        "WHEN {v} LIKE {shape} AND {v} ~ {digits} AND pg_catalog.length(pg_catalog.replace({v}, '-', '')) = 32"
        " THEN {v}::uuid ", v=raw(value), shape=Literal(UUID_SHAPE), digits=Literal("^[-0-9a-fA-F]*$"),
    )  # fmt: skip


def out_of_step(table: Table, conversion: Conversion) -> Expression:
    """Whether the new column of a row (alias t) is not what the old one converts to; cheap where both read alike."""
    differs = expression("t.{new} IS DISTINCT FROM {value}", new=conversion.new,
                         value=raw(converted(table, conversion, conversion.column, "t")))  # fmt: skip
    if not is_text(table.column(conversion.column).type):
        return differs
    return expression("(t.{new}::text IS DISTINCT FROM t.{old}::text AND {differs})", new=conversion.new,
                      old=conversion.column, differs=raw(differs))  # fmt: skip


def cast_back(table: Table, conversion: Conversion, column: str) -> Expression:
    """The new value, in the trigger's column of that name, in the old type; an error where that cannot hold it."""
    old_type = raw(Expression(table.column(conversion.column).type))
    return expression("NEW.{column}::{type}", column=column, type=old_type)


def back_or_nothing(table: Table, conversion: Conversion, column: str) -> Expression:
    """The same, but NULL where the old type cannot hold the value."""
    value = cast_back(table, conversion, column)
    low_high = WHOLE_RANGE.get(table.column(conversion.column).type)
    if low_high is None:
        return value
    return expression(
        "CASE WHEN NEW.{column} BETWEEN {low} AND {high} THEN {value} END",
        column=column, low=low_high[0], high=low_high[1], value=raw(value),
    )  # fmt: skip


def faults(conversion: Conversion) -> Iterator[tuple[Expression, str]]:
    """Conditions over alias t under which a row cannot come along, each with its reason."""
    c = conversion
    unfit = expression("t.{old} IS NOT NULL AND t.{new} IS NULL", old=c.column, new=c.new)
    yield unfit, f"{c.column} is not a {c.to_type}"
    if c.required:
        yield expression("t.{old} IS NULL", old=c.column), f"{c.column} is missing"
    if c.parent:
        yield (
            expression("t.{new} IS NOT NULL AND NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = t.{new})",
                       new=c.new, parent=c.parent, key=c.parent_column),
            f"{c.column} refers to no row of {c.parent}",
        )  # fmt: skip


def trigger_body(parts: list[Expression]) -> Statement:
    """The body of a trigger function that keeps columns in step, of a part for each."""
    return Statement("BEGIN\n" + "\n".join(parts) + "\nRETURN NEW;\nEND")


def kept_in_step(old: str, new: str, *, forth: Expression, back: Expression) -> Expression:
    """The part for one column, which is called `old` and `new` at that time. `forth` and `back` are over NEW."""
    # Who wrote? An UPDATE that changed only the new column, or an INSERT that gave only that one, goes new to old.
    return expression(
        "IF (TG_OP = 'INSERT' AND NEW.{old} IS NULL) OR (TG_OP = 'UPDATE'"
        " AND NEW.{old} IS NOT DISTINCT FROM OLD.{old} AND NEW.{new} IS DISTINCT FROM OLD.{new}) THEN\n"
        "  IF NEW.{new} IS DISTINCT FROM {forth} THEN NEW.{old} := {back}; END IF;\n"
        "ELSE\n  NEW.{new} := {forth};\nEND IF;",
        old=old, new=new, forth=raw(forth), back=raw(back),
    )  # fmt: skip


def name_not_null(table: Relation, column: str, wanted: str) -> Statement:
    """Give the NOT NULL constraint of a column a name (PostgreSQL 18)."""
    body = ddl(
        "DECLARE name text; BEGIN SELECT conname INTO name FROM pg_catalog.pg_constraint AS c"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]"
        " WHERE c.conrelid = {table}::pg_catalog.regclass AND c.contype = 'n' AND a.attname = {column};"
        " IF name <> {wanted} THEN EXECUTE pg_catalog.format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I',"
        " {table}, name, {wanted}); END IF; END",
        table=Literal(ddl("{t}", t=table)), column=Literal(column), wanted=Literal(wanted),
    )  # fmt: skip
    return ddl("DO {body}", body=Literal(body))
