"""A sequence that gives out numbers which its column has already."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.changes.set_sequence import SetSequence
from pgrefit.model.ddl import Expression, ddl, expression, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._ask import Row, is_empty, is_text, named, row_of, scan, statistics_of
from pgrefit.rules._sequences import LARGEST, Draw, draws

SOON = 1000  # numbers until the first that is taken
HIGHEST = 2**63 - 1  # that there is: what is behind it cannot be added to
LOWEST = -(2**63)
OF_OTHER_DIGITS = {"to_hex", "md5", "encode", "mod"}
WORD = re.compile(r"\w+")


def _asks(observation: Observation) -> Iterator[Question]:
    yield from map(_position, _suspects(observation))


def _suspects(observation: Observation) -> Iterator[Draw]:
    """Numbers whose sequence goes on, up or down, unless the server's counters explain how it came to where it is."""
    for draw in _counting(observation.snapshot):
        unique = _is_key(draw.table, draw.column.name) or _never_repeats(observation, draw)
        if unique and not is_empty(observation, draw.table) and not _is_explained(observation, draw):
            yield draw


@remembered
def _counting(db: Snapshot) -> tuple[Draw, ...]:
    counting = (d for d in draws(db) if d.sequence.increment and not d.sequence.cycle)
    return tuple(d for d in counting if d.whole or _ends_in_number(d))


def _ends_in_number(draw: Draw) -> bool:
    """Whether its texts end in the number: 'T-' || lpad(nextval('s')::text, 6, '0')."""
    made, _, rest = (draw.column.default or "").partition("nextval(")
    return is_text(draw.column) and "||" in made and "||" not in rest and not OF_OTHER_DIGITS & {*WORD.findall(made)}


def _number(draw: Draw) -> Expression:
    """The number, of alias t."""
    if draw.whole:
        return expression("t.{c}", c=draw.column.name)
    return expression("substring(t.{c} FROM '([0-9]{{1,18}})[^0-9]*$')::bigint", c=draw.column.name)


def _never_repeats(observation: Observation, draw: Draw) -> bool:
    """Whether no two rows have the same number, though no key says so; one within another thing may well repeat."""
    seen = statistics_of(observation, draw.table).column(draw.column.name)
    within = any(draw.column.name in i.columns for i in draw.table.indexes if i.unique and len(i.columns) > 1)
    return seen is not None and seen.distinct == -1 and not within


def _is_key(table: Table, column: str) -> bool:
    """Whether values of the column alone are unique, so that the greatest is quickly found and a second one fails."""
    return any(
        index.unique and index.valid and index.predicate is None and index.columns == (column,)
        for index in table.indexes
    )


def _is_explained(observation: Observation, draw: Draw) -> bool:
    """Whether as many numbers were given out as rows came in, and ANALYZE saw no larger value."""
    last = observation.statistics.last_value(draw.sequence.name)
    statistics = statistics_of(observation, draw.table)
    seen = statistics.column(draw.column.name)
    up = _is_up(draw)
    bound = seen.bounds[-1 if up else 0] if seen and seen.bounds else ""
    if last is None or (not bound and not statistics.inserted):
        return False
    given = (last - draw.sequence.start) // draw.sequence.increment + 1
    number = int(bound) if bound.removeprefix("-").isdecimal() else last
    beyond = number > last if up else number < last
    return not beyond and max(statistics.rows, statistics.inserted) <= given


def _position(draw: Draw) -> Question:
    step, up = draw.sequence.increment, _is_up(draw)
    further = "{v} BETWEEN n.next AND {last}" if up else "{v} BETWEEN {last} AND n.next"
    last = draw.sequence.maximum if up else draw.sequence.minimum
    value = raw(_number(draw))
    ahead = expression(further, v=value, last=last)
    if abs(step) > 1:
        ahead = expression("{ahead} AND ({v} - n.next) % {step} = 0", ahead=raw(ahead), v=value, step=step)
    left = expression("s.last_value <= {end}", end=HIGHEST - step) if up else _above_lowest(step)
    nearest, farthest = (expression("min"), expression("max")) if up else (expression("max"), expression("min"))
    select = ddl(
        "SELECT n.next, (SELECT {farthest}({v}) FROM {t} AS t) AS largest,"
        " (SELECT {nearest}({v}) FROM {t} AS t WHERE {ahead}) AS taken,"
        " (SELECT count(*) FROM (SELECT FROM {t} AS t WHERE {ahead} LIMIT 100000) AS m) AS ahead"
        " FROM (SELECT s.last_value + CASE WHEN s.is_called AND {left} THEN {step} ELSE 0 END AS next"
        " FROM {s} AS s) AS n",
        v=value, t=draw.table.name, s=draw.sequence.name, ahead=raw(ahead), step=step, left=raw(left),
        nearest=raw(nearest), farthest=raw(farthest),
    )  # fmt: skip
    return Question(draw.table.name, select)


