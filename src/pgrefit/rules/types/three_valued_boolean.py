"""A yes or no that can be neither."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_expression
from pgrefit.model.statistics import ColumnStatistics, TableStatistics
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, required
from pgrefit.rules._languages import english, meanings
from pgrefit.rules._names import words

STATES = frozenset({
    "active", "archived", "deleted", "disabled", "enabled", "hidden", "locked", "mandatory", "obsolete", "published",
    "readonly", "required", "suspended", "visible",
})  # fmt: skip
# What is not known until somebody says so.
DECISIONS = frozenset({
    "accept", "accepted", "agree", "agreed", "allow", "allowed", "answer", "answered", "approval", "approve",
    "approved", "attended", "certified", "cleared", "compliant", "confirm", "confirmed", "consent", "consented",
    "correct", "decision", "eligible", "granted", "helpful", "match", "matched", "opinion", "outcome", "passed",
    "positive", "qualified", "rejected", "reply", "response", "result", "reviewed", "satisfied", "signed", "success",
    "succeeded", "successful", "validated", "verified", "vote", "won", "win",
})  # fmt: skip
FEWEST_ROWS = 200
FEW = 0.3  # share of the rows without an answer, up to which it was left out rather than not known
FEW_NAMED = 0.6  # of one that asks: is_contractor
LEAST = 0.01  # share of either answer
FEWEST_TOGETHER = 10  # rows, of which chance would not leave as many without a flag as without a moment


@rule(
    code="TYP018",
    title="Yes or no that may be neither",
    why=(
        "Its default or its name says that there are two answers, yet a row may hold a third one: neither `WHERE flag`"
        " nor `WHERE NOT flag` finds it."
    ),
    example="CREATE TABLE member (id int PRIMARY KEY, public boolean DEFAULT true, is_active boolean);",
    clean="""
        CREATE TABLE member (id int PRIMARY KEY, active boolean NOT NULL DEFAULT true, agreed boolean,
                             public boolean DEFAULT false CHECK (public IS NOT NULL), answer boolean DEFAULT NULL,
                             left_on date, is_hidden boolean, CHECK ((left_on IS NULL) = (is_hidden IS NULL)));
    """,
)
def three_valued_boolean(observation: Observation) -> Iterator[Finding]:
    """For each table, boolean columns that are not required, with true or false as default or the name of a state.

    Also those in which but some rows have neither. What was not asked or decided yet (agreed, approved, correct) is a
    third answer that means something.
    """
    db = observation.snapshot

    def vague(table: Table, column: Column) -> bool:
        named_so = column.default is None and (_is_state(column.name) or _is_seldom_null(observation, table, column))
        two = column.default in {"true", "false"} or named_so
        decided = two and not column.generated
        optional = decided and not column.not_null and not column.type.endswith("[]")
        return optional and column.name not in required(db, table) and not _is_null_by_check(table, column)

    for table, columns in columns_of_type(observation, lambda type_: type_ == "boolean", vague):
        nulls = sum(_nulls(observation, table, column) for column in columns)
        yield Finding(
            object=str(table.name),
            message=f"may hold NULL where a yes or no is meant: {', '.join(column.name for column in columns)}",
            severity=Severity.WARNING if nulls else Severity.INFO,
            evidence=tuple(_evidence(observation, table, column) for column in columns),
            advice="fill what is NULL with the answer that is meant, then SET NOT NULL",
            cost=Cost(rows=nulls) if nulls else None,
        )


def _is_state(name: str) -> bool:
    return bool(STATES & set(english(name)[-1:]))


def _is_seldom_null(observation: Observation, table: Table, column: Column) -> bool:
    """Whether most rows, of many, have one of both answers, and some have none."""
    seen = statistics_of(observation, table)
    statistics = seen.column(column.name)
    if statistics is None or seen.rows < FEWEST_ROWS or DECISIONS & meanings(column.name):
        return False
    both = len(statistics.frequencies) == 2 and min(statistics.frequencies) >= LEAST
    if any(_as_often_null(seen, name, statistics) for name in _moments(table)):
        return False
    most = FEW_NAMED if words(column.name)[:1] in {("is",), ("has",)} else FEW
    return both and 0 < statistics.null_fraction <= most


def _moments(table: Table) -> tuple[str, ...]:
    return tuple(c.name for c in table.columns if c.type == "date" or c.type.startswith("timestamp"))


def _as_often_null(seen: TableStatistics, moment: str, statistics: ColumnStatistics) -> bool:
    """Whether the flag waits for that moment: outcome beside closed_at, both empty in the same share of the rows."""
    other = seen.column(moment)
    empty = statistics.null_fraction * seen.rows >= FEWEST_TOGETHER
    return empty and other is not None and other.null_fraction == statistics.null_fraction


def _is_null_by_check(table: Table, column: Column) -> bool:
    """Whether a check ties what is NULL in it to another column."""
    checks = (check for check in table.checks if column.name in check.columns and len(check.columns) > 1)
    return any(check.expression and _tests_null(check.expression, column.name) for check in checks)


def _tests_null(condition: Expression, name: str) -> bool:
    try:
        tests = (node.null_test for node in nodes(parse_expression(condition)) if node.HasField("null_test"))
        return any(test.arg.column_ref.fields[-1:] and test.arg.column_ref.fields[-1].string.sval == name
                   for test in tests)  # fmt: skip
    except UnreadableError:
        return False


def _nulls(observation: Observation, table: Table, column: Column) -> int:
    """Rows without an answer, as estimated."""
    seen = statistics_of(observation, table)
    statistics = seen.column(column.name)
    return round(max(seen.rows, 0) * statistics.null_fraction) if statistics else 0


def _evidence(observation: Observation, table: Table, column: Column) -> Evidence:
    nulls = _nulls(observation, table, column)
    default = column.default or "none"
    return statistic(f"NULL in {column.name}", nulls) if nulls else catalog(f"default of {column.name}", default)
