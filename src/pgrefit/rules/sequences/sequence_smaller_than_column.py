"""A sequence that ends long before its column does."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_sequence import SetSequence
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, known, named, statistic
from pgrefit.rules._sequences import LARGEST, Draw, draws

WIDER = {"integer": {"smallint"}, "bigint": {"smallint", "integer"}}


@rule(
    code="SEQ002",
    title="Sequence smaller than its column",
    why=(
        "Who made the column larger wanted room; the sequence was left behind, and every INSERT fails once it has"
        " reached the end of the smaller type."
    ),
    example="""
        CREATE TABLE reading (id serial PRIMARY KEY, value numeric);
        ALTER TABLE reading ALTER COLUMN id TYPE bigint;
    """,
    clean="""
        CREATE TABLE reading (id bigserial PRIMARY KEY, value numeric);
        CREATE TABLE sensor (id serial PRIMARY KEY);
        CREATE SEQUENCE five_digits AS integer MAXVALUE 99999;
        CREATE TABLE bill (nr bigint PRIMARY KEY DEFAULT nextval('five_digits'));
        CREATE TABLE widened (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        ALTER TABLE widened ALTER COLUMN id TYPE bigint;
    """,
)
def sequence_smaller_than_column(observation: Observation) -> Iterator[Finding]:
    """Columns of type integer or bigint that are fed by a sequence of a smaller type, with that type's limit."""
    for draw in draws(observation.snapshot):
        limit = LARGEST.get(draw.sequence.type)
        wider = draw.sequence.type in WIDER.get(draw.column.type, ())
        plain = draw.whole and wider and _ends(draw)
        if plain and limit and draw.sequence.maximum == limit:
            last = observation.statistics.last_value(draw.sequence.name)
            yield Finding(
                object=named(draw.table, draw.column.name),
                message=f"is {draw.column.type}, but its sequence {draw.sequence.name} is {draw.sequence.type}",
                severity=Severity.ERROR if (last or 0) > limit / 2 else Severity.WARNING,
                evidence=known((
                    catalog("last number that the sequence can give", limit),
                    statistic("last value", () if last is None else last),
                )),
                remedy=(SetSequence(
                    sequence=draw.sequence.name, type="integer" if draw.column.type == "integer" else "bigint",
                ),),
            )  # fmt: skip


def _ends(draw: Draw) -> bool:
    return draw.sequence.increment > 0 and not draw.sequence.cycle
