"""A foreign key whose columns no index serves."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Snapshot, Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._indexes import index_on, serves_lookup

SMALL = 1000  # rows that are read faster than they are looked up


@rule(
    code="IDX001",
    title="Foreign key without an index",
    why=(
        "Each DELETE of a parent row, and each change of its key, reads the whole child table to look for children, and"
        " holds its locks all the while; so does every join that starts at the parent."
    ),
    example="""
        CREATE TABLE buyer (id int PRIMARY KEY);
        CREATE TABLE purchase (id int PRIMARY KEY, buyer_id int REFERENCES buyer, paid boolean);
        CREATE INDEX ON purchase (id, buyer_id);
        CREATE INDEX ON purchase (buyer_id) WHERE paid;
    """,
    clean="""
        CREATE TABLE buyer (id int PRIMARY KEY, code text, UNIQUE (id, code));
        CREATE TABLE purchase (id int PRIMARY KEY, buyer_id int REFERENCES buyer, code text,
                               other_id int REFERENCES buyer, third_id int REFERENCES buyer,
                               FOREIGN KEY (buyer_id, code) REFERENCES buyer (id, code),
                               UNIQUE (other_id, paid_at), paid_at date);
        CREATE INDEX ON purchase (code, buyer_id) INCLUDE (id);
        CREATE INDEX ON purchase USING hash (buyer_id);
        CREATE INDEX ON purchase (third_id) WHERE third_id IS NOT NULL;
    """,
)
def foreign_key_without_index(observation: Observation) -> Iterator[Finding]:
    """Foreign keys whose columns lead no usable index of their table."""
    rows = {t.table: t.rows for t in observation.statistics.tables}
    for table in observation.snapshot.own_tables():
        for key in table.foreign_keys:
            if not key.inherited and not any(serves_lookup(index, key.columns) for index in table.indexes):
                yield _finding(observation.snapshot, table, key, rows.get(table.name, -1))


def _finding(db: Snapshot, table: Table, key: Constraint, rows: int) -> Finding:
    return Finding(
        object=f"{table.name}.{key.name}",
        message=f"no index leads with {', '.join(key.columns)}, so a DELETE on {key.parent} reads the whole table",
        severity=Severity.INFO if 0 <= rows < SMALL else Severity.WARNING,
        evidence=(
            catalog("columns", key.columns),
            catalog("on delete", key.on_delete),
            *((statistic("rows", rows),) if rows >= 0 else ()),
        ),
        remedy=(index_on(db, table, key.columns),),
    )
