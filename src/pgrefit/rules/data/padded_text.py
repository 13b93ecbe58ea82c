"""Blanks around a text."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Literal, expression
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import is_text, known, named, row_of, scan, statistics_of
from pgrefit.rules.data._alike_keys import alike_keys
from pgrefit.rules.data._exact import by_value, counted, examples, how_many, shown
from pgrefit.rules.data._meanings import FREE_TEXT, means
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables, samples
from pgrefit.rules.data._spellings import listed_columns
from pgrefit.rules.data._typed import typed_names

PROSE = 100  # characters of the longest from which on a text is no label
LARGE = 1_000_000  # rows; of a larger table only columns are read in whose sample there is one
BLANKS = " \t\r\n\f\v\u00a0\u2007\u202f\u3000\u200b\ufeff"


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    for listed in listed_columns(observation):
        yield by_value(listed.table, listed.column.name)
    for key in alike_keys(observation):
        yield key.question()
    for table, names in _labels(observation):
        yield _counts(table, names)
        row = row_of(observation, _counts(table, names))
        for n, name in enumerate(names):
            if row and row.count(f"padded_{n}"):
                yield _examples(table, name)


def _labels(observation: Observation) -> Iterator[tuple[Table, tuple[str, ...]]]:
    """Of each table the columns whose texts are short; at the end of a text for people a blank is nothing."""
    for table, columns in sampled_tables(observation):
        large = statistics_of(observation, table).rows > LARGE
        labels = (v for v in columns if _is_label(v) and (not large or any(map(_is_padded, v.common))))
        names = tuple(v.column.name for v in labels if (table.name, v.column.name) not in typed_names(observation))
        if names:
            yield table, names


def _is_label(values: Values) -> bool:
    column = values.column
    fixed = column.type.startswith("character(")
    short = values.filled >= FEWEST_ROWS and values.longest <= PROSE
    prose = means(column, FREE_TEXT) and not any(text.endswith("\r") for text in values.common)  # of an import
    return is_text(column) and not fixed and not column.generated and not prose and short


def _is_padded(text: str) -> bool:
    return text != text.strip(BLANKS)


def _padded(column: str) -> Expression:
    """Of texts of one line: in those of several, blanks lay out what is there."""
    return expression(
        "t.{c}::text <> btrim(t.{c}::text, {blanks}) AND btrim(t.{c}::text, {blanks}) !~ {line}",
        c=column, blanks=Literal(BLANKS), line=Literal(r"[\r\n]"),
    )  # fmt: skip


def _counts(table: Table, names: tuple[str, ...]) -> Question:
    counts = {f"padded_{n}": how_many(_padded(name)) for n, name in enumerate(names)}
    blank = {
        f"blank_{n}": how_many(expression("t.{c} <> '' AND btrim(t.{c}::text, {b}) = ''", c=name, b=Literal(BLANKS)))
        for n, name in enumerate(names)
    }
    return counted(table, {"rows": Expression("count(*)")} | counts | blank)


def _examples(table: Table, name: str) -> Question:
    return examples(table, (name,), _padded(name))


def _of_other_rules(observation: Observation) -> set[str]:
    """Columns in which blanks make one value look like two: other rules tell more of them."""
    drifted = {named(x.table, x.column.name) for x in listed_columns(observation) if x.variants(observation)}
    return drifted | {named(k.table, k.column.name) for k in alike_keys(observation) if k.collisions(observation)}


@rule(
    code="DAT007",
    title="Text with blanks around it",
    why="It looks like the same text without them and is not equal to it: lookups and joins pass the row by.",
    asks=_asks,
    example="""
        CREATE TABLE town (id int PRIMARY KEY, name text NOT NULL);
        INSERT INTO town SELECT n, 'Town ' || n FROM generate_series(1, 100) AS n;
        INSERT INTO town VALUES (101, 'Springfield '), (102, ' Shelbyville');
        ANALYZE town;
    """,
    clean="""
        CREATE TABLE town (id int PRIMARY KEY, name text NOT NULL, code char(8), body text, separator text);
        INSERT INTO town SELECT n, 'Town ' || n, 'T' || n, E'In a valley.\n', ', ' FROM generate_series(1, 100) AS n;
        ANALYZE town;
    """,
)
def padded_text(observation: Observation) -> Iterator[Finding]:
    """Short texts, in whatever row, that begin or end with a blank, a tab or a line break."""
    told = _of_other_rules(observation)
    for table, names in _labels(observation):
        row = row_of(observation, _counts(table, names))
        for n, name in enumerate(names):
            if row and row.count(f"padded_{n}") and named(table, name) not in told:
                yield Finding(
                    object=named(table, name),
                    message="has blanks around some of its texts",
                    severity=Severity.WARNING,
                    evidence=known((
                        scan("rows", row.count("rows")), scan("with blanks around", row.count(f"padded_{n}")),
                        scan("of nothing but blanks", row.count(f"blank_{n}")),
                        shown(observation, _examples(table, name), as_="with blanks around, for example"),
                    )),
                    advice="trim them, then refuse others by a check: CHECK (column = btrim(column))",
                    cost=Cost(rows=row.count(f"padded_{n}")),
                )  # fmt: skip
