"""An index that was left unfinished."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.drop_index import DropIndex
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._indexes import needed_by_constraint


@rule(
    code="IDX004",
    title="Invalid index",
    why="A build that failed left it behind: no query uses it, every write keeps it up, and it guarantees nothing.",
    example="""
        CREATE TABLE parcel (id int PRIMARY KEY, weight int);
        CREATE INDEX parcel_weight ON parcel (weight);
        SET allow_system_table_mods = on;
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'parcel_weight'::regclass;
    """,
    clean="""
        CREATE TABLE parcel (id int, weight int) PARTITION BY RANGE (id);
        CREATE TABLE parcel_1 PARTITION OF parcel FOR VALUES FROM (1) TO (10);
        CREATE INDEX parcel_weight ON ONLY parcel (weight);
    """,
)
def invalid_index(observation: Observation) -> Iterator[Finding]:
    """Indexes that are not valid; that of a partitioned table may be so while its parts are attached."""
    for table in observation.snapshot.own_tables():
        for index in table.indexes if table.kind != "partitioned table" else ():
            if not (index.valid and index.ready):
                yield Finding(
                    object=str(index.name),
                    message=f"is invalid: no query of {table.name} uses it",
                    severity=Severity.ERROR,
                    evidence=(catalog("definition", str(index.definition)), catalog("is written to", index.ready)),
                    remedy=() if needed_by_constraint(index) else (DropIndex(index=index, table=table.name),),
                    advice="build it anew: REINDEX INDEX CONCURRENTLY",
                )
