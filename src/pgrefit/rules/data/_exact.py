"""Exact questions about the whole of a table, and rows of it as examples."""

from __future__ import annotations

from collections.abc import Mapping

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.finding import Evidence
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import NotAnExpressionError, columns_of, nodes, parse_expression
from pgrefit.rules._ask import SAMPLE_KEYS, rows_of, scan
from pgrefit.rules.data._sample import row_key

MOST_VALUES = 200  # different ones that a column is grouped into


def counted(table: Table, counts: Mapping[str, Expression]) -> Question:
    """Aggregates over all rows (alias t), each under its name."""
    listed = [expression("{value} AS {name}", value=raw(value), name=name) for name, value in counts.items()]
    return Question(table.name, ddl("SELECT {listed} FROM {t} AS t", listed=raw(joined(listed)), t=table.name))


def how_many(condition: Expression) -> Expression:
    """An aggregate: rows (alias t) that meet a condition."""
    return expression("count(*) FILTER (WHERE {condition})", condition=raw(condition))


def by_value(table: Table, column: str) -> Question:
    """How many rows each value of a column has, the most common first."""
    select = ddl(
        "SELECT t.{c}::text AS value, count(*) AS rows FROM {t} AS t WHERE t.{c} IS NOT NULL"
        " GROUP BY t.{c}::text ORDER BY 2 DESC, 1 LIMIT {most}",
        c=column, t=table.name, most=MOST_VALUES + 1,
    )  # fmt: skip
    return Question(table.name, select)


def examples(table: Table, columns: tuple[str, ...], condition: Expression) -> Question:
    """A few rows (alias t) that meet a condition: 'key: values of the columns'."""
    shown = [expression("coalesce(left(t.{c}::text, 60), 'NULL')", c=c) for c in columns]
    select = ddl(
        "SELECT {key} || ': ' || concat_ws(', ', {shown}) AS value FROM {t} AS t WHERE {condition} LIMIT {limit}",
        key=raw(row_key(table)), shown=raw(joined(shown)), t=table.name, condition=raw(condition), limit=SAMPLE_KEYS,
    )  # fmt: skip
    return Question(table.name, select)


def shown(observation: Observation, question: Question, *, as_: str) -> Evidence:
    """What `examples` found."""
    return scan(as_, tuple(row.text("value") for row in rows_of(observation, question) or ()))


def any_of(column: str, values: tuple[str, ...]) -> Expression:
    """A condition: the column (alias t), as text, is one of the values."""
    listed = raw(joined([expression("{v}", v=Literal(v)) for v in values]))
    return expression("t.{c}::text IN ({values})", c=column, values=listed)


def is_checked(table: Table, *columns: str) -> bool:
    """Whether a check constraint is about all of these columns."""
    return any(set(columns) <= set(check.columns or _read(check.expression)) for check in table.checks)


def refuses_null(table: Table, column: str) -> bool:
    """Whether a validated check says that the column is never NULL."""
    return any(
        check.validated and check.expression and _null_test(check.expression) and column in _read(check.expression)
        for check in table.checks
    )


def _read(condition: Expression | None) -> tuple[str, ...]:
    try:
        return columns_of(condition) if condition else ()
    except NotAnExpressionError:
        return ()


def _null_test(condition: Expression) -> bool:
    try:
        return any(node.HasField("null_test") for node in nodes(parse_expression(condition)))
    except NotAnExpressionError:
        return False
