"""A table whose updates write to every index."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import Family, families
from pgrefit.rules._given import grown, with_counters
from pgrefit.rules._pages import fillfactor
from pgrefit.rules.vacuum._heap import FULL
from pgrefit.rules.workload._texts import recurring_texts, table_named

FEWEST_UPDATES = 1_000_000
HOT = 0.3
TIMES = 1  # the rows of the table
FEW_UPDATES, OFTEN = 10_000, 2  # of a smaller table, each row more often
FEWEST_CALLS = 100  # of a statement that sets an indexed column


def _given(observation: Observation) -> Observation:
    return with_counters(grown(observation), updated=9_000_000, hot_updated=900_000)


@rule(
    code="VAC006",
    title="Updates that write to every index",
    why=(
        "An update is HOT where its page has room and no indexed column changes: then indexes stay as they are and the"
        " old row goes without vacuum. Each other one writes an entry to every index, and leaves one behind."
    ),
    example="""
        CREATE TABLE device (id int PRIMARY KEY, seen_at timestamptz, note text);
        CREATE INDEX device_seen_at ON device (seen_at);
        INSERT INTO device SELECT n, now(), 'note' FROM generate_series(1, 500) AS n;
        ANALYZE device;
    """,
    clean="""
        CREATE TABLE device (id int PRIMARY KEY, seen_at timestamptz, note text);
        CREATE INDEX device_seen_at ON device (seen_at);
        INSERT INTO device SELECT n, now(), 'note' FROM generate_series(1, 500) AS n;
        UPDATE device SET seen_at = now() + interval '1 hour';
        ANALYZE device;
    """,
    given=_given,
)
def few_hot_updates(observation: Observation) -> Iterator[Finding]:
    """Tables that are updated a million times, each row more than once, or each row many times, and seldom HOT.

    Of fewer updates, those by statements that set an indexed column again and again.

    Source: https://www.postgresql.org/docs/current/storage-hot.html.
    """
    changed = _changed_keys(observation)
    for family in families(observation):
        often = family.updated >= min(max(FEWEST_UPDATES, TIMES * family.rows), max(FEW_UPDATES, OFTEN * family.rows))
        if often and family.table.indexes and family.hot_updated < HOT * family.updated:
            yield _finding(family, changed.get(family.table.name, {}))
        elif family.table.name in changed and 0 <= family.hot_updated < HOT * family.updated:
            yield _finding(family, changed[family.table.name])


def _changed_keys(observation: Observation) -> dict[Relation, dict[str, str]]:
    """Indexed columns that counted statements set all the time, each with an index on it, by table."""
    found: dict[Relation, dict[str, str]] = {}
    for text in recurring_texts(observation):
        update = text.statement.update_stmt if text.statement.HasField("update_stmt") else None
        table = table_named(observation, update.relation) if update is not None else None
        if update is None or table is None or text.counted is None or text.counted.calls < FEWEST_CALLS:
            continue
        for name in (target.res_target.name for target in update.target_list):
            index = next((i.name.name for i in table.indexes if name in {*i.columns, *i.include}), None)
            if index is not None:
                found.setdefault(table.name, {})[name] = index
    return found


def _finding(family: Family, changed: dict[str, str]) -> Finding:
    share, indexes = family.hot_updated / family.updated, len(family.table.indexes)
    why = ", for they change " + ", ".join(f"{name} ({index})" for name, index in changed.items()) if changed else ""
    return Finding(
        object=str(family.table.name),
        message=f"{share:.0%} of its updates are HOT{why}: each of the others writes to {indexes} indexes",
        severity=Severity.INFO,
        evidence=(
            statistic("rows updated", family.updated),
            statistic("of these, HOT", family.hot_updated),
            statistic("rows", family.rows),
            catalog("indexes", tuple(index.name.name for index in family.table.indexes)),
            catalog("fillfactor", fillfactor(family.table.options, FULL)),
        ),
        advice="look which indexed column the updates change (a time of the last change, a counter, a state): without"
        " an index on it they are HOT. Where they change none, leave room on the pages: fillfactor 80 or 90",
    )
