"""A table whose rows cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._ask import catalog, statistic, tables
from pgrefit.rules._families import leaves
from pgrefit.rules._grouped import by_schema
from pgrefit.rules._said import PRIMARY_KEYS, is_meant

FEW = 4  # of a schema that are told one by one


@rule(
    code="CON001",
    title="Table without primary key",
    why=(
        "The same row can be there twice, and one of the two cannot be changed or deleted alone; logical replication"
        " refuses its updates, and online changes cannot walk it."
    ),
    example="CREATE TABLE log_line (written_at timestamptz, line text);",
    clean="""
        CREATE TABLE log_line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line text);
        CREATE TABLE metric (day date, value int, PRIMARY KEY (day)) PARTITION BY RANGE (day);
        CREATE TABLE metric_1 PARTITION OF metric FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE position (ship int NOT NULL, at timestamptz NOT NULL, course int);
        CREATE UNIQUE INDEX position_key ON position (ship, at);
        ALTER TABLE position REPLICA IDENTITY USING INDEX position_key;
        CREATE TABLE event (id bigint NOT NULL, day date) PARTITION BY RANGE (day);
        CREATE TABLE event_1 PARTITION OF event (PRIMARY KEY (id)) FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    """,
)
def table_without_primary_key(observation: Observation) -> Iterator[Finding]:
    """Tables, but for foreign ones, that have no primary key; partitions and heirs with the table that they are of."""
    found = tuple(_found(observation))
    keyed = (each for each in found if each[1].severity is Severity.INFO)
    keyless = (each for each in found if each[1].severity is Severity.WARNING)
    yield from by_schema(keyed, "tables have no primary key, but a unique key that could be it", few=FEW)
    yield from by_schema(keyless, "tables have no primary key, nor another key", few=FEW, severity=Severity.WARNING)


def _found(observation: Observation) -> Iterator[tuple[str, Finding]]:
    for table in tables(observation):
        meant = table.primary_key or is_meant(table.comment, PRIMARY_KEYS)
        if table.kind != "foreign table" and not meant and not _is_keyed(observation.snapshot, table):
            yield table.name.schema, _finding(table, observation.rows(table.name))


def _finding(table: Table, rows: int) -> Finding:
    other = ", ".join(table.row_key)
    return Finding(
        object=str(table.name),
        message="has no primary key" + (f", but a unique key that could be it: ({other})" if other else ""),
        severity=Severity.INFO if other else Severity.WARNING,
        evidence=(
            catalog("columns", tuple(c.name for c in table.columns)),
            *((statistic("rows", rows),) if rows >= 0 else ()),
        ),
        advice="make the unique key the primary key" if other
        else "give it an identity column, or declare the columns that identify a row",
    )  # fmt: skip


def _is_keyed(db: Snapshot, table: Table) -> bool:
    """It has one, or each of its partitions has; or it is told with the table that it inherits from."""
    parts = [part for part in leaves(db, table) if part is not table]
    parents = (db.find_table(name) for name in table.inherits)
    keyless = any(parent and not parent.primary_key for parent in parents)
    chosen = any(index.replica_identity and index.valid for index in table.indexes)  # to tell its rows apart
    return bool(table.primary_key) or chosen or keyless or (bool(parts) and all(part.primary_key for part in parts))
