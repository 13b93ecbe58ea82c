"""A foreign key over several columns that is not checked where one of them is empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes.add_check import AddCheck
from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import fit
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Constraint, Snapshot, Table
from pgrefit.rules._ask import Row, catalog, is_empty, known, row_of, scan
from pgrefit.rules._columns import required


@dataclass(frozen=True, slots=True)
class Hole:
    """A foreign key, and those of its columns of which some may be empty while others are not."""

    table: Table
    key: Constraint
    optional: tuple[str, ...]

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What stands in the row, and is not checked, where the only column that may be empty is."""
        return tuple(c for c in self.key.columns if c not in self.optional) if len(self.optional) == 1 else ()


def _asks(observation: Observation) -> Iterator[Question]:
    for table, holes in _tables(observation.snapshot):
        if not is_empty(observation, table):
            yield _half_filled(table, holes)


@remembered
def _tables(db: Snapshot) -> tuple[tuple[Table, tuple[Hole, ...]], ...]:
    own = (table for table in db.own_tables() if table.partition_of is None)
    found = ((table, tuple(_holes(db, table))) for table in own)
    return tuple((table, holes) for table, holes in found if holes)


def _holes(db: Snapshot, table: Table) -> Iterator[Hole]:
    for key in table.foreign_keys:
        plain = key.match == "simple" and key.enforced and not key.inherited
        optional = [name for name in key.columns if not table.column(name).not_null] if len(key.columns) > 1 else []
        filled = required(db, table) if plain and optional else set(key.columns)
        empty = tuple(name for name in optional if name not in filled)
        hole = Hole(table, key, empty)
        open_to_all = len(empty) > 1 or (empty and not _checked_otherwise(table, hole))
        if open_to_all and not _kept_together(table, empty if len(empty) > 1 else key.columns):
            yield hole


def _checked_otherwise(table: Table, hole: Hole) -> bool:
    """Whether the columns that are always filled are kept: by another foreign key, or as the row's own in a tree."""
    tree = hole.key.parent == table.name and {*hole.unchecked} <= {*table.primary_key}
    if tree and all(
        (name, name) in zip(hole.key.columns, hole.key.parent_columns, strict=True) for name in hole.unchecked
    ):
        return True
    keys = (
        key.columns for key in table.foreign_keys if key is not hole.key and not set(key.columns) & {*hole.optional}
    )
    return set(hole.unchecked) <= {name for columns in keys for name in columns}


def _kept_together(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether a check reads all of them: it is there to say which may be empty."""
    return any(set(columns) <= set(check.columns) for check in table.checks)


def _half_filled(table: Table, holes: tuple[Hole, ...]) -> Question:
    """One question a table: for each key, the rows in which some of its columns are empty and some are not."""
    counts = [
        expression("count(*) FILTER (WHERE NOT ({together})) AS {name}",
                   together=raw(_filled(hole)), name=f"half_{i}")
        for i, hole in enumerate(holes)
    ]  # fmt: skip
    select = ddl("SELECT count(*) AS rows, {counts} FROM {t} AS t", counts=raw(joined(counts)), t=table.name)
    return Question(table.name, select)


def _filled(hole: Hole) -> Expression:
    """What holds of rows that are checked, or that have nothing to be checked."""
    if hole.unchecked:
        return expression("t.{c} IS NOT NULL", c=hole.optional[0])
    return _together(hole.optional, "t")


def _together(columns: tuple[str, ...], alias: str = "") -> Expression:
    first, *others = (
        expression("{a}.{c} IS NULL", a=alias, c=name) if alias else expression("{c} IS NULL", c=name)
        for name in columns
    )
    same = [expression("({one}) = ({other})", one=raw(first), other=raw(other)) for other in others]
    return joined(same, " AND ")


@rule(
    code="REF013",
    title="Foreign key that is not checked where a part is empty",
    why=(
        "By default (MATCH SIMPLE) one empty column switches the check off for the row: what stands in the others may"
        " refer to nothing."
    ),
    asks=_asks,
    example="""
        CREATE TABLE room (building text, nr int, PRIMARY KEY (building, nr));
        CREATE TABLE meeting (id int PRIMARY KEY, building text, room_nr int,
                              FOREIGN KEY (building, room_nr) REFERENCES room);
        INSERT INTO room VALUES ('A', 1);
        INSERT INTO meeting VALUES (1, 'A', 1), (2, NULL, NULL);
    """,
    clean="""
        CREATE TABLE house (building text PRIMARY KEY);
        CREATE TABLE room (building text, nr int, PRIMARY KEY (building, nr));
        CREATE TABLE meeting (id int PRIMARY KEY, building text NOT NULL, room_nr int, spare text, spare_nr int,
                              old text, old_nr int,
                              FOREIGN KEY (building) REFERENCES house,
                              FOREIGN KEY (building, room_nr) REFERENCES room,
                              FOREIGN KEY (spare, spare_nr) REFERENCES room MATCH FULL,
                              FOREIGN KEY (old, old_nr) REFERENCES room, CHECK (num_nulls(old, old_nr) IN (0, 2)));
        INSERT INTO house VALUES ('A');
        INSERT INTO meeting VALUES (1, 'A');
    """,
)
def foreign_key_with_optional_part(observation: Observation) -> Iterator[Finding]:
    """Foreign keys of which columns may be empty while others are not, and are not checked then."""
    for table, holes in _tables(observation.snapshot):
        row = row_of(observation, _half_filled(table, holes))
        for i, hole in enumerate(holes):
            yield _finding(hole, row, row.count(f"half_{i}") if row else None)


def _finding(hole: Hole, row: Row | None, half: int | None) -> Finding:
    columns = " and ".join(hole.optional)
    rest = f": then nothing checks {' and '.join(hole.unchecked)}" if hole.unchecked else ""
    where = f"{columns} is empty{rest}" if hole.unchecked else f"one of {columns} is empty"
    check = AddCheck(table=hole.table.name, name=fit(hole.key.name, "_whole"), condition=_together(hole.optional))
    sound = row is not None and row.count("rows") > 0 and not half
    return Finding(
        object=f"{hole.table.name}.{hole.key.name}",
        message=f"is not checked where {where}" + (", as it is in some rows" if half else ""),
        severity=Severity.WARNING if half else Severity.INFO,
        evidence=known((
            catalog("columns that may be empty", hole.optional),
            catalog("definition", str(hole.key.definition)),
            scan("rows with a part of them", () if half is None else half),
        )),
        remedy=(check,) if sound and not hole.unchecked else (),
        advice=_advice(hole) if hole.unchecked or not sound else "",
        cost=Cost(rows=half) if half else None,
    )  # fmt: skip


def _advice(hole: Hole) -> str:
    if hole.unchecked:
        return f"require {hole.optional[0]}, or let a foreign key of its own check {' and '.join(hole.unchecked)}"
    return "fill or empty these columns together, and let a CHECK or MATCH FULL see to it"
