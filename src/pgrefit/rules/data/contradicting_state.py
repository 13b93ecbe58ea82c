"""A column that rows of one state have and rows of another have not, but for a few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Literal, Trusted, ddl, expression, joined, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, Row, catalog, is_text, known, named, rows_of, sample_of, scan
from pgrefit.rules.data._exact import examples, is_checked, shown
from pgrefit.rules.data._sample import Values, sampled_tables, samples

ROWS = 3000
FEWEST_ROWS = 100
FEWEST_OF_STATE = 15
MOST_STATES, LONGEST_STATE = 8, 40
MOST_COLUMNS, MOST_OPTIONAL = 8, 12
NEARLY = 0.04  # share of a state's rows that may have it, or may not
SELDOM = 0.02  # the same, of all rows of these states


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of the states `filled` have a value in `column`, those of the states `empty` have none; `broken` by rows."""

    table: Table
    state: Column
    column: Column
    filled: tuple[str, ...]
    empty: tuple[str, ...]
    rows: int
    broken: int

    @property
    def condition(self) -> Expression:
        """A condition on alias t: the row breaks it."""
        without = expression("t.{s}::text IN ({v}) AND t.{c} IS NULL", s=self.state.name, c=self.column.name,
                             v=_listed(self.filled))  # fmt: skip
        with_ = expression("t.{s}::text IN ({v}) AND t.{c} IS NOT NULL", s=self.state.name, c=self.column.name,
                           v=_listed(self.empty))  # fmt: skip
        return expression("({a} OR {b})", a=raw(without), b=raw(with_))

    def exceptions(self) -> Question:
        """Rows that break it."""
        return examples(self.table, (self.state.name, self.column.name), self.condition)


def _listed(values: tuple[str, ...]) -> Trusted:
    return raw(joined([expression("{v}", v=Literal(v)) for v in values]))


@dataclass(frozen=True, slots=True)
class States:
    """Of a table the columns of a few values, and those that some rows have not."""

    table: Table
    states: tuple[Column, ...]
    columns: tuple[Column, ...]

    def counts(self, states: tuple[Column, ...], rows: Expression, *, sampled: bool) -> Question:
        """Of each state its rows, and those with a value in each column."""
        filled = [expression("count(t.{c}) AS {n}", c=c.name, n=f"filled_{n}") for n, c in enumerate(self.columns)]
        listed = [expression("({n}, t.{s}::text)", n=n, s=state.name) for n, state in enumerate(states)]
        select = ddl(
            "SELECT v.number, v.state, count(*) AS rows, {filled} FROM {rows} AS t"
            " CROSS JOIN LATERAL (VALUES {listed}) AS v(number, state) WHERE v.state IS NOT NULL"
            " GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2",
            filled=raw(joined(filled)), rows=raw(rows), listed=raw(joined(listed)),
        )  # fmt: skip
        return Question(self.table.name, select, sampled=sampled)

    def sampled(self, observation: Observation) -> Question:
        """The same of all states, on some rows."""
        return self.counts(self.states, sample_of(observation, self.table, ROWS), sampled=True)

    def whole(self, observation: Observation) -> tuple[tuple[Column, ...], Question] | None:
        """The states that the sample bears out, and the question about them on all rows."""
        rows = rows_of(observation, self.sampled(observation)) or []
        telling = tuple(state for n, state in enumerate(self.states) if self._rules(state, n, rows))
        table = expression("{t}", t=self.table.name)
        return (telling, self.counts(telling, table, sampled=False)) if telling else None

    def rules(self, observation: Observation) -> Iterator[Rule]:
        """What nearly all rows keep to."""
        states, question = self.whole(observation) or ((), None)
        rows = (rows_of(observation, question) if question else None) or []
        for number, state in enumerate(states):
            yield from self._rules(state, number, rows)

    def _rules(self, state: Column, number: int, rows: list[Row]) -> list[Rule]:
        told = [row for row in rows if row.count("number") == number]
        pairs = ((n, c) for n, c in enumerate(self.columns) if not _is_settled(self.table, state, c))
        found = (_rule(self.table, state, column, told, n) for n, column in pairs)
        return [one for one in found if one]


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    for candidate in _candidates(observation):
        yield candidate.sampled(observation)
        whole = candidate.whole(observation)
        if whole:
            yield whole[1]
    yield from (found.exceptions() for found in _broken(observation))


def _candidates(observation: Observation) -> Iterator[States]:
    for table, columns in sampled_tables(observation):
        states = [v.column for v in columns if _is_state(table, v)]
        ranked = sorted(states, key=lambda column: column.type in WHOLE_TYPES)[:MOST_COLUMNS]
        optional = [v.column for v in columns if _is_optional(v)][:MOST_OPTIONAL]
        if ranked and optional:
            yield States(table, tuple(ranked), tuple(optional))


