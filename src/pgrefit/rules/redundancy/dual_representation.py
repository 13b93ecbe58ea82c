"""Two columns of one table that say the same thing, one of them as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Literal, ddl, expression, raw
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import (
    SAMPLE_KEYS,
    Row,
    is_empty,
    is_numeric,
    is_text,
    key_columns,
    known,
    named,
    row_of,
    rows_of,
    sampled_values,
    scan,
    statistics_of,
    tables,
)
from pgrefit.rules._names import shared_words

MINUTES = "^[0-9]{1,6}:[0-5][0-9]$"
HOURS = "^[0-9]{1,6}:[0-5][0-9]:[0-5][0-9]$"
MOST_LIKELY = 20  # a word that more columns share tells nothing
NUMBER = r"^[+-]?[0-9]{1,15}(\.[0-9]{1,15})?$"
DAY = "^[0-9]{4}-[0-1][0-9]-[0-3][0-9]([T ].*)?$"
LOOKS = re.compile("|".join((MINUTES, HOURS, NUMBER, DAY)))
MOMENTS = ("date", "timestamp without time zone", "timestamp with time zone")
FEWEST_ROWS = 20
ENOUGH = 0.9


@dataclass(frozen=True, slots=True)
class Pair:
    """A text column and the column that has the same in a type of its own."""

    table: Table
    text: Column
    typed: Column

    @property
    def values(self) -> tuple[Expression, Expression]:
        """Both (alias t) as values of one type; the text's is NULL where it does not parse."""
        text = expression("btrim(t.{c}::text)", c=self.text.name)
        typed = expression("t.{c}", c=self.typed.name)
        if self.typed.type in MOMENTS:
            return (_day(text), expression("to_char({c}, 'YYYY-MM-DD')", c=raw(typed)))
        seconds = expression("extract(epoch FROM {c})", c=raw(typed)) if self.typed.type == "interval" else typed
        return (_number(text), expression("({c})::numeric", c=raw(seconds)))


def _number(text: Expression) -> Expression:
    """h:mm:ss and mm:ss in seconds, or a plain number."""
    return expression(
        "CASE WHEN {t} ~ {hours} THEN split_part({t}, ':', 1)::numeric * 3600 + split_part({t}, ':', 2)::numeric * 60"
        " + split_part({t}, ':', 3)::numeric"
        " WHEN {t} ~ {minutes} THEN split_part({t}, ':', 1)::numeric * 60 + split_part({t}, ':', 2)::numeric"
        " WHEN {t} ~ {number} THEN {t}::numeric END",
        t=raw(text), hours=Literal(HOURS), minutes=Literal(MINUTES), number=Literal(NUMBER),
    )  # fmt: skip


def _day(text: Expression) -> Expression:
    return expression("CASE WHEN {t} ~ {day} THEN left({t}, 10) END", t=raw(text), day=Literal(DAY))


def _asks(observation: Observation) -> Iterator[Question]:
    for pair in _pairs(observation):
        yield _counts(pair)
        row = row_of(observation, _counts(pair))
        if row and _says_the_same(row) and row.count("disagreeing"):
            yield _examples(pair)


def _pairs(observation: Observation) -> Iterator[Pair]:
    for table in tables(observation):
        keys = key_columns(table)
        typed = [c for c in table.columns if c.name not in keys and _comparable(c)]
        texts = [c for c in table.columns if c.name not in keys and is_text(c)] if typed else []
        if is_empty(observation, table):
            continue
        for text in texts:
            likely = [c for c in typed if shared_words(text.name, c.name)]
            if 0 < len(likely) <= MOST_LIKELY and _looks_typed(observation, table, text):
                yield from (Pair(table, text, c) for c in likely)


def _comparable(column: Column) -> bool:
    return is_numeric(column) or column.type in {*MOMENTS, "interval", "double precision", "real"}


