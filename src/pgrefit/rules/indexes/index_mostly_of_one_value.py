"""An index nearly all of whose entries are of one value that nobody looks for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from pgrefit.model import lookup
from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog, known, statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._indexes import needed_by_constraint
from pgrefit.rules.indexes._usage import serves_key_alone
from pgrefit.rules.workload._texts import texts
from pgrefit.rules.workload._texts_of_schema import texts_of_schema
from pgrefit.rules.workload._wanted import BEYOND, beyond, commonest, compared_in, conditions, constants, listed

MOSTLY = 0.95
FEWEST_ROWS = 1_000
MOST_VALUES = 20  # of a column that tells the state of a row
NUMBER = re.compile(r"-?\d+(\.\d+)?")
Place = tuple[Relation, str]


@dataclass(frozen=True, slots=True)
class Skewed:
    """An index whose first column has one value in nearly all rows."""

    table: Table
    index: Index
    column: str
    value: str
    share: float

    @property
    def place(self) -> Place:
        """Its first column."""
        return self.table.name, self.column


@dataclass(frozen=True, slots=True)
class Uses:
    """Who compares a column: with constants, by these; with numbers that it is beyond; with something else."""

    by_value: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    beyond: dict[tuple[str, float], set[str]] = field(default_factory=dict[tuple[str, float], set[str]])
    by_parameter: set[str] = field(default_factory=set[str])


@rule(
    code="IDX022",
    title="Index mostly of one value",
    why=(
        "No query finds rows of that value by it, for they are nearly all rows; yet each of them has an entry, which is"
        " written with the row and fills the cache."
    ),
    example="""
        CREATE TABLE job (id int PRIMARY KEY, done boolean NOT NULL);
        CREATE INDEX job_done ON job (done);
        INSERT INTO job SELECT n, n % 50 <> 0 FROM generate_series(1, 3000) AS n;
        ANALYZE job;
    """,
    clean="""
        CREATE TABLE kind (id int PRIMARY KEY);
        INSERT INTO kind VALUES (0), (1);
        CREATE TABLE job (id int PRIMARY KEY, done boolean NOT NULL, state text NOT NULL, ref int NOT NULL,
                          kind_id int NOT NULL REFERENCES kind, shown boolean NOT NULL, due date NOT NULL);
        CREATE INDEX job_open ON job (id) WHERE NOT done;
        CREATE INDEX job_state ON job (state);
        CREATE INDEX job_ref ON job (ref);
        CREATE INDEX job_kind ON job (kind_id);
        CREATE INDEX job_shown ON job (shown);
        CREATE INDEX job_done_due ON job (done, due);
        INSERT INTO job SELECT n, n % 50 <> 0, CASE WHEN n % 9 = 0 THEN 'open' ELSE 'done' END,
                               CASE WHEN n % 30 = 0 THEN n ELSE 0 END, (n % 50 = 0)::int, n % 50 <> 0, date '2024-01-01'
                               + n % 90 FROM generate_series(1, 3000) AS n;
        CREATE VIEW shown_jobs AS SELECT * FROM job WHERE shown;
        ANALYZE job;
    """,
)
def index_mostly_of_one_value(observation: Observation) -> Iterator[Finding]:
    """B-trees of a column that has few values, one of them in 95 % of the rows, unless a query looks for that one.

    Of those with more columns, where a query, view or function names another value as a constant.
    Source: https://www.postgresql.org/docs/current/indexes-partial.html
    """
    for skewed in _skewed(observation):
        uses = _uses(observation).get(skewed.place, Uses())
        alone = len(skewed.index.keys) == 1 and not uses.by_parameter
        rare = bool(uses.by_value or uses.beyond)
        if not _wants_it(uses, skewed.value) and (rare or alone):
            yield _finding(observation, skewed, uses)


def _wants_it(uses: Uses, value: str) -> bool:
    """Whether a query looks for the value that nearly all rows have."""
    number = float(value) if NUMBER.fullmatch(value) else None
    within = number is not None and any(BEYOND[sign](number, limit) for sign, limit in uses.beyond)
    return value in uses.by_value or within


def _skewed(observation: Observation) -> Iterator[Skewed]:
    for table in users_tables(observation.snapshot):
        seen = observation.statistics.table(table.name) if table.kind == "table" and table.indexes else None
        for index in table.indexes if seen and seen.rows >= FEWEST_ROWS else ():
            name = index.columns[0]
            column = seen.column(name) if seen and name and _is_judged(table, index) else None
            value, share = commonest(column) if column and 1 < column.distinct <= MOST_VALUES else (None, 0.0)
            if name and value is not None and MOSTLY <= share < 1:
                yield Skewed(table, index, name, value, share)


def _is_judged(table: Table, index: Index) -> bool:
    plain = index.method == "btree" and index.predicate is None and index.valid
    return plain and not needed_by_constraint(index) and not serves_key_alone(table, index)


@lookup.remembered
def _uses(observation: Observation) -> dict[Place, Uses]:
    """What queries, views and functions compare each column with."""
    found: defaultdict[Place, Uses] = defaultdict(Uses)
    for text in (*texts(observation), *texts_of_schema(observation)):
        for condition, among, _ in conditions(observation, text):
            told: set[Place] = set()
            for wanted in (*constants(condition, among), *listed(condition, among)):
                told.add((wanted.table.name, wanted.column))
                if wanted.value is not None:
                    found[wanted.table.name, wanted.column].by_value.setdefault(wanted.value, set()).add(text.name)
            for wanted, sign in beyond(condition, among):
                place = (wanted.table.name, wanted.column)
                found[place].beyond.setdefault((sign, float(wanted.value or 0)), set()).add(text.name)
            for place in compared_in(condition, among) if text.counted is None else ():
                if place not in told:
                    found[place].by_parameter.add(text.name)
    return dict(found)


def _finding(observation: Observation, skewed: Skewed, uses: Uses) -> Finding:
    own = observation.statistics.index(skewed.index.name)
    asking = tuple(sorted({*chain.from_iterable((*uses.by_value.values(), *uses.beyond.values()))}))
    wanted = [f"= {value!r}" for value in sorted(uses.by_value)]
    wanted += [f"{sign} {limit:g}" for sign, limit in sorted(uses.beyond)]
    others = " or ".join(f"{skewed.column} {condition}" for condition in wanted) or "the others"
    return Finding(
        object=str(skewed.index.name),
        message=f"{skewed.share:.1%} of its entries are of one value of {skewed.column}, by which no row is found",
        severity=Severity.INFO,
        evidence=known((
            catalog("definition", str(skewed.index.definition)), statistic("this value", skewed.value),
            statistic("share of the rows", round(skewed.share, 4)),
            statistic("bytes", own.bytes if own else None), statistic("scans", own.scans if own else None),
            *((Evidence(measure="queries for other values", value=asking, source="workload"),) if asking else ()),
        )),
        advice=f"an index of the rest alone does the same and is small: WHERE {others}",
        cost=Cost(bytes=round(own.bytes * skewed.share)) if own else None,
    )  # fmt: skip