def _is_settled(table: Table, state: Column, column: Column) -> bool:
    return state == column or is_checked(table, state.name, column.name)


def _is_state(table: Table, values: Values) -> bool:
    column = values.column
    kind = column.type in {"boolean", *WHOLE_TYPES} or is_text(column)
    few = 2 <= values.different <= MOST_STATES and values.complete and values.longest <= LONGEST_STATE
    refers = any(column.name in key.columns for key in table.foreign_keys)
    return kind and few and values.filled >= FEWEST_ROWS and not refers and column.name not in table.primary_key


def _is_optional(values: Values) -> bool:
    empty = values.rows - values.filled
    return not values.column.not_null and values.rows >= FEWEST_ROWS and min(empty, values.filled) >= FEWEST_OF_STATE


def _rule(table: Table, state: Column, column: Column, rows: list[Row], number: int) -> Rule | None:
    """Where each state that has enough rows either has it or has it not, or leaves it open; some of both."""
    told = [(row.text("state"), row.count("rows"), row.count(f"filled_{number}")) for row in rows]
    told = [one for one in told if one[1] >= FEWEST_OF_STATE]
    filled = tuple(value for value, of_state, there in told if of_state - there <= NEARLY * of_state)
    empty = tuple(value for value, of_state, there in told if there <= NEARLY * of_state)
    within = sum(of_state for value, of_state, _ in told if value in {*filled, *empty})
    broken = sum(of_state - there if value in filled else there for value, of_state, there in told
                 if value in {*filled, *empty})  # fmt: skip
    clear = filled and empty and within >= FEWEST_ROWS and broken <= SELDOM * within
    return Rule(table, state, column, filled, empty, within, broken) if clear else None


def _broken(observation: Observation) -> tuple[Rule, ...]:
    """Of each column the rule that most rows are under, where some break it."""
    best: dict[str, Rule] = {}
    for found in (found for candidate in _candidates(observation) for found in candidate.rules(observation)):
        place = named(found.table, found.column.name)
        other = best.get(place)
        if other is None or (found.rows - found.broken) > (other.rows - other.broken):
            best[place] = found
    return tuple(found for found in best.values() if found.broken)


@rule(
    code="DAT020",
    title="State that another column contradicts",
    why=(
        "Paid without a day of payment, open with a day of closing: one of the two is wrong, each query believes"
        " another one, and nothing refuses the next such row."
    ),
    asks=_asks,
    example="""
        CREATE TABLE invoice (id int PRIMARY KEY, status text NOT NULL, settled_on date);
        INSERT INTO invoice SELECT n, CASE WHEN n % 3 = 0 THEN 'open' ELSE 'settled' END,
                                   CASE WHEN n % 3 > 0 THEN date '2024-01-01' + n % 90 END
        FROM generate_series(1, 600) AS n;
        UPDATE invoice SET settled_on = NULL WHERE id IN (7, 8);
        UPDATE invoice SET settled_on = '2024-02-02' WHERE id = 9;
        ANALYZE invoice;
    """,
    clean="""
        CREATE TABLE invoice (id int PRIMARY KEY, status text NOT NULL, settled_on date, note text, sent_on date,
                              CHECK ((status = 'settled') = (settled_on IS NOT NULL) OR id < 10));
        INSERT INTO invoice SELECT n, CASE WHEN n % 3 = 0 THEN 'open' ELSE 'settled' END,
                                   CASE WHEN n % 3 > 0 THEN date '2024-01-01' + n % 90 END,
                                   CASE WHEN n % 7 < 3 THEN 'note' END, CASE WHEN n % 3 > 0 THEN date '2024-01-01' END
        FROM generate_series(1, 600) AS n;
        UPDATE invoice SET settled_on = NULL WHERE id IN (7, 8);
        UPDATE invoice SET sent_on = NULL WHERE id % 9 = 1;
        ANALYZE invoice;
    """,
)
def contradicting_state(observation: Observation) -> Iterator[Finding]:
    """Columns that are filled in nearly all rows of some states and empty in nearly all of others, and a few rows."""
    for found in _broken(observation):
        state = found.state.name
        yield Finding(
            object=named(found.table, found.column.name),
            message=f"goes with {state}, and contradicts it in {found.broken:,} rows",
            severity=Severity.ERROR,
            evidence=known((
                catalog("state", state), scan("filled where it is", found.filled),
                scan("empty where it is", found.empty), scan("rows", found.rows),
                scan("rows that break it", found.broken),
                shown(observation, found.exceptions(), as_="for example"),
            )),
            advice=f"mend these rows, then refuse others by a CHECK over {state} and {found.column.name}",
            cost=Cost(rows=found.broken),
        )  # fmt: skip
