"""An index most of whose entries are NULL."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.changes.create_index import CreateIndex
from pgrefit.changes.replace_index import ReplaceIndex
from pgrefit.model.ddl import expression
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._given import grown
from pgrefit.rules._indexes import needed_by_constraint

MOSTLY = 0.9
FEWEST_ROWS = 1_000
MOMENTS = ("timestamp", "date", "boolean")


@rule(
    code="IDX013",
    title="Index mostly of NULLs",
    why="Queries that look for a value never read these entries; each new row writes one, and they fill the cache.",
    example="""
        CREATE TABLE task (id int PRIMARY KEY, blocked_by int);
        CREATE INDEX task_blocked_by ON task (blocked_by);
        INSERT INTO task SELECT n, CASE WHEN n % 50 = 0 THEN n END FROM generate_series(1, 3000) AS n;
        ANALYZE task;
    """,
    clean="""
        CREATE TABLE task (id int PRIMARY KEY, blocked_by int, code int UNIQUE, owner int);
        CREATE INDEX task_blocked_by ON task (blocked_by) WHERE blocked_by IS NOT NULL;
        CREATE INDEX task_owner ON task (owner);
        INSERT INTO task SELECT n, CASE WHEN n % 50 = 0 THEN n END, NULL, n % 9 FROM generate_series(1, 3000) AS n;
        ANALYZE task;
    """,
    given=grown,
)
def mostly_null_index(observation: Observation) -> Iterator[Finding]:
    """B-trees whose first column is NULL in nine rows of ten, unless a query of the workload looks for these.

    A moment before other columns may say that a row is live: NULL is what is looked for, then.
    """
    wanted: set[str] | None = None
    for table in users_tables(observation.snapshot):
        for index in table.indexes if table.kind == "table" else ():
            share = _null_share(observation, table, index)
            if share < MOSTLY:
                continue
            wanted = _looked_for_as_null(observation) if wanted is None else wanted
            if index.columns[0] not in wanted:
                yield _finding(observation, table, index, share)


def _null_share(observation: Observation, table: Table, index: Index) -> float:
    """0 where the index is another one's business."""
    (name, *rest), own = index.columns, observation.statistics.index(index.name)
    fit = index.method == "btree" and index.predicate is None and index.valid and name is not None
    if name is not None and rest and (None in rest or table.column(name).type.startswith(MOMENTS)):
        return 0.0
    if not fit or needed_by_constraint(index) or own is None or own.rows < FEWEST_ROWS or name is None:
        return 0.0
    seen = observation.statistics.table(table.name).column(name)
    return seen.null_fraction if seen else 0.0


def _looked_for_as_null(observation: Observation) -> set[str]:
    """Columns, by their bare names, that queries test for NULL."""
    found: set[str] = set()
    for query in observation.workload.of("before").queries:
        try:
            tree = parse_sql(query.sql)
        except UnreadableError:
            continue
        for node in nodes(tree):
            if node.HasField("null_test") and node.null_test.nulltesttype == pb.IS_NULL:
                found |= {field.string.sval for inner in nodes(node) if inner.HasField("column_ref")
                          for field in inner.column_ref.fields}  # fmt: skip
    return found


def _finding(observation: Observation, table: Table, index: Index, share: float) -> Finding:
    own, (name, *_) = observation.statistics.index(index.name), index.columns
    size = own.bytes if own else 0
    return Finding(
        object=str(index.name),
        message=f"{share:.1%} of its entries are NULL",
        severity=Severity.INFO,
        evidence=(
            catalog("definition", str(index.definition)),
            statistic("share of rows with NULL", round(share, 4)),
            statistic("bytes", size),
            statistic("scans", own.scans if own else None),
        ),
        remedy=_remedy(observation, table, index) if observation.workload.queries else (),
        advice=f"where no query looks for rows without {name}, an index WHERE {name} IS NOT NULL does the same",
        cost=Cost(bytes=round(size * share)),
    )


def _remedy(observation: Observation, table: Table, index: Index) -> tuple[ReplaceIndex, ...]:
    """The same index without the NULLs; only where the workload is known."""
    like = CreateIndex.like(index, table.name)
    change = ReplaceIndex(
        table=table.name, index=index.name.name, keys=like.keys, include=like.include, options=like.options,
        where=expression("{column} IS NOT NULL", column=index.columns[0] or ""),
    )  # fmt: skip
    return () if any(change.obstacles(observation.snapshot)) else (change,)
