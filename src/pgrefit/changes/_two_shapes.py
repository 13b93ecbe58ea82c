"""Steps for a table that has some of its columns twice: in the old shape and, beside it, in the new one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgrefit.model.change import Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Table

from . import _proof as proof
from ._batches import FORGET, noted, noting_batches, texts, update_batches
from ._conversion import Conversion, converted, out_of_step

Conversions = Collection[Conversion]


def add_columns(table: Table, conversions: Conversions) -> Step:
    """The new columns, empty."""
    add = [expression("ADD COLUMN {c} {type}", c=c.new, type=raw(Expression(c.to_type))) for c in conversions]
    drop = [expression("DROP COLUMN IF EXISTS {c}", c=c.new) for c in conversions]
    return Step(
        title=f"add columns of the new type to {table.name}", phase=Phase.EXPAND,
        do=(ddl("ALTER TABLE {table} {actions}", table=table.name, actions=raw(joined(add))),),
        undo=(ddl("ALTER TABLE {table} {actions}", table=table.name, actions=raw(joined(drop))),),
        locks=(Lock(table.name, LockMode.ACCESS_EXCLUSIVE),), work=Work.INSTANT,
        proof=proof.every(*(proof.column_exists(table.name, c.new) for c in conversions)),
        why="the new shape is built beside the old one, which stays in use",
        hazard="a prepared SELECT * over the table must be prepared again",
    )  # fmt: skip


def fill(table: Table, conversions: Conversions) -> Step:
    """The values of the rows that are there, in key ranges."""
    values = {c.new: converted(table, c, c.column, "t") for c in conversions}
    sets = joined([expression("{new} = {value}", new=new, value=raw(value)) for new, value in values.items()])
    left = joined([out_of_step(table, c) for c in conversions], " OR ")
    empty = joined([expression("t.{new} IS NULL AND t.{old} IS NOT NULL", new=c.new, old=c.column)
                    for c in conversions], " OR ")  # fmt: skip
    to_fill = expression("{empty} OR {left}", empty=raw(empty), left=raw(left))  # asks what is cheap to tell first
    return Step(
        title=f"fill the new columns of {table.name}", phase=Phase.MIGRATE,
        do=update_batches(table, sets, to_fill), undo=Way.NOTHING_LEFT,
        locks=(Lock(table.name, LockMode.ROW_EXCLUSIVE),), work=Work.BATCHES, proof=proof.no_row(table.name, left),
    )  # fmt: skip


def rename_columns(table: Relation, conversions: Conversions) -> Iterator[Statement]:
    """The new columns take over the names."""
    for c in conversions:
        yield _rename(table, c.column, c.old)
        yield _rename(table, c.new, c.column)


def rename_columns_back(table: Relation, conversions: Conversions) -> Iterator[Statement]:
    """The old columns have their names again."""
    for c in conversions:
        yield _rename(table, c.column, c.new)
        yield _rename(table, c.old, c.column)


def _rename(table: Relation, name: str, to: str) -> Statement:
    return ddl("ALTER TABLE {table} RENAME COLUMN {old} TO {new}", table=table, old=name, new=to)


def describe(table: Table, conversions: Conversions) -> Iterator[Statement]:
    """Comments and column privileges of the columns go to those that now have the names."""
    for conversion in conversions:
        yield from _described(table, table.column(conversion.column), conversion.column)


def describe_new(table: Table, conversions: Conversions) -> Iterator[Statement]:
    """The same to the new columns while they have names of their own, and what the planner is told of the old ones."""
    for conversion in conversions:
        column, new = table.column(conversion.column), conversion.new
        yield from _described(table, column, new)
        if column.statistics_target is not None:
            yield ddl("ALTER TABLE {t} ALTER COLUMN {c} SET STATISTICS {n}",
                      t=table.name, c=new, n=column.statistics_target)  # fmt: skip
        for key, _, value in (option.partition("=") for option in column.options):
            yield ddl("ALTER TABLE {t} ALTER COLUMN {c} SET ({k} = {v})", t=table.name, c=new, k=key, v=Literal(value))


def _described(table: Table, column: Column, name: str) -> Iterator[Statement]:
    if column.comment:
        yield ddl("COMMENT ON COLUMN {table}.{column} IS {comment}",
                  table=table.name, column=name, comment=Literal(column.comment))  # fmt: skip
    for grant in column.grants:
        yield ddl(
            "GRANT {privilege} ({column}) ON {table} TO {grantee} {option}", column=name, table=table.name,
            privilege=raw(Expression(grant.privilege)), grantee=grant.grantee or raw(Expression("PUBLIC")),
            option=raw(Expression("WITH GRANT OPTION" if grant.grantable else "")),
        )  # fmt: skip


def keep_spelling(table: Table, conversions: Conversions, after: Table) -> Step:
    """The old text of every value that the new type writes otherwise; none may mean something else.

    `after` is the table as it is after the switch: that is what the step walks.
    """
    names = tuple(c.column for c in conversions)
    old = joined([expression("t.{old}::text", old=c.old) for c in conversions])
    respelt = joined(
        [expression("t.{c}::text IS DISTINCT FROM t.{old}::text", c=c.column, old=c.old) for c in conversions], " OR "
    )
    apart = joined(
        [expression("t.{c} IS DISTINCT FROM {v}", c=c.column, v=raw(converted(table, c, c.old, "t")))
         for c in conversions], " OR ",
    )  # fmt: skip
    unkept = expression("({r}) AND NOT {n}", r=raw(respelt), n=raw(noted(after)))
    return Step(
        title=f"keep the old spelling of values of {table.name}", phase=Phase.CONTRACT,
        do=noting_batches(after, names, expression("ARRAY[{old}]", old=raw(old)), texts(names), respelt),
        undo=(FORGET,), locks=(Lock(table.name, LockMode.ACCESS_SHARE),), work=Work.BATCHES,
        proof=proof.no_row(table.name, expression("({u}) OR ({a})", u=raw(unkept), a=raw(apart))),
        why="nothing goes with the old columns that the new ones do not hold; stops where both disagree",
    )  # fmt: skip
