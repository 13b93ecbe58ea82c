"""Lines `Label: value` in a free text: data that has columns of its own, or should have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes.extract_text import ExtractText, Field
from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import (
    Row,
    is_empty,
    is_numeric,
    is_text,
    key_columns,
    named,
    row_of,
    rows_of,
    sample_of,
    scan,
    statistics_of,
    tables,
)
from pgrefit.rules._names import same_quantity, words
from pgrefit.rules._purposes import is_landed
from pgrefit.rules.data._sample import samples
from pgrefit.rules.redundancy import _templates as templates
from pgrefit.rules.redundancy._phrases import phrases

ROWS = 2000
COVERAGE = 0.05  # share of rows with the line
MOSTLY, NEARLY_ALL = 0.5, 0.9  # where a label stands alone: of the rows, and of its values that are one word
FEWEST_ROWS = 20
MOST_LABELS = 12
MOST_NAME = 3  # words of a label
NARROWEST = 12  # mean bytes of a text that may hold such lines
LINE = r"^[ \t]*([[:alpha:]][[:alnum:] _/()-]{0,38}[[:alnum:])])[ \t]*:(?:[ \t]+([^\r\n]*?))?[ \t]*$"
UNIT = r"^[+-]?[0-9]+(?:\.[0-9]+)?[ \t]*([[:alpha:]%]{0,8})$"


@dataclass(frozen=True, slots=True)
class Label:
    """A label that recurs: in how many sampled rows, the unit after its numbers ('' where it is none)."""

    text: str
    rows: int
    unit: str
    target: Column | None


def _asks(observation: Observation) -> Iterator[Question]:
    for table, column in _texts(observation):
        yield _lines(observation, table, column)
        yield from templates.questions(observation, table, column)
        labels = _labels(observation, table, column)
        if labels:
            yield _counts(table, column, labels)
    yield from samples(observation)
    yield from (phrase.question() for phrase in phrases(observation).values())


def _texts(observation: Observation) -> Iterator[tuple[Table, Column]]:
    """Text columns that are no keys, and wide enough as far as is known."""
    for table in tables(observation):
        if is_empty(observation, table):
            continue
        keys = key_columns(table)
        landed = is_landed(table)  # where what came is kept as it came
        kept = (c for c in table.columns if is_text(c) and not (landed and c.not_null))
        texts = [c for c in kept if c.name not in keys and not c.generated]
        statistics = statistics_of(observation, table) if texts else None
        for column in texts:
            seen = statistics.column(column.name) if statistics else None
            if seen is None or seen.average_width >= NARROWEST:
                yield table, column


def _lines(observation: Observation, table: Table, column: Column) -> Question:
    select = ddl(
        "WITH s AS MATERIALIZED (SELECT row_number() OVER () AS number, t.{c}::text AS text FROM {sample} AS t)"
        " SELECT l.line[1] AS label, count(DISTINCT s.number) AS rows, (SELECT count(*) FROM s) AS sampled,"
        " count(DISTINCT l.line[2]) AS different,"
        " count(*) FILTER (WHERE l.line[2] ~ {unit}) AS numbers, count(*) FILTER (WHERE l.line[2] !~ '\\s') AS single,"
        " mode() WITHIN GROUP (ORDER BY substring(l.line[2] FROM {unit})) AS unit"
        " FROM s CROSS JOIN LATERAL regexp_matches(s.text, {line}, 'gn') AS l(line)"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}",
        c=column.name, sample=raw(sample_of(observation, table, ROWS)), unit=Literal(UNIT), line=Literal(LINE),
        limit=MOST_LABELS,
    )  # fmt: skip
    return Question(table.name, select)


def _labels(observation: Observation, table: Table, column: Column) -> tuple[Label, ...]:
    """The labels that recur: those with a column of the same name; without one at least two, or one of most texts."""
    rows = rows_of(observation, _lines(observation, table, column)) or []
    varied = [row for row in rows if row.count("different") > 1]
    often = [row for row in varied if row.count("rows") >= COVERAGE * row.count("sampled") and row.count("rows") > 1]
    recurring = [row for row in often if _is_label(row)]
    others = [c for c in table.columns if c.name != column.name and not c.generated]
    labels = [_label(row, others) for row in recurring]
    telling = any(label.target for label in labels) or len(labels) > 1 or any(map(_is_in_most, recurring))
    return tuple(labels) if telling else ()


def _is_label(row: Row) -> bool:
    """A name rather than a clause, unless one word is behind it as often as not."""
    return len(row.text("label").split()) <= MOST_NAME or row.count("single") >= NEARLY_ALL * row.count("rows")


def _is_in_most(row: Row) -> bool:
    """A label of most texts with one word behind it, which is no prose: an address, a number, a code."""
    most, words_ = row.count("rows") >= MOSTLY * row.count("sampled"), row.count("rows") - row.count("single")
    return most and row.count("sampled") >= FEWEST_ROWS and words_ <= (1 - NEARLY_ALL) * row.count("rows")


def _label(row: Row, columns: list[Column]) -> Label:
    text, mostly_numbers = row.text("label"), row.count("numbers") * 2 > row.count("rows")
    fitting = [c for c in columns if same_quantity(text, c.name) and _takes(c, numbers=mostly_numbers)]
    target = min(fitting, key=lambda c: len(words(c.name)), default=None)
    return Label(text, row.count("rows"), row.text("unit") if mostly_numbers else "", target)


def _takes(column: Column, *, numbers: bool) -> bool:
    return is_text(column) or (numbers and is_numeric(column))


def _fields(labels: tuple[Label, ...]) -> list[Field]:
    fields = [
        Field(label=label.text, target=label.target.name, type=label.target.type, unit=label.unit)
        for label in labels
        if label.target
    ]
    return list({field.target: field for field in reversed(fields)}.values())[::-1]


def _counts(table: Table, column: Column, labels: tuple[Label, ...]) -> Question:
    fields = _fields(labels)
    numbers = range(len(fields))
    tests = [_tests(column, field, i) for i, field in enumerate(fields)] or [Expression("true AS none")]
    counts = [
        expression(
            "count(*) FILTER (WHERE s.{line}) AS {lines}, count(*) FILTER (WHERE s.{line} AND s.{empty}) AS {empty},"
            " count(*) FILTER (WHERE s.{line} AND NOT s.{value}) AS {unparsed}",
            line=f"line_{i}", empty=f"empty_{i}", value=f"value_{i}", lines=f"lines_{i}", unparsed=f"unparsed_{i}",
        )
        for i in numbers
    ]  # fmt: skip
    unparsed = [expression("s.{line} AND NOT s.{value}", line=f"line_{i}", value=f"value_{i}") for i in numbers]
    misplaced = [expression("s.{value} AND s.{empty}", value=f"value_{i}", empty=f"empty_{i}") for i in numbers]
    counts += [_rows_with(unparsed, "unparsed"), _rows_with(misplaced, "misplaced")]
    select = ddl(
        "SELECT count(*) AS rows, {counts} FROM (SELECT {tests} FROM {table} AS t OFFSET 0) AS s",
        counts=raw(joined(counts)), tests=raw(joined(tests)), table=table.name,
    )  # fmt: skip
    return Question(table.name, select)


def _tests(column: Column, field: Field, number: int) -> Expression:
    """Whether the row has the line, with a value that parses, and an empty column for it; each pattern tried once."""
    return expression(
        "t.{c} ~ {has_line} AS {line}, (t.{c} ~ {has_line} AND t.{c} ~ {has_value}) AS {value},"
        " t.{target} IS NULL AS {empty}",
        c=column.name, has_line=Literal(field.line), has_value=Literal(field.pattern), target=field.target,
        line=f"line_{number}", value=f"value_{number}", empty=f"empty_{number}",
    )  # fmt: skip


def _rows_with(conditions: list[Expression], name: str) -> Expression:
    """How many rows meet one of the conditions."""
    any_of = joined(conditions, " OR ") if conditions else Expression("false")
    return expression("count(*) FILTER (WHERE {any_of}) AS {name}", any_of=raw(any_of), name=name)


@rule(
    code="RED003",
    title="Data kept as lines of a free text",
    why=(
        "Such values cannot be indexed, typed or required; every reader parses them anew, each in its own way, and the"
        " lines that do not parse are lost without a word."
    ),
    asks=_asks,
    example=r"""
        CREATE TABLE memo (id int PRIMARY KEY, body text NOT NULL, file_url text, duration_seconds numeric(8, 2));
        INSERT INTO memo (id, body)
        SELECT n, E'Said.\nFile URL: https://example.org/' || n || E'\nDuration: ' || n || '.5s'
        FROM generate_series(1, 30) AS n;
        INSERT INTO memo SELECT n, 'Only words here.', 'https://example.org/' || n, n FROM generate_series(31, 90) AS n;
        INSERT INTO memo VALUES (91, E'As I said.\nDuration: twelve seconds');
        ANALYZE memo;
    """,
    clean=r"""
        CREATE TABLE memo (id int PRIMARY KEY, body text NOT NULL, file_url text, duration_seconds numeric(8, 2));
        INSERT INTO memo SELECT n, E'Think of this: it rains.\nSee https://example.org/' || n, 'https://x.org/' || n, n
        FROM generate_series(1, 90) AS n;
        INSERT INTO memo VALUES (91, E'Duration: long', 'https://example.org/91', 3);
        ANALYZE memo;
    """,
)
def metadata_in_text(observation: Observation) -> Iterator[Finding]:
    """Texts in which the same labels begin lines of many rows, or that are written by another template."""
    written_by = phrases(observation)
    wide = {(table.name, column.name) for table, column in _texts(observation)}
    short = (phrase for place, phrase in written_by.items() if phrase.is_certain and place not in wide)
    yield from filter(None, (phrase.finding(observation) for phrase in short))
    for table, column in _texts(observation):
        labels = _labels(observation, table, column)
        row = row_of(observation, _counts(table, column, labels)) if labels else None
        if row and (row.count("misplaced") or not _fields(labels)):
            yield _finding(table, column, labels, row)
        elif not labels:
            phrase = written_by.get((table.name, column.name))
            written = templates.finding(observation, table, column) or (phrase and phrase.finding(observation))
            yield from [written] if written else []


def _finding(table: Table, column: Column, labels: tuple[Label, ...], row: Row) -> Finding:
    fields = _fields(labels)
    names = ", ".join(f"“{label.text}”" for label in labels)
    return Finding(
        object=named(table, column.name),
        message=f"free text carries data as lines labelled {names}",
        severity=Severity.WARNING if fields else Severity.INFO,
        evidence=tuple(_evidence(labels, row)),
        remedy=(ExtractText(table=table.name, column=column.name, fields=tuple(fields)),) if fields else (),
        advice="" if fields else "give each of these a column of its own type",
    )


def _evidence(labels: tuple[Label, ...], row: Row) -> Iterator[Evidence]:
    fields = _fields(labels)
    yield scan("rows", row.count("rows"))
    for i, field in enumerate(fields):
        yield scan(f"rows with “{field.label}:”", row.count(f"lines_{i}"))
        yield scan(f"of these, {field.target} is empty", row.count(f"empty_{i}"))
        yield scan(f"of these, not parsable as {field.type}", row.count(f"unparsed_{i}"))
    if fields:
        yield scan("rows with a value that could be in its column", row.count("misplaced"))
        yield scan("rows with a line that does not parse", row.count("unparsed"))
    without = [label for label in labels if label.text not in {field.label for field in fields}]
    for label in without:
        yield Evidence(measure=f"rows with “{label.text}:”, which has no column", value=label.rows, source="sample")