def _is_up(draw: Draw) -> bool:
    return draw.sequence.increment > 0


def _above_lowest(step: int) -> Expression:
    return expression("s.last_value >= {end}", end=LOWEST - step)


@rule(
    code="SEQ001",
    title="Sequence behind its column",
    why=(
        "It will give out a number that a row has already, and that INSERT fails. So it is where rows were copied,"
        " restored or replicated with their numbers, and nobody set the sequence."
    ),
    asks=_asks,
    example="""
        CREATE TABLE ticket (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, body text);
        INSERT INTO ticket SELECT n, 'imported ' || n FROM generate_series(1, 50) AS n;
    """,
    clean="""
        CREATE TABLE ticket (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, body text);
        INSERT INTO ticket (body) SELECT 'ticket ' || n FROM generate_series(1, 50) AS n;
        CREATE TABLE draft (id serial PRIMARY KEY, copy_of int, body text);
        SELECT nextval('draft_id_seq');
        INSERT INTO draft VALUES (-1, 900, 'for tests');
        CREATE TABLE visit (nr serial, day date, PRIMARY KEY (nr, day));
        INSERT INTO visit SELECT n, DATE '2024-01-01' FROM generate_series(1, 50) AS n;
        CREATE TABLE of_two_nodes (id int GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 2) PRIMARY KEY);
        INSERT INTO of_two_nodes SELECT n * 2 FROM generate_series(1, 50) AS n;
        CREATE TABLE of_two_ranges (id int GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 899999) PRIMARY KEY);
        INSERT INTO of_two_ranges SELECT 900000 + n FROM generate_series(1, 50) AS n;
        CREATE TABLE code (id int GENERATED BY DEFAULT AS IDENTITY (START 1000) PRIMARY KEY);
        INSERT INTO code SELECT generate_series(1, 50);
    """,
)
def sequence_behind_column(observation: Observation) -> Iterator[Finding]:
    """Sequences whose next number, or one that soon comes, is taken."""
    for draw in _suspects(observation):
        row = row_of(observation, _position(draw))
        if row and row.cells["taken"] is not None and not _is_sentinel(draw, row):
            yield _finding(draw, row)


def _is_sentinel(draw: Draw, row: Row) -> bool:
    """Whether one row stands at the end of all numbers, where none comes."""
    largest = LARGEST.get(draw.column.type, HIGHEST)
    if _is_up(draw):
        return row.count("ahead") == 1 and row.count("taken") >= min(draw.sequence.maximum, largest)
    return row.count("ahead") == 1 and row.count("taken") <= max(draw.sequence.minimum, -largest - 1)


def _finding(draw: Draw, row: Row) -> Finding:
    until = (row.count("taken") - row.count("next")) // draw.sequence.increment
    column, extreme = named(draw.table, draw.column.name), "largest" if _is_up(draw) else "lowest"
    says = "gives out a number next" if until == 0 else f"gives out, {until} number{'s' * (until > 1)} from now, one"
    return Finding(
        object=column,
        message=f"its sequence {draw.sequence.name} {says} that a row has already",
        severity=Severity.ERROR if until < SOON else Severity.WARNING,
        evidence=(
            scan("next number", row.count("next")), scan("first that is taken", row.count("taken")),
            scan(f"{extreme} value", row.count("largest")), scan("rows with such values", row.count("ahead")),
        ),
        remedy=_remedy(draw),
        advice="" if _remedy(draw) else f"SELECT setval(…) of the sequence to the {extreme} value of {column}",
        cost=Cost(rows=row.count("ahead")),
    )  # fmt: skip


def _remedy(draw: Draw) -> tuple[SetSequence, ...]:
    return (
        (SetSequence(sequence=draw.sequence.name, restart=True),) if draw.owned and draw.whole and _is_up(draw) else ()
    )
