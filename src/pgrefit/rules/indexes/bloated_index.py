"""A B-tree that is mostly empty."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.reindex import Reindex
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._given import grown
from pgrefit.rules.indexes._btree import least_share, rebuilt_share

FEWEST_BYTES = 16 * 2**20
SMALL_BYTES = 2**20  # from here on where hardly anything is left in it
NEARLY_ALL = 0.9
MUCH = 2**30
WASTED = 0.5  # share; an index that grew in no order is a third empty, and that is as it should be


@rule(
    code="IDX011",
    title="Index that is mostly empty",
    why=(
        "Pages that deleted and moved entries have left are read and cached with the rest, and vacuum gives back only"
        " those that are wholly empty."
    ),
    example="""
        CREATE TABLE session (id int PRIMARY KEY, token uuid);
        INSERT INTO session SELECT n, NULL FROM generate_series(1, 20000) AS n;
        DELETE FROM session WHERE id % 20 <> 0;
        ANALYZE session;
    """,
    clean="""
        CREATE TABLE session (id int PRIMARY KEY, token uuid);
        INSERT INTO session SELECT n, NULL FROM generate_series(1, 20000) AS n;
        ANALYZE session;
    """,
    given=grown,
)
def bloated_index(observation: Observation) -> Iterator[Finding]:
    """B-trees of which a rebuild would leave less than half, by estimate; of a small one, hardly anything."""
    for table in users_tables(observation.snapshot):
        for index in table.indexes if table.kind == "table" else ():
            own = observation.statistics.index(index.name)
            if own is None or own.bytes < SMALL_BYTES or least_share(observation, table, index) > 1 - WASTED:
                continue
            left = rebuilt_share(observation, table, index)
            wasted = 0 if left is None else round((1 - left) * own.bytes)
            if left is not None and _is_worth_it(left, wasted):
                yield _finding(observation, table, index, own.bytes, wasted)


def _is_worth_it(left: float, wasted: int) -> bool:
    """Whether a rebuild gives back much, or nearly everything."""
    much = left <= 1 - WASTED and wasted >= FEWEST_BYTES
    return much or (left <= 1 - NEARLY_ALL and wasted >= NEARLY_ALL * SMALL_BYTES)


def _finding(observation: Observation, table: Table, index: Index, size: int, wasted: int) -> Finding:
    rebuild = Reindex(table=table.name, indexes=(index.name.name,))
    own = observation.statistics.index(index.name)
    return Finding(
        object=str(index.name),
        message=f"is {wasted / size:.0%} empty, by estimate: built anew it would take {size - wasted:,} of its bytes",
        severity=Severity.WARNING if wasted >= MUCH else Severity.INFO,
        evidence=(
            catalog("definition", str(index.definition)),
            statistic("bytes", size),
            statistic("bytes that a rebuild gives back, estimated", wasted),
            statistic("entries", own.rows if own else None),
        ),
        remedy=() if any(rebuild.obstacles(observation.snapshot)) else (rebuild,),
        advice="pgstatindex() of the extension pgstattuple measures it exactly, at the price of reading it",
        cost=Cost(bytes=wasted),
    )
