"""Published tables whose rows cannot be named to the subscriber."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Publication, Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql
from pgrefit.rules._ask import catalog, statistic

ALL = frozenset({"insert", "update", "delete", "truncate"})


@rule(
    code="SRV034",
    title="Published table without replica identity",
    why="On such a table UPDATE and DELETE fail with an error, as long as the publication publishes them.",
    example="""
        CREATE TABLE event (at timestamptz, body text);
        CREATE PUBLICATION outbound FOR TABLE event;
    """,
    clean="""
        CREATE TABLE event (id int PRIMARY KEY, body text);
        CREATE TABLE log (at timestamptz, body text);
        CREATE TABLE state (at timestamptz, body text);
        ALTER TABLE state REPLICA IDENTITY FULL;
        CREATE TABLE unpublished (at timestamptz);
        CREATE PUBLICATION outbound FOR TABLE event, state;
        CREATE PUBLICATION inserts FOR TABLE log WITH (publish = 'insert');
    """,
)
def published_table_without_identity(observation: Observation) -> Iterator[Finding]:
    """Tables whose updates or deletes are published, with nothing that names a row.

    Source: https://www.postgresql.org/docs/current/logical-replication-publication.html.
    """
    db = observation.snapshot
    published: dict[Relation, list[str]] = {}
    for publication in db.publications:
        if _operations(publication) & {"update", "delete"}:
            for table in _members(db, publication):
                published.setdefault(table.name, []).append(publication.name)
    for name, publications in published.items():
        table = db.table(name)
        if _is_nameless(table) and table.partition_of not in published:
            yield _finding(observation, table, tuple(publications))


def _members(db: Snapshot, publication: Publication) -> Iterator[Table]:
    chosen = set(publication.tables)
    for table in db.own_tables():
        whole = publication.all_tables and table.partition_of is None
        if (whole or table.name in chosen) and table.kind != "foreign table" and table.persistence == "permanent":
            yield table


def _operations(publication: Publication) -> frozenset[str]:
    """What it publishes; all where its definition cannot be read."""
    try:
        tree = parse_sql(f"CREATE PUBLICATION publication {publication.definition}")
    except UnreadableError:
        return ALL
    options = (node.def_elem for node in nodes(tree) if node.HasField("def_elem"))
    text = next((option.arg.string.sval for option in options if option.defname == "publish"), ", ".join(ALL))
    return frozenset(part.strip() for part in text.split(","))


def _is_nameless(table: Table) -> bool:
    if table.replica_identity == "index":
        return not any(index.replica_identity for index in table.indexes)
    return table.replica_identity == "nothing" or (table.replica_identity == "default" and not table.primary_key)


def _finding(observation: Observation, table: Table, publications: tuple[str, ...]) -> Finding:
    counted = observation.statistics.table(table.name)
    unique = table.row_key
    how = (
        f"ALTER TABLE … REPLICA IDENTITY USING INDEX, the unique one on {', '.join(unique)}"
        if unique
        else "a primary key"
    )
    return Finding(
        object=str(table.name),
        message=f"UPDATE and DELETE fail: {', '.join(publications)} publishes them, and nothing names a row",
        severity=Severity.ERROR,
        evidence=(
            catalog("publications", publications),
            catalog("replica identity", table.replica_identity),
            statistic("rows updated or deleted", counted.updated + counted.deleted),
        ),
        advice=f"give it {how}; REPLICA IDENTITY FULL as a last resort, for it logs whole rows",
        cost=Cost(rows=max(counted.rows, 0)),
    )
