"""DISTINCT that takes back what a join has multiplied."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import nodes
from pgrefit.rules._ask import statistic
from pgrefit.rules.workload._texts import Source, Text, column_path, selects, sources, texts

FEWEST_ROWS = 2000
QUERY = """
    -- name: active
    SELECT DISTINCT c.name FROM customer AS c JOIN purchase AS p ON p.customer_id = c.id WHERE p.total > 5;
"""
TABLES = """
    CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE purchase (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, total numeric NOT NULL);
    INSERT INTO customer SELECT n, 'customer ' || n FROM generate_series(1, 50) AS n;
    INSERT INTO purchase SELECT n, 1 + n % 50, n FROM generate_series(1, {rows}) AS n;
    CREATE INDEX ON purchase (customer_id);
    ANALYZE customer, purchase;
"""


@rule(
    code="WRK021",
    title="DISTINCT over a join",
    why="The join multiplies the rows, and all are sorted or hashed to be made single again; to ask whether there is"
    " one is enough.",
    workload=QUERY,
    example=TABLES.format(rows=4000),
    clean=TABLES.format(rows=40),
)
def distinct_over_join(observation: Observation) -> Iterator[Finding]:
    """SELECT DISTINCT with a large inner-joined table of which no column is returned.

    Not where its key is compared for equality, for then it multiplies nothing. Source:
    https://www.postgresql.org/docs/current/functions-subquery.html (EXISTS).
    """
    for text in filter(lambda text: text.recurs, texts(observation)):
        for select in selects(text):
            source = _only_asked(observation, text, select)
            if source is not None:
                rows = observation.rows(source.table.name)
                yield text.finding(
                    f"joins {source.table.name}, returns nothing of it, and makes the rows single again",
                    statistic("rows", rows),
                    severity=Severity.INFO,
                    advice="ask by WHERE EXISTS whether it has such a row, in place of the join and of DISTINCT",
                )
                break


def _only_asked(observation: Observation, text: Text, select: pb.SelectStmt) -> Source | None:
    """A table that was joined for its conditions alone, and can multiply the rows of the others."""
    if len(select.distinct_clause) != 1 or select.distinct_clause[0].ByteSize() or _has_outer(select):
        return None  # DISTINCT ON has expressions there
    among = sources(observation, text, select)
    if len(among) < 2:
        return None
    returned = [path for target in select.target_list for node in nodes(target) if (path := column_path(node))]
    if any(node.HasField("a_star") for target in select.target_list for node in nodes(target)):
        return None
    compared = _compared(select)
    return next(
        (one for one in among
         if observation.rows(one.table.name) >= FEWEST_ROWS
         and not any(_is_of(path, one) for path in returned)
         and not any(all((one.alias, column) in compared for column in key) for key in _keys(one.table))),
        None,
    )  # fmt: skip


def _has_outer(select: pb.SelectStmt) -> bool:
    joins = (node.join_expr for item in select.from_clause for node in nodes(item) if node.HasField("join_expr"))
    return any(join.jointype != pb.JOIN_INNER or join.using_clause or join.is_natural for join in joins)


def _is_of(path: tuple[str, str], source: Source) -> bool:
    qualifier, name = path
    return qualifier == source.alias or (not qualifier and any(name == known.name for known in source.table.columns))


def _compared(select: pb.SelectStmt) -> set[tuple[str, str]]:
    """Qualified columns that an = has on either side."""
    places = [*select.from_clause, select.where_clause]
    equal = (n.a_expr for p in places for n in nodes(p) if n.HasField("a_expr") and n.a_expr.kind == pb.AEXPR_OP)
    sides = (side for one in equal if one.name[0].string.sval == "=" for side in (one.lexpr, one.rexpr))
    return {path for side in sides if (path := column_path(side)) is not None}


def _keys(table: Table) -> list[tuple[str, ...]]:
    """Columns that no two rows share, bare ones only."""
    unique = (index for index in table.indexes if index.unique and index.valid and index.predicate is None)
    keys = ((index, tuple(key.column for key in index.keys if key.column)) for index in unique)
    return [columns for index, columns in keys if len(columns) == len(index.keys)]
