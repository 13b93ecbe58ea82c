"""A table that autovacuum leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pgrefit.changes.set_storage_parameters import SetStorageParameters
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import families, leaves
from pgrefit.rules._said import VACUUM, is_meant
from pgrefit.rules.vacuum._autovacuum import is_as_good_as_off, is_off

FEWEST_DEAD, MANY_DEAD = 1000, 0.2
LATELY = timedelta(days=7)  # somebody vacuums it


@rule(
    code="VAC003",
    title="Table with autovacuum switched off",
    why=(
        "Dead rows stay, statistics grow old, and nothing is frozen until the server must do it all at once to prevent"
        " a wraparound."
    ),
    example="""
        CREATE TABLE import_line (id int PRIMARY KEY, line text) WITH (autovacuum_enabled = false);
        INSERT INTO import_line VALUES (1, 'one');
    """,
    clean="""
        CREATE TABLE import_line (id int PRIMARY KEY, line text)
            WITH (autovacuum_enabled = true, autovacuum_vacuum_scale_factor = 0.01);
        INSERT INTO import_line VALUES (1, 'one');
    """,
)
def autovacuum_off(observation: Observation) -> Iterator[Finding]:
    """Tables whose parameters say so, or have it wait as good as for ever; not an unlogged one that is empty now.

    It weighs less where somebody has vacuumed them within a week.

    Source: https://www.postgresql.org/docs/current/sql-createtable.html (autovacuum_enabled).
    """
    for family in families(observation):
        off = [leaf for leaf in leaves(observation.snapshot, family.table) if _parameters(leaf)]
        idle = all(
            leaf.persistence == "unlogged" and not observation.statistics.table(leaf.name).heap_bytes for leaf in off
        )
        if off and not idle and not is_meant(family.table.comment, VACUUM):
            yield _finding(observation, family.table, off)


def _came_lately(observation: Observation, table: Table) -> bool:
    came, until = observation.statistics.table(table.name).vacuumed_at, observation.statistics.taken_at
    return came is not None and until is not None and until - came < LATELY


def _parameters(table: Table) -> tuple[str, ...]:
    return is_off(table) or is_as_good_as_off(table)


def _of_dead(dead: int, rows: int) -> str:
    share = dead / max(dead + rows, 1)
    return f", and {share:.0%} of its rows are dead" if dead >= FEWEST_DEAD and share >= MANY_DEAD else ""


def _finding(observation: Observation, whole: Table, off: list[Table]) -> Finding:
    seen = [observation.statistics.table(table.name) for table in off]
    left_alone = any(each.heap_bytes for each in seen) and not all(_came_lately(observation, table) for table in off)
    return Finding(
        object=str(whole.name),
        message="autovacuum "
        + ("never" if any(map(is_off, off)) else "hardly ever")
        + " comes"
        + (f" to {len(off)} of its partitions" if off != [whole] else "")
        + _of_dead(sum(each.dead_rows for each in seen), sum(max(each.rows, 0) for each in seen)),
        severity=Severity.WARNING if left_alone else Severity.INFO,
        evidence=(
            *(catalog(str(table.name), _parameters(table)) for table in off),
            statistic("dead rows", sum(each.dead_rows for each in seen)),
            statistic("age in transactions", max(each.xid_age for each in seen)),
        ),
        remedy=tuple(SetStorageParameters(table=table.name, reset=_parameters(table)) for table in off),
        advice="where it is emptied and filled at once, have the job that does so vacuum and analyze it",
    )
