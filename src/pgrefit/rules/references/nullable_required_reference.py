"""A reference that nearly every row has, in a column that may be empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes import fill_required
from pgrefit.changes.fill_required import FillRequired
from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.model.change import Change
from pgrefit.model.ddl import ddl, expression, joined, raw
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Constraint, Snapshot, Table
from pgrefit.rules._ask import Row, catalog, is_empty, named, row_of, scan, statistics_of, tables
from pgrefit.rules._names import words

MOSTLY_FILLED = 0.2  # share of empty rows up to which a reference counts as required, where another way tells most
NEARLY_FILLED = 0.05  # the same where nothing tells them: some of the references are left empty on purpose
FEWEST_ROWS = 100  # of a smaller table it may be chance
REFUTED = 0.05  # share of the filled rows from which on another way says too often something else to fill a row from


@dataclass(frozen=True, slots=True)
class Path:
    """Another reference of the row whose parent refers to the same table: through.column tells the missing value."""

    through: Constraint
    parent: Table
    column: Column


def _asks(observation: Observation) -> Iterator[Question]:
    for table, key in _nullable(observation):
        yield _counts(observation, table, key)


def _nullable(observation: Observation) -> Iterator[tuple[Table, Constraint]]:
    for table in tables(observation):
        for key in () if is_empty(observation, table) else table.foreign_keys:
            if len(key.columns) == 1 and key.parent != table.name and not _optional_by_declaration(table, key):
                statistics = statistics_of(observation, table).column(key.columns[0])
                if statistics is None or statistics.null_fraction <= 2 * MOSTLY_FILLED:
                    yield table, key


def _optional_by_declaration(table: Table, key: Constraint) -> bool:
    """Required already, or the key itself says that the row stays when its parent goes."""
    return table.column(key.columns[0]).not_null or key.on_delete in {"set null", "set default"}


def _paths(db: Snapshot, table: Table, key: Constraint) -> list[Path]:
    found: list[Path] = []
    for through in table.foreign_keys:
        parent = db.find_table(through.parent) if through.parent and through.parent != key.parent else None
        if parent is None or len(through.columns) != 1 or parent.name == table.name:
            continue
        found += [
            Path(through, parent, parent.column(theirs.columns[0]))
            for theirs in parent.foreign_keys
            if theirs.parent == key.parent and theirs.parent_columns == key.parent_columns
        ]
    return found


def _counts(observation: Observation, table: Table, key: Constraint) -> Question:
    (column,) = key.columns
    paths = _paths(observation.snapshot, table, key)
    joins = [
        expression("LEFT JOIN {parent} AS {alias} ON {alias}.{key} = t.{through}", parent=path.parent.name,
                   alias=f"p{i}", key=path.through.parent_columns[0], through=path.through.columns[0])
        for i, path in enumerate(paths)
    ]  # fmt: skip
    counts = [
        expression(
            "count(*) FILTER (WHERE t.{c} IS NULL AND {alias}.{v} IS NOT NULL) AS {fillable},"
            " count(*) FILTER (WHERE t.{c} <> {alias}.{v}) AS {differs}",
            c=column, alias=f"p{i}", v=path.column.name, fillable=f"fillable_{i}", differs=f"differs_{i}",
        )
        for i, path in enumerate(paths)
    ]  # fmt: skip
    nulls = expression("count(*) FILTER (WHERE t.{column} IS NULL) AS nulls", column=column)
    select = ddl(
        "SELECT count(*) AS rows, {counts} FROM {table} AS t {joins}",
        counts=raw(joined([nulls, *counts])), table=table.name, joins=raw(joined(joins, " ")),
    )  # fmt: skip
    return Question(table.name, select)


@rule(
    code="REF003",
    title="Required reference that may be empty",
    why=(
        "Rows without it drop out of every join and of every policy that goes through it: they are there, and nobody"
        " sees them. As long as the column may be empty, more of them come."
    ),
    asks=_asks,
    example="""
        CREATE TABLE course (id int PRIMARY KEY);
        CREATE TABLE lesson (id int PRIMARY KEY, course_id int NOT NULL REFERENCES course);
        CREATE TABLE note (id int PRIMARY KEY, course_id int REFERENCES course,
                           lesson_id int NOT NULL REFERENCES lesson);
        INSERT INTO course SELECT generate_series(1, 5);
        INSERT INTO lesson SELECT n, n % 5 + 1 FROM generate_series(1, 10) AS n;
        INSERT INTO note SELECT n, CASE WHEN n > 5 THEN (n % 10 + 1) % 5 + 1 END, n % 10 + 1
        FROM generate_series(1, 100) AS n;
    """,
    clean="""
        CREATE TABLE course (id int PRIMARY KEY);
        CREATE TABLE staff (id int PRIMARY KEY, manager_id int REFERENCES staff);
        CREATE TABLE note (id int PRIMARY KEY, course_id int NOT NULL REFERENCES course,
                           approved_by int REFERENCES staff, deleted_by int REFERENCES staff,
                           author_id int REFERENCES staff ON DELETE SET NULL, editor_id int REFERENCES staff);
        INSERT INTO course SELECT generate_series(1, 5);
        INSERT INTO staff SELECT n, CASE WHEN n > 2 THEN n - 1 END FROM generate_series(1, 30) AS n;
        INSERT INTO note SELECT n, n % 5 + 1, CASE WHEN n > 10 THEN 1 END, CASE WHEN n = 7 THEN 2 END, 3,
                                CASE WHEN n % 2 = 0 THEN 4 END FROM generate_series(1, 100) AS n;
    """,
)
def nullable_required_reference(observation: Observation) -> Iterator[Finding]:
    """References that are filled in nearly all rows."""
    for table, key in _nullable(observation):
        row = row_of(observation, _counts(observation, table, key))
        if row and _required_in_practice(observation, table, key, row):
            yield _finding(observation, table, key, row)


def _required_in_practice(observation: Observation, table: Table, key: Constraint, row: Row) -> bool:
    rows, nulls = row.count("rows"), row.count("nulls")
    told = any(row.count(f"fillable_{way}") * 2 >= nulls for way in _trusted(observation, table, key, row))
    done_later = words(key.columns[0])[-1:] == ("by",) and nulls > 0  # approved_by waits to be filled
    return rows >= FEWEST_ROWS and nulls <= (MOSTLY_FILLED if told else NEARLY_FILLED) * rows and not done_later


def _trusted(observation: Observation, table: Table, key: Constraint, row: Row) -> dict[int, Path]:
    """The ways, by number, that hardly ever say something else where the reference is filled."""
    filled = row.count("rows") - row.count("nulls")
    paths = enumerate(_paths(observation.snapshot, table, key))
    return {way: path for way, path in paths if row.count(f"differs_{way}") <= REFUTED * filled}


def _finding(observation: Observation, table: Table, key: Constraint, row: Row) -> Finding:
    nulls = row.count("nulls")
    paths = _trusted(observation, table, key, row)
    best = max(paths, key=lambda way: row.count(f"fillable_{way}"), default=None)
    evidence = [scan("rows", row.count("rows")), scan("null", nulls)]
    if best is not None:
        evidence += _path_evidence(paths[best], row, best)
    return Finding(
        object=named(table, key.columns[0]),
        message=f"refers to {key.parent} in nearly all rows, but may be empty" + (" and is, in some" if nulls else ""),
        severity=Severity.WARNING if nulls else Severity.INFO,
        evidence=tuple(evidence),
        remedy=(_remedy(table, key, None if best is None else paths[best], nulls),),
    )


def _path_evidence(path: Path, row: Row, number: int) -> Iterator[Evidence]:
    fillable = row.count(f"fillable_{number}")
    yield catalog("the value is in", f"{named(path.parent, path.column.name)} by way of {path.through.columns[0]}")
    yield scan("fillable from there", fillable)
    yield scan("not fillable", row.count("nulls") - fillable)
    yield scan(f"filled, but otherwise than {path.parent.name} says", row.count(f"differs_{number}"))


def _remedy(table: Table, key: Constraint, path: Path | None, nulls: int) -> Change:
    (column,) = key.columns
    if not nulls:
        return SetNotNull(table=table.name, column=column)
    source = None if path is None else fill_required.Path(
        through=path.through.columns[0], parent=path.parent.name, parent_key=path.through.parent_columns[0],
        parent_column=path.column.name,
    )  # fmt: skip
    return FillRequired(table=table.name, column=column, source=source)
