"""Columns that may be empty and never are."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.model.ddl import Expression, expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, catalog, key_columns, named, row_of, scan, statistics_of
from pgrefit.rules.data._exact import counted, how_many, refuses_null
from pgrefit.rules.data._forms import is_blank
from pgrefit.rules.data._meanings import ENUMERATIONS, ends_as, is_flag_like, is_key_like, is_place, means
from pgrefit.rules.data._sample import MOMENTS, bare_type, sampled_tables, samples

FEWEST_ROWS = 100  # of fewer rows it may be chance
MANY_ROWS = 500  # from which on nothing need be said by the name
SET_AT_ONCE = {"created", "inserted", "updated", "modified", "registered", "added", "recorded", "ordered", "placed",
               "start", "starts", "started", "begin", "begins", "occurred", "happened", "received"}  # fmt: skip
OPTIONAL = {
    "optional", "middle", "second", "secondary", "alternative", "alternate", "extra", "previous", "next",
    "deleted", "archived", "cancelled", "canceled", "end", "ended", "closed", "parent", "by",
}  # fmt: skip


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (_counts(table, columns) for table, columns in _candidates(observation))


def _candidates(observation: Observation) -> Iterator[tuple[Table, tuple[Column, ...]]]:
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        filled = (v for v in columns if v.filled == v.rows >= FEWEST_ROWS and v.column.name not in keys)
        full = [v.column for v in filled if not any(map(is_blank, v.common))]  # '' stands where NULL would
        many = statistics_of(observation, table).rows >= MANY_ROWS
        found = tuple(c for c in full if _is_expected(table, c, many=many) and not refuses_null(table, c.name))
        if found:
            yield table, found


def _is_expected(table: Table, column: Column, *, many: bool) -> bool:
    """Nullable, and something that each row has, by many rows or by name, type or default.

    References are another rule's.
    """
    if column.not_null or column.generated or column.identity or means(column, OPTIONAL):
        return False
    moment = bare_type(column) in MOMENTS and means(column, SET_AT_ONCE)
    is_state = ends_as(column, ENUMERATIONS) and not is_place(table, column)
    named_so = is_key_like(table, column) or is_flag_like(column) or is_state
    return many or moment or named_so or column.type == "boolean" or _has_value_by_default(column)


def _has_value_by_default(column: Column) -> bool:
    return column.default is not None and not column.default.upper().startswith("NULL")


def _counts(table: Table, columns: tuple[Column, ...]) -> Question:
    nulls = {f"nulls_{n}": how_many(expression("t.{c} IS NULL", c=c.name)) for n, c in enumerate(columns)}
    return counted(table, {"rows": Expression("count(*)")} | nulls)


@rule(
    code="DAT010",
    title="Columns that may be empty and never are",
    why=(
        "Every reader has to think of the empty case, or forgets it; NOT NULL says that there is none, keeps it so, and"
        " lets the planner take anti-joins it may not take otherwise."
    ),
    asks=_asks,
    example="""
        CREATE TABLE buyer (id int PRIMARY KEY, email text, is_active boolean DEFAULT true, nickname text);
        INSERT INTO buyer SELECT n, 'b' || n || '@example.org', n % 3 > 0, 'b' || n FROM generate_series(1, 300) AS n;
        ANALYZE buyer;
    """,
    clean="""
        CREATE TABLE buyer (id int PRIMARY KEY, email text NOT NULL, is_active boolean, approved_by text, status text,
                            created_at timestamptz CHECK (created_at IS NOT NULL), height numeric);
        INSERT INTO buyer
        SELECT n, 'b' || n || '@x.org', CASE WHEN n <> 250 THEN true END, 'x', CASE WHEN n > 2 THEN 'a' END, now(), n
        FROM generate_series(1, 300) AS n;
        CREATE TABLE small (id int PRIMARY KEY, status text);
        INSERT INTO small SELECT n, 'new' FROM generate_series(1, 30) AS n;
        ANALYZE buyer, small;
    """,
)
def nullable_never_null(observation: Observation) -> Iterator[Finding]:
    """Of each table columns that hold no NULL: all of a large one; of a small one keys, flags, states, creation."""
    for table, columns in _candidates(observation):
        row = row_of(observation, _counts(table, columns))
        full = [c for n, c in enumerate(columns) if row and row.count(f"nulls_{n}") == 0]
        if row and full and row.count("rows") >= FEWEST_ROWS:
            yield _finding(table, full, row)


def _finding(table: Table, full: list[Column], row: Row) -> Finding:
    names = tuple(c.name for c in full)
    return Finding(
        object=named(table, names[0]) if len(names) == 1 else str(table.name),
        message=f"may be empty, and never {'is' if len(names) == 1 else 'are'}: {', '.join(names)}",
        severity=Severity.INFO,
        evidence=(scan("rows", row.count("rows")), catalog("never null", names)),
        remedy=tuple(SetNotNull(table=table.name, column=name) for name in names),
    )