def _looks_typed(observation: Observation, table: Table, column: Column) -> bool:
    statistics = statistics_of(observation, table).column(column.name)
    values = (*statistics.values, *statistics.bounds) if statistics else ()
    return not values or sum(bool(LOOKS.match(value.strip())) for value in values) * 2 >= len(values)


def _counts(pair: Pair) -> Question:
    text, typed = pair.values
    select = ddl(
        "SELECT count(*) AS rows, count(s.text) AS texts, count(s.parsed) FILTER (WHERE s.typed IS NOT NULL) AS both,"
        " count(*) FILTER (WHERE s.parsed = s.typed) AS agreeing,"
        " count(*) FILTER (WHERE s.parsed <> s.typed) AS disagreeing,"
        " count(*) FILTER (WHERE s.text IS NOT NULL AND s.parsed IS NULL) AS unparsed,"
        " count(DISTINCT s.parsed) AS different"
        " FROM (SELECT t.{column}::text AS text, {parsed} AS parsed, {typed} AS typed FROM {table} AS t) AS s",
        column=pair.text.name, parsed=raw(text), typed=raw(typed), table=pair.table.name,
    )  # fmt: skip
    return Question(pair.table.name, select)


def _examples(pair: Pair) -> Question:
    text, typed = pair.values
    select = ddl(
        "SELECT 'row' AS kind, t.{text}::text || ' ≠ ' || t.{typed}::text AS value FROM {table} AS t"
        " WHERE {parsed} <> {value} ORDER BY value LIMIT {limit}",
        text=pair.text.name, typed=pair.typed.name, table=pair.table.name, parsed=raw(text), value=raw(typed),
        limit=SAMPLE_KEYS,
    )  # fmt: skip
    return Question(pair.table.name, select)


def _says_the_same(row: Row) -> bool:
    both, texts = row.count("both"), row.count("texts")
    telling = both >= FEWEST_ROWS and both * 2 >= texts and row.count("different") > 2
    return telling and row.count("agreeing") >= ENOUGH * both


@rule(
    code="RED002",
    title="The same value twice, once as text",
    why="Whoever changes the one must remember the other; rows in which they disagree have no right answer.",
    asks=_asks,
    example="""
        CREATE TABLE track (id int PRIMARY KEY, length text, length_seconds int);
        INSERT INTO track SELECT n, n / 60 || ':' || lpad((n % 60)::text, 2, '0'), n FROM generate_series(1, 200) AS n;
        UPDATE track SET length = '9:59' WHERE id = 7;
        ANALYZE track;
    """,
    clean="""
        CREATE TABLE track (id int PRIMARY KEY, length text, length_of_title int, opened text, opened_at timestamptz);
        INSERT INTO track SELECT n, n / 60 || ':' || lpad((n % 60)::text, 2, '0'), n % 13, 'by hand', now()
        FROM generate_series(1, 200) AS n;
        ANALYZE track;
    """,
)
def dual_representation(observation: Observation) -> Iterator[Finding]:
    """Text columns that repeat a typed column of the same table."""
    for pair in _pairs(observation):
        row = row_of(observation, _counts(pair))
        if row and _says_the_same(row):
            yield _finding(observation, pair, row)


def _finding(observation: Observation, pair: Pair, row: Row) -> Finding:
    disagreeing = row.count("disagreeing")
    examples = sampled_values(rows_of(observation, _examples(pair)), "row")
    return Finding(
        object=named(pair.table, pair.text.name),
        message=f"says as text what {pair.typed.name} ({pair.typed.type}) says"
        + (", and in some rows something else" if disagreeing else ""),
        severity=Severity.WARNING if disagreeing else Severity.INFO,
        evidence=known((
            scan("rows", row.count("rows")), scan("agreeing", row.count("agreeing")), scan("disagreeing", disagreeing),
            scan("not parsable", row.count("unparsed")), scan("disagreeing, for example", examples),
        )),
        advice=f"keep {pair.typed.name}, and make the text from it where it is shown",
    )  # fmt: skip
