"""Indexes whose order is another than that of the library now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import CollationVersion
from pgrefit.model.snapshot import Index, IndexKey
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import with_server

SORTED_BY_COLLATION = {"text_ops", "varchar_ops", "bpchar_ops", "citext_ops", "gist_text_ops", "gist_bpchar_ops",
                       "text_minmax_ops", "bpchar_minmax_ops"}  # fmt: skip
METHODS = {"btree", "gist", "brin"}
MOST_NAMED = 20
CLEAN = """
    CREATE TABLE person (id int PRIMARY KEY, name text COLLATE "C");
    CREATE INDEX ON person (name);
"""


@dataclass(frozen=True, slots=True)
class _Concerned:
    """An index with its size in bytes."""

    index: Index
    bytes: int


@rule(
    code="SRV023",
    title="Collation changed since indexes were built",
    why=(
        "An index that is sorted the old way does not find rows that are there, and a unique one lets the same value in"
        " twice."
    ),
    example="CREATE TABLE person (id int PRIMARY KEY, name text); CREATE INDEX ON person (name)",
    given=with_server(collations=(CollationVersion(name="", recorded="2.31", actual="2.36"),)),
    clean=CLEAN,
)
def collation_changed(observation: Observation) -> Iterator[Finding]:
    """Collations of another version than was recorded, with the indexes that are sorted by them.

    Source: https://www.postgresql.org/docs/current/sql-altercollation.html.
    """
    database = observation.snapshot.database
    for changed in observation.server.collations:
        concerned = list(_concerned(observation, changed.name))
        name = f"collation {changed.name}" if changed.name else f"database {database}"
        refresh = "COLLATION … REFRESH VERSION" if changed.name else "DATABASE … REFRESH COLLATION VERSION"
        yield Finding(
            object=name,
            message=f"sorts by version {changed.actual or 'unknown'} of its library, {changed.recorded} was recorded;"
            f" {len(concerned)} indexes are sorted by it",
            severity=Severity.ERROR if concerned else Severity.INFO,
            evidence=(
                catalog("recorded version", changed.recorded),
                catalog("present version", changed.actual),
                catalog("indexes", tuple(str(one.index.name) for one in concerned[:MOST_NAMED])),
                catalog("number of indexes", len(concerned)),
                catalog("bytes of indexes", sum(one.bytes for one in concerned)),
            ),
            advice=f"REINDEX INDEX CONCURRENTLY each of them, look at checks and partition bounds on text, then ALTER"
            f" {refresh}",
        )


def _concerned(observation: Observation, collation: str) -> Iterator[_Concerned]:
    db = observation.snapshot
    indexes = [index for table in db.tables for index in table.indexes]
    indexes += [index for view in db.views for index in view.indexes]
    for index in indexes:
        if index.method in METHODS and any(_sorts(key, collation) for key in index.keys):
            counted = observation.statistics.index(index.name)
            yield _Concerned(index, counted.bytes if counted else 0)


def _sorts(key: IndexKey, collation: str) -> bool:
    """Whether a key is in the order of a collation; '' is that of the database."""
    opclass = key.opclass.partition(" (")[0].rpartition(".")[2]
    return opclass in SORTED_BY_COLLATION and key.collation == collation
