"""A copy, a backup or a temporary table that stayed."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, known, statistic, statistics_of
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._left_over import TEMPORARY, is_dated, marks_of, original_of
from pgrefit.rules._names import stems, words

PASSING = {"buffer", "cache", "export", "import", "load", "queue", "session", "stage", "staging", "upload", "work"}
TRIALS = {"test", "dummy", "foo", "bar", "asdf", "qwerty", "xxx", "blah"}  # of which nothing else is the name


@rule(
    code="RED015",
    title="Table left over from a change",
    why=(
        "It keeps data that nobody corrects, protects or deletes any more: rights, row security and requests to be"
        " forgotten reach the table that it was copied from, not the copy."
    ),
    example="""
        CREATE TABLE customer (id int PRIMARY KEY, name text, email text);
        CREATE TABLE customer_old AS SELECT * FROM customer;
    """,
    clean="""
        CREATE TABLE customer (id int PRIMARY KEY, name text, email text);
        CREATE TABLE customer_new (id int PRIMARY KEY, offered_on date, source text, agent text);
        CREATE TABLE backup (id int PRIMARY KEY, started_at timestamptz);
        CREATE TABLE backup_job (id int PRIMARY KEY, backup_id int REFERENCES backup);
        CREATE TABLE film (id int PRIMARY KEY, title text);
        CREATE TABLE film_copy (id int PRIMARY KEY, film_id int REFERENCES film, shelf text);
        CREATE TABLE event_tmp (id bigint PRIMARY KEY, payload jsonb NOT NULL);
        CREATE TABLE temperature (id int PRIMARY KEY, template text);
    """,
)
def left_over_table(observation: Observation) -> Iterator[Finding]:
    """Tables that are named as a copy and have the columns of the original, or are named so and have no constraint."""
    for table in stored_tables(observation):
        dated, marks = is_dated(table), marks_of(table)
        if not (marks or dated or _is_trial(table)) or observation.snapshot.references_to(table.name) or table.inherits:
            continue
        original = original_of(observation.snapshot, table)
        passing = marks & TEMPORARY and (dated or _is_bare(table) or _begins_so(table))
        if original or passing or _is_trial(table):
            yield Finding(
                object=str(table.name),
                message=f"seems to be left over: a copy of {original.name}" if original else "seems to be left over",
                severity=Severity.INFO,
                evidence=tuple(_evidence(observation, table)),
                advice="ask whoever made it; then archive and drop it",
                cost=Cost(bytes=statistics_of(observation, table).total_bytes),
            )


def _begins_so(table: Table) -> bool:
    """tmp_move: set apart from the tables that it is about; tmp_import is where something comes in again and again."""
    said = stems(table.name.name)
    return len(said) > 1 and said[0] in {"tmp", "bak", "zz", "deleteme"} and not PASSING & {*said}


def _is_trial(table: Table) -> bool:
    """test, test2, foo_1."""
    return bool(words(table.name.name)) and all(w in TRIALS or w.isdecimal() for w in words(table.name.name))


def _is_bare(table: Table) -> bool:
    """As CREATE TABLE AS makes it: without key, constraint, index, default, trigger or comment."""
    plain = not any(column.default or column.identity or column.generated for column in table.columns)
    constraints = [constraint for constraint in table.constraints if constraint.kind != "not null"]
    return plain and not (constraints or table.indexes or table.triggers or table.comment)


def _evidence(observation: Observation, table: Table) -> Iterator[Evidence]:
    seen = statistics_of(observation, table)
    yield from known((catalog("columns", tuple(column.name for column in table.columns)),))
    yield statistic("bytes", seen.total_bytes)
    yield statistic("rows", seen.rows)
