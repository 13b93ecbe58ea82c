"""A unique key that lets the same row in twice, because one of its columns is empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes.add_unique import AddUnique
from pgrefit.model.ddl import ddl, expression, joined, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import fit
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Index, Snapshot, Table
from pgrefit.model.sql_tree import columns_of, is_readable
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import Row, catalog, is_empty, known, row_of, scan
from pgrefit.rules._columns import required
from pgrefit.rules._names import stems

MOSTLY = 0.5
MOST_KINDS = 50  # values of a column that says which of several, as a size, a shift or a language
GONE = {"deleted", "removed", "archived", "discarded"}  # deleted_at and its like


@dataclass(frozen=True, slots=True)
class Gap:
    """A unique index, and those of its columns that may be empty. `live`: they say when the row ended."""

    table: Table
    index: Index
    columns: tuple[str, ...]
    optional: tuple[str, ...]
    live: bool
    moments: bool = False  # they are moments whose names do not say so
    kind: bool = False  # it may be one that says which of several


def _asks(observation: Observation) -> Iterator[Question]:
    for gap in _found(observation):
        if not is_empty(observation, gap.table):
            yield _duplicates(gap)


def _found(observation: Observation) -> Iterator[Gap]:
    """Those by name, those whose moment most rows do not have: they are the live ones; and those of few values."""
    for gap in _gaps(observation.snapshot):
        seen = observation.statistics.table(gap.table.name)
        columns = [seen.column(name) for name in gap.optional] if gap.moments or gap.kind else []
        if all(column and (_is_kind(column, seen.rows) if gap.kind else column.null_fraction >= MOSTLY)
               for column in columns):  # fmt: skip
            yield gap


def _is_kind(column: ColumnStatistics, rows: int) -> bool:
    """Whether it has few values, each in many rows: a number that is not given yet has many."""
    return column.null_fraction > 0 and 1 < column.distinct <= min(MOST_KINDS, rows / MOST_KINDS)


@remembered
def _gaps(db: Snapshot) -> tuple[Gap, ...]:
    plain = ((table, index) for table in db.own_tables() if not table.partition_of for index in table.indexes)
    gaps = (_gap(table, index) for table, index in plain if _is_plain(index))
    return tuple(
        gap
        for gap in gaps
        if gap and not _is_filled(gap.table, gap) and not set(gap.optional) <= required(db, gap.table)
    )


def _is_plain(index: Index) -> bool:
    """Over several columns, and of all rows."""
    whole = index.predicate is None and None not in index.columns and len(index.keys) > 1
    return index.unique and index.valid and whole and not index.nulls_not_distinct


def _gap(table: Table, index: Index) -> Gap | None:
    """Where an empty column means something: the row is live, or belongs to none of the parents.

    Elsewhere it says that there is no such value yet, and two rows without one are no duplicates; unless it is one of
    few kinds, of which there is no more than one each.
    """
    columns = tuple(name for name in index.columns if name is not None)
    empty = tuple(name for name in columns if not table.column(name).not_null)
    rest = set(columns) - set(empty)
    moments = all(_is_moment(table, name) for name in empty)
    live = moments and all(GONE & set(stems(name)) for name in empty)
    scoped = set(empty) <= _references(table) and bool(rest - _references(table))
    kind = len(empty) == 1 and not moments and not scoped
    if not empty or not rest or not (moments or scoped or kind):
        return None
    return Gap(table, index, columns, empty, moments, moments=moments and not (live or scoped), kind=kind)


def _references(table: Table) -> set[str]:
    return {name for key in table.foreign_keys for name in key.columns}


def _is_moment(table: Table, name: str) -> bool:
    return table.column(name).type.startswith(("timestamp", "date"))


def _is_filled(table: Table, gap: Gap) -> bool:
    """Whether something else sees to the rows where the column is empty, or to its never being so."""
    others = (index for index in table.indexes if index.unique and index.valid and index != gap.index)
    checked = {name for check in table.checks if not gap.kind or len(check.columns) > 1 for name in check.columns}
    one_of_several = not gap.live and bool(checked & set(gap.optional))
    return one_of_several or any(_covers(other, gap) for other in others)


def _covers(other: Index, gap: Gap) -> bool:
    """An index over the rest, for the empty rows, or the same for another of several parents of which one is there."""
    empty = set(gap.optional)
    rest = set(gap.columns) - empty
    names = {name for name in other.columns if name is not None}
    if other.nulls_not_distinct:
        return names <= set(gap.columns)
    if None not in other.columns and other.predicate is None:
        others = _references(gap.table) - empty
        return names <= rest or (not gap.live and rest <= names <= rest | others)
    written = [*(key.expression for key in other.keys if key.column is None), *filter(None, (other.predicate,))]
    return bool(empty & {name for text in written if is_readable(text) for name in columns_of(text)})


def _duplicates(gap: Gap) -> Question:
    empty = joined([expression("t.{c} IS NULL", c=name) for name in gap.optional], " OR ")
    keys = joined([expression("t.{c}", c=name) for name in gap.columns])
    select = ddl(
        "SELECT coalesce(sum(g.n), 0)::bigint AS empty, coalesce(sum(g.n - 1), 0)::bigint AS extra"
        " FROM (SELECT count(*) AS n FROM {t} AS t WHERE {empty} GROUP BY {keys}) AS g",
        t=gap.table.name, empty=raw(empty), keys=raw(keys),
    )  # fmt: skip
    return Question(gap.table.name, select)


@rule(
    code="CON010",
    title="Unique key over a column that may be empty",
    why=(
        "NULL is equal to nothing, so the key says nothing about rows without a value in one of its columns: a live row"
        " (deleted_at is NULL), or one at the top of its tree, can be there any number of times."
    ),
    asks=_asks,
    example="""
        CREATE TABLE page (id int PRIMARY KEY, parent_id int REFERENCES page, slug text NOT NULL,
                           UNIQUE (parent_id, slug));
        INSERT INTO page VALUES (1, NULL, 'home'), (2, 1, 'news'), (3, NULL, 'about');
    """,
    clean="""
        CREATE TABLE page (id int PRIMARY KEY, parent_id int REFERENCES page, slug text NOT NULL, language text,
                           external_id text, UNIQUE (parent_id, slug), UNIQUE (slug, external_id), UNIQUE (language));
        CREATE UNIQUE INDEX ON page (slug) WHERE parent_id IS NULL;
        CREATE TABLE tag (id int PRIMARY KEY, page_id int REFERENCES page, parent_id int REFERENCES tag,
                          name text NOT NULL, deleted_at timestamptz,
                          UNIQUE (page_id, name), UNIQUE (parent_id, name),
                          UNIQUE NULLS NOT DISTINCT (name, deleted_at));
        INSERT INTO page VALUES (1, NULL, 'home', NULL, NULL), (2, 1, 'news', NULL, NULL);
    """,
)
def unique_key_over_nullable_column(observation: Observation) -> Iterator[Finding]:
    """Unique keys over several columns of which one says when the row ended, or is an optional reference.

    One that says which of several, as a shift or a size, counts where rows without it are there more than once: a
    number that is not given yet is another matter.
    """
    for gap in _found(observation):
        row = row_of(observation, _duplicates(gap))
        if (row and row.count("extra")) if gap.kind else (gap.live or row is None or row.count("empty")):
            yield _finding(observation.snapshot, gap, row)


def _finding(db: Snapshot, gap: Gap, row: Row | None) -> Finding:
    extra = row.count("extra") if row else None
    name = fit(f"{gap.table.name.name}_{'_'.join(gap.columns)}", "_nnd_key")
    change = AddUnique(table=gap.table.name, columns=gap.columns, name=name, nulls_not_distinct=True)
    sound = extra == 0 and not any(change.obstacles(db))
    rows = "live rows" if gap.live else f"rows without {' or '.join(gap.optional)}"
    return Finding(
        object=str(gap.index.name),
        message=f"does not hold for {rows}" + (f": {extra} of them are there once more" if extra else ""),
        severity=_severity(gap, extra),
        evidence=known((
            catalog("columns", gap.columns),
            catalog("columns that may be empty", gap.optional),
            scan("rows that are not checked", row.count("empty") if row else ()),
            scan("duplicates among them", () if extra is None else extra),
        )),
        remedy=(change,) if sound else (),
        advice="" if sound else "mend the duplicates, then UNIQUE NULLS NOT DISTINCT, or an index for the rows without",
        cost=Cost(rows=extra) if extra else None,
    )  # fmt: skip


def _severity(gap: Gap, extra: int | None) -> Severity:
    if gap.live:
        return Severity.ERROR if extra else Severity.WARNING
    return Severity.WARNING if extra else Severity.INFO
