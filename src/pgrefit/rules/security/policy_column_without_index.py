"""A policy that compares a column of a large table, and no index to find its rows by."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Policy, Table
from pgrefit.model.sql_tree import nodes, parse_expression
from pgrefit.rules._access import covers, is_users
from pgrefit.rules._ask import catalog, statistic, statistics_of, tables
from pgrefit.rules._indexes import index_on, serves_lookup
from pgrefit.rules.security._policies import columns_of_asker, conditions

MANY_ROWS = 1_000
LARGEST_SHARE = 0.05  # of the rows that a value may have on the average, for an index to be worth while


@rule(
    code="SEC020",
    title="Policy without an index for its column",
    why=(
        "The condition of the policy is added to every query of the table. Without an index that begins with its column"
        " each of them reads all rows, those of everybody else too."
    ),
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text NOT NULL);
        INSERT INTO letter SELECT n, 'user ' || n % 900 FROM generate_series(1, 12000) AS n;
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        ANALYZE letter;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, owner text NOT NULL, kind text NOT NULL);
        INSERT INTO letter SELECT n, 'user ' || n % 900, 'kind ' || n % 3 FROM generate_series(1, 12000) AS n;
        CREATE INDEX ON letter (owner, id);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE POLICY of_kind ON letter AS RESTRICTIVE USING (kind = current_setting('app.kind'));
        CREATE TABLE draft (id int PRIMARY KEY, owner text NOT NULL);
        INSERT INTO draft SELECT n, 'user ' || n FROM generate_series(1, 500) AS n;
        ALTER TABLE draft ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON draft USING (owner = current_user);
        ANALYZE letter, draft;
    """,
)
def policy_column_without_index(observation: Observation) -> Iterator[Finding]:
    """Columns that a policy compares with who asks, where it alone decides what is read and an index would help."""
    for table in tables(observation):
        if table.row_security and is_users(observation.snapshot, table):
            rows = observation.rows(table.name)
            columns = _ways(table) if rows >= MANY_ROWS else ()
            if all(_selective(observation, table, column) for column in columns):
                for column in columns:
                    if not _indexed(table, column):
                        yield _finding(observation, table, column, rows)


def _finding(observation: Observation, table: Table, column: str, rows: int) -> Finding:
    return Finding(
        object=table.name.column(column),
        message="every query compares it by the table's policy, and no index begins with it",
        severity=Severity.WARNING,
        evidence=(
            catalog("policies", tuple(policy.name for policy in _reading(table))),
            statistic("rows", rows),
            statistic("distinct", _distinct(observation, table, column)),
        ),
        remedy=(index_on(observation.snapshot, table, (column,)),),
        cost=Cost(rows=rows),
    )


def _reading(table: Table) -> list[Policy]:
    return [p for p in table.policies if p.permissive and covers(p, "select") and p.using]


def _ways(table: Table) -> tuple[str, ...]:
    """The columns by which rows are found, each by its own index; none where there is another way to see a row."""
    found = [_columns(policy) for policy in _reading(table)]
    return tuple(dict.fromkeys(column for columns in found for column in columns)) if all(found) else ()


def _columns(policy: Policy) -> tuple[str, ...]:
    """The first of those that all must agree for a row to be seen; or all, where one of them is enough."""
    if policy.using is None or policy.using not in set(conditions(policy)):
        return ()
    tree = parse_expression(policy.using)
    columns = columns_of_asker(policy.using)
    junctions = [node.bool_expr for node in nodes(tree) if node.HasField("bool_expr")]
    if all(junction.boolop == pb.AND_EXPR for junction in junctions):
        return columns[:1]
    either = len(junctions) == 1 and junctions[0].boolop == pb.OR_EXPR
    return columns if either and len(columns) == len(junctions[0].args) else ()


def _selective(observation: Observation, table: Table, column: str) -> bool:
    distinct = _distinct(observation, table, column)
    return distinct > 0 and 1 / distinct <= LARGEST_SHARE


def _distinct(observation: Observation, table: Table, column: str) -> int:
    """How many values the column has, as the server estimates; 0 where it has not looked."""
    statistics = statistics_of(observation, table)
    found = statistics.column(column)
    if found is None:
        return 0
    return round(found.distinct if found.distinct >= 0 else -found.distinct * statistics.rows)


def _indexed(table: Table, column: str) -> bool:
    keys = (index.columns[0] for index in table.indexes if index.valid and index.predicate is None)
    return column in keys or any(serves_lookup(index, (column,)) for index in table.indexes)
