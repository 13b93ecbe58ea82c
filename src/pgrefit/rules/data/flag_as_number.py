"""Yes and no kept as 1 and 0."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, expression, raw
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_expression
from pgrefit.rules._ask import WHOLE_TYPES, catalog, key_columns, named, row_of, scan
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import reference_name, singular, words
from pgrefit.rules.data._alike_keys import in_unique_key
from pgrefit.rules.data._exact import counted, how_many, is_checked
from pgrefit.rules.data._meanings import ENUMERATIONS, is_flag_like
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables, samples

NARROW = (*WHOLE_TYPES, "numeric(1,0)")
NARROWEST = ("smallint", "numeric(1,0)")
MANY_ROWS = 200
PAIRS = {frozenset({"0", "1"}): ("1", "0"), frozenset({"0", "-1"}): ("-1", "0")}  # yes and no; as Access has it
NAMED = {frozenset({"1", "2"}): ("1", "2")}  # of a column whose name asks
LEAST = 0.01  # share of the rarer of the two
COMMON, ENOUGH = 0.15, 500  # the same, and rows of which some would be 2
COUNTED = {
    "count", "number", "total", "amount", "quantity", "sum", "size", "length", "width", "height", "depth", "weight",
    "score", "rating", "point", "grade", "level", "floor", "rank", "order", "position", "place", "index", "offset",
    "sequence", "seq", "step", "stage", "phase", "round", "lap", "turn", "try", "attempt", "retry", "dose", "day",
    "week", "month", "year", "hour", "minute", "second", "duration", "age", "version", "revision", "generation",
    "digit", "decimal", "precision", "scale", "bit", "parity", "value", "delta", "change", "balance", "stock", "limit",
    "minimum", "maximum", "capacity", "percent", "rate", "price", "cost", "fee", "tax", "discount", "gender", "code",
    "category", "group", "slot", "lane", "seat", "unit", "goal", "child", "baby", "guest", "label", "target",
    "port", "pin", "team", "side", "player", "pole", "axis", "channel", "bank", "shard", "bucket", "replica",
    "quality", "qos", "zone", "line",
}  # fmt: skip


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (_counts(*flag) for flag in _flags(observation))


def _flags(observation: Observation) -> Iterator[tuple[Table, Column, tuple[str, str]]]:
    """Columns of two numbers, and these."""
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        for values in columns:
            column = values.column
            pair = _pair(values) if column.type in NARROW and values.filled >= FEWEST_ROWS else None
            if pair and column.name not in keys and _is_flag(table, values):
                yield table, column, pair


def _pair(values: Values) -> tuple[str, str] | None:
    """The numbers of yes and no, where there is no third one."""
    both = frozenset(values.common)
    return PAIRS.get(both) or (NAMED.get(both) if is_flag_like(values.column) else None)


def _is_flag(table: Table, values: Values) -> bool:
    """By its name; or, where the name says nothing of a number, by a type that holds hardly more, in many rows.

    Or by two values so common that among what is counted a third one would be there.
    """
    column = values.column
    seldom = min(values.common.values()) >= LEAST * values.filled
    common = min(values.common.values()) >= COMMON * values.filled and values.filled >= ENOUGH
    narrow = (column.type in NARROWEST and values.filled >= MANY_ROWS and seldom) or common
    said = meanings(column.name)
    counts = said & (COUNTED | ENUMERATIONS) or any(word != singular(word) for word in words(column.name))
    counts = counts or in_unique_key(table, column.name) or _may_be_more(table, column)  # which of several it is
    return is_flag_like(column) or (narrow and not counts and not reference_name(column.name).marked)


def _may_be_more(table: Table, column: Column) -> bool:
    """Whether a check lets other numbers in: 0, 1 and 2."""
    checks = (check.expression for check in table.checks if column.name in check.columns and check.expression)
    return any(_highest(expression_) > 1 for expression_ in checks)


def _highest(condition: Expression) -> int:
    try:
        found = (n.a_const.ival.ival for n in nodes(parse_expression(condition)) if n.HasField("a_const"))
        return max(found, default=0)
    except UnreadableError:
        return 0


def _counts(table: Table, column: Column, pair: tuple[str, str]) -> Question:
    yes, no = (raw(Expression(number)) for number in pair)
    return counted(table, {
        "rows": Expression("count(*)"), "ones": how_many(expression("t.{c} = {yes}", c=column.name, yes=yes)),
        "zeros": how_many(expression("t.{c} = {no}", c=column.name, no=no)),
        "others": how_many(expression("t.{c} NOT IN ({no}, {yes})", c=column.name, no=no, yes=yes)),
    })  # fmt: skip


@rule(
    code="DAT002",
    title="Flag kept as a number",
    why="Nothing says what 2 or -1 would mean, and every condition has to know which number was chosen for yes.",
    asks=_asks,
    example="""
        CREATE TABLE account (id int PRIMARY KEY, is_active smallint NOT NULL);
        INSERT INTO account SELECT n, (n % 4 > 0)::int FROM generate_series(1, 100) AS n;
        ANALYZE account;
    """,
    clean="""
        CREATE TABLE account (id int PRIMARY KEY, is_active boolean NOT NULL, retries int, failed_count int,
                              is_level int);
        INSERT INTO account SELECT n, n % 4 > 0, n % 2, n % 2, n % 3 FROM generate_series(1, 100) AS n;
        ANALYZE account;
    """,
)
def flag_as_number(observation: Observation) -> Iterator[Finding]:
    """Whole numbers that are 0 or 1, or 0 or -1, under a name that asks for yes or no, or in the smallest type."""
    for table, column, (yes, no) in _flags(observation):
        row = row_of(observation, _counts(table, column, (yes, no)))
        if row and not row.count("others"):
            checked = is_checked(table, column.name)
            yield Finding(
                object=named(table, column.name),
                message=f"{column.type} that is {no} or {yes} in every row: a boolean",
                severity=Severity.INFO,
                evidence=(
                    scan("rows", row.count("rows")), scan(yes, row.count("ones")), scan(no, row.count("zeros")),
                    catalog("has a check", checked),
                ),
                advice="add a boolean column, fill it from this one, and let the new version use it",
            )  # fmt: skip
