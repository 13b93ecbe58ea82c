"""A foreign key whose columns no index serves."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import takewhile

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Snapshot, Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import partitions, users_tables
from pgrefit.rules._indexes import index_on, serves_lookup
from pgrefit.rules._purposes import has_one_row
from pgrefit.rules._together import told_once

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
        CREATE TABLE visit (day date, buyer_id int REFERENCES buyer) PARTITION BY RANGE (day);
        CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE INDEX ON visit_1 (buyer_id);
        CREATE TABLE settings (one boolean PRIMARY KEY DEFAULT true CHECK (one), house_buyer_id int REFERENCES buyer);
        CREATE TABLE company (id int PRIMARY KEY CHECK (id = 1), owner_id int REFERENCES buyer);
    """,
)
def foreign_key_without_index(observation: Observation) -> Iterator[Finding]:
    """Foreign keys whose columns lead no usable index of their table; of a partitioned table, of each partition."""
    return told_once(_found(observation))


def _found(observation: Observation) -> Iterator[tuple[Table, Hashable, Finding]]:
    for table in users_tables(observation.snapshot):
        if has_one_row(table):
            continue
        told = set[tuple[str, ...]]()
        for key in table.foreign_keys if table.kind != "foreign table" else ():
            if key.inherited or not key.enforced or key.columns in told or _served(observation.snapshot, table, key):
                continue
            told.add(key.columns)
            yield table, key.columns, _finding(observation, table, key)


def _served(db: Snapshot, table: Table, key: Constraint) -> bool:
    if any(serves_lookup(index, key.columns, table) for index in table.indexes):
        return True
    below = partitions(db).get(table.name, ())
    return bool(below) and all(part.kind == "foreign table" or _served(db, part, key) for part in below)


def _leading(table: Table, key: Constraint) -> tuple[str, ...]:
    """Those of the columns that an index begins with, and by which rows can be found; () where there is none."""
    found: list[tuple[str, ...]] = []
    for index in table.indexes:
        some = tuple(name for name in takewhile(key.columns.__contains__, index.columns) if name)
        found += [some] if some and serves_lookup(index, some, table) else []
    return max(found, key=len, default=())


def _finding(observation: Observation, table: Table, key: Constraint) -> Finding:
    rows, partitioned = observation.rows(table.name), table.kind == "partitioned table"
    alike = tuple(k.name for k in table.foreign_keys if k.columns == key.columns and k.name != key.name)
    part = _leading(table, key)
    cost = "reads the whole table" if not part else f"reads all rows of the same {', '.join(part)}"
    return Finding(
        object=f"{table.name}.{key.name}",
        message=f"no index leads with {', '.join(key.columns)}, so a DELETE on {key.parent} {cost}",
        severity=Severity.INFO if 0 <= rows < SMALL else Severity.WARNING,
        evidence=(
            catalog("columns", key.columns),
            catalog("on delete", key.on_delete),
            *((catalog("foreign keys on the same columns", alike),) if alike else ()),
            *((catalog("columns that an index begins with", part),) if part else ()),
            *((statistic("rows", rows),) if rows >= 0 else ()),
        ),
        remedy=() if partitioned else (index_on(observation.snapshot, table, key.columns),),
        advice="build it concurrently on each partition, then on the whole, which takes them over"
        if partitioned else "",
    )  # fmt: skip
