"""Rows that are marked as deleted, in indexes that are meant for the others."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Index, Table
from pgrefit.model.sql_tree import columns_of, is_readable
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import own_columns, plain_type
from pgrefit.rules._languages import english
from pgrefit.rules._names import words

MARKS = {("deleted", "at"), ("deleted", "on"), ("deleted",), ("is", "deleted"), ("discarded", "at"), ("removed", "at")}
ELSEWHERE = (  # how words for it begin in other languages
    "usuniet", "usuniec", "silin", "silm", "exclusao", "remoc", "hapus", "loesch", "lösch", "cancellaz", "baja",
    "dihapus", "terhapus", "removid", "apagad", "borrad", "slettet", "raderad", "borttagen",
    "poistett", "torolve", "smazan", "vymazan", "cancellat", "sakujo", "verwijder", "geloescht", "gelöscht",
    "obrisan", "sters", "excluid", "eliminad", "supprim", "efface", "gewist", "trashed", "erased",
)  # fmt: skip
NOT_IT = {"can", "may", "by", "after", "until", "ab", "bis", "kann", "darf", "po", "allow", "auto"}
LONGEST = 3  # words
MOMENTS = ("timestamp", "date")


@rule(
    code="TYP028",
    title="Soft deletion that no index knows of",
    why="Every index carries the deleted rows along, and a unique one forbids what only a deleted row has.",
    example="""
        CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
        CREATE INDEX ON account (email);
    """,
    clean="""
        CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
        CREATE INDEX ON account (email) WHERE deleted_at IS NULL;
        CREATE TABLE guest (id int PRIMARY KEY, deleted_at timestamptz);
        CREATE TABLE deletion (id int PRIMARY KEY, of_row text UNIQUE, deleted_at timestamptz NOT NULL);
    """,
    by_default=False,
)
def soft_delete_without_partial_index(observation: Observation) -> Iterator[Finding]:
    """Tables with such a mark and with indexes beside the key, none of which has it in its condition."""
    for table, columns in own_columns(observation):
        others = [index for index in table.indexes if not index.primary]
        mark = next((column for column in columns if _is_mark(observation, column)), None)
        if mark and others and not any(_knows(index, mark.name) for index in others):
            yield Finding(
                object=str(table.name),
                message=f"marks rows as deleted in {mark.name}, and no index leaves them out",
                severity=Severity.INFO,
                evidence=tuple(_evidence(observation, table, mark)),
                advice="make the indexes of queries that want living rows partial",
            )


def _is_mark(observation: Observation, column: Column) -> bool:
    """By its name, in whatever language: a flag, or a moment that rows which live do not have."""
    said, type_ = words(column.name), plain_type(observation.snapshot, column.type)
    moment = type_.startswith(MOMENTS)
    abroad = any(word.startswith(ELSEWHERE) for word in said) and not NOT_IT & {*said}
    called = english(column.name)[:1] == ("deleted",) or abroad
    translated = called and len(said) <= LONGEST and (moment or type_ == "boolean")
    return (said in MARKS or translated) and not (moment and column.not_null)


def _knows(index: Index, column: str) -> bool:
    readable = index.predicate is not None and is_readable(index.predicate)
    return readable and index.predicate is not None and column in columns_of(index.predicate)


def _evidence(observation: Observation, table: Table, mark: Column) -> Iterator[Evidence]:
    yield catalog("indexes beside the key", tuple(i.name.name for i in table.indexes if not i.primary))
    seen = statistics_of(observation, table).column(mark.name)
    if seen and not mark.type.startswith("boolean"):
        yield statistic("share of rows that are deleted", round(1 - seen.null_fraction, 4))
