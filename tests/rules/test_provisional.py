"""What counters tell provisionally, while the server has counted for some minutes only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.observation import Observation
from pgrefit.model.statements import StatementStatistics
from pgrefit.rules._given import counting_for, with_counters
from rules.observing import observe, rule_named

UNUSED = """
    CREATE TABLE film (id int PRIMARY KEY, title text);
    INSERT INTO film SELECT n, 'film ' || n FROM generate_series(1, 200) AS n;
    CREATE INDEX film_title ON film (title);
    ANALYZE film;
"""


def run(observation: Observation, name: str) -> tuple[Finding, ...]:
    found = audit.run(observation, [rule_named(name)])
    assert not found.crashed
    return found.findings


def observed(conn: psycopg.Connection, name: str, sql: str) -> Observation:
    conn.execute(sql.encode())
    return observe(conn, rule_named(name))


def counted(observation: Observation, **counters: Any) -> Observation:
    """As the server that has counted for a moment."""
    return counting_for(with_counters(observation, **counters), days=0)


def asking(sql: str, calls: int = 300) -> StatementStatistics:
    return StatementStatistics(query_id=hash(sql), text=sql, calls=calls, total_ms=9000.0, mean_ms=30.0)


@pytest.mark.parametrize(
    ("statement", "fires"),
    [
        (None, False),  # nobody has asked yet
        (asking("SELECT title FROM film WHERE id = $1"), True),
        (asking("SELECT title FROM film WHERE id = $1", calls=20), False),
        (asking("SELECT id FROM film WHERE title = $1"), False),  # small: it is read whole today
        (asking("SELECT id FROM film AS f ORDER BY f.title"), False),
    ],
)
def test_a_few_minutes_tell_something_of_what_is_asked_all_the_time(
    db18: psycopg.Connection, statement: StatementStatistics | None, fires: bool
) -> None:
    observation = counted(observed(db18, "unused-index", UNUSED))
    observation = replace(observation, statements=(statement,) if statement else ())
    found = run(observation, "unused-index")
    assert [(one.severity, one.remedy) for one in found] == ([(Severity.INFO, ())] if fires else [])
    assert all("so far" in one.message for one in found)


def test_an_index_that_updates_write_all_the_time_is_told_provisionally(db18: psycopg.Connection) -> None:
    observation = observed(db18, "rarely-read-index", UNUSED)
    scanned = tuple(replace(each, scans=2) for each in observation.statistics.indexes)
    observation = replace(observation, statistics=replace(observation.statistics, indexes=scanned))
    assert run(counted(observation, inserted=10**6), "rarely-read-index") == ()  # it was loaded
    assert run(counted(observation, updated=900, hot_updated=900), "rarely-read-index") == ()
    (found,) = run(counted(observation, updated=900), "rarely-read-index")
    assert "so far" in found.message
