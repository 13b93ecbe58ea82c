"""Texts that a program wrote by a template: pairs of name and value in a row, a date before what is said.

Others are found by the words that nearly all sampled texts share, in one order, with little between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, named, row_of, sample_of, scan

ROWS = 1000
FEWEST_ROWS = 20
NAME = "[[:alpha:]][[:alnum:]_. -]{0,30}"
WORD = "[[:alpha:]][[:alnum:]_.-]{0,30}"
DAY = "[12][0-9]{3}-[01][0-9]-[0-3][0-9]"
LOCAL_DAY = r"[0-3]?[0-9][./-][0-3]?[0-9][./-](19|20)[0-9]{2}"
TIME = "([T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9])?(Z|[+-][0-9:]{2,5})?)?"


@dataclass(frozen=True, slots=True)
class Template:
    """What is so written, the pattern of the whole text, and the share of the texts that must fit."""

    what: str
    pattern: str
    share: float


TEMPLATES = (
    *(
        Template(f"pairs of name and value, with “{mark}” between them", rf"^\s*{NAME}[=:][^{mark}=]*([{mark}]\s*{NAME}"
                 rf"[=:][^{mark}=]*)+[{mark}]?\s*$", 0.5)
        for mark in (";", ",", "&", "|")
    ),
    Template("pairs of name and value, with blanks between them",
             rf"^\s*{WORD}[=:]\s?[^\s=:]+(\s+{WORD}[=:]\s?[^\s=:]+)+\s*$", 0.7),
    Template("a name, and its address of mail in brackets", r"^\s*[^<>@]+<[^<>@\s]+@[^<>@\s]+>\s*$", 0.7),
    Template("a date, and then what is said", rf"^\s*[[(]?({DAY}|{LOCAL_DAY}){TIME}[])]?[\s:,;-]+[^\s\d]", 0.7),
)  # fmt: skip


def sampled(observation: Observation, table: Table, column: Column) -> Question:
    """How many of some texts fit each template."""
    return _counted(table, column, sample_of(observation, table, ROWS), sampled=True)


def found(observation: Observation, table: Table, column: Column) -> Template | None:
    """The template that most of the sampled texts fit."""
    row = row_of(observation, sampled(observation, table, column))
    texts = row.count("texts") if row else 0
    fitting = [(row.count(f"fits_{n}"), t) for n, t in enumerate(TEMPLATES)] if row and texts >= FEWEST_ROWS else []
    enough = [(rows, template) for rows, template in fitting if rows >= template.share * texts]
    return max(enough, key=lambda pair: pair[0])[1] if enough else None


def whole(table: Table, column: Column) -> Question:
    """The same of all texts."""
    return _counted(table, column, expression("{table}", table=table.name), sampled=False)


def questions(observation: Observation, table: Table, column: Column) -> Iterator[Question]:
    """A sample; all rows where it fits."""
    yield sampled(observation, table, column)
    if found(observation, table, column):
        yield whole(table, column)


def finding(observation: Observation, table: Table, column: Column) -> Finding | None:
    """What is told of a column whose texts fit."""
    template, row = found(observation, table, column), row_of(observation, whole(table, column))
    return _finding(table, column, template, row) if template and row else None


def _finding(table: Table, column: Column, template: Template, row: Row) -> Finding:
    texts, fitting = row.count("texts"), row.count(f"fits_{TEMPLATES.index(template)}")
    return Finding(
        object=named(table, column.name),
        message=f"free text carries data: {template.what}",
        severity=Severity.INFO,
        evidence=(
            scan("texts", texts), scan("texts of this form", fitting), scan("texts of another form", texts - fitting),
            scan("share of this form", round(fitting / max(1, texts), 4)),
        ),
        advice="give each of these a column of its own type, and keep in the text only what people write",
    )  # fmt: skip


def _counted(table: Table, column: Column, rows: Expression, *, sampled: bool) -> Question:
    fits = [
        expression(
            "count(*) FILTER (WHERE t.{c}::text ~ {p}) AS {n}", c=column.name, p=Literal(t.pattern), n=f"fits_{n}"
        )
        for n, t in enumerate(TEMPLATES)
    ]
    select = ddl("SELECT count(t.{c}) AS texts, {fits} FROM {rows} AS t", c=column.name, fits=raw(joined(fits)),
                 rows=raw(rows))  # fmt: skip
    return Question(table.name, select, sampled=sampled)
