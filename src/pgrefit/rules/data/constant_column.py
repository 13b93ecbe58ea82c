"""A column that says the same in every row."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, is_text, key_columns, named, row_of, scan, statistics_of
from pgrefit.rules._languages import english
from pgrefit.rules.data._meanings import is_flag_like, means
from pgrefit.rules.data._ranges import COUNTED, QUANTITIES
from pgrefit.rules.data._sample import MOMENTS, Values, bare_type, sampled_tables, samples

FEWEST_ROWS = 100
NEARLY_ALL = 0.999
PASSWORDS = {"password", "secret", "hash", "salt", "digest", "pin"}
LONGEST_ANSWER = 5  # characters of a yes or no: false
NEAR = 0.99  # in the sample
SETTLED = {
    "tenant", "org", "organization", "company", "locale", "timezone", "version", "schema",
    "site", "store", "environment", "env", "deleted", "retry", "attempt", "error", "failure",
}  # fmt: skip


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (_counts(table, column) for table, column in _candidates(observation))


def _candidates(observation: Observation) -> Iterator[tuple[Table, Column]]:
    for table, columns in sampled_tables(observation):
        keys = key_columns(table) | {name for index in table.indexes if index.unique for name in index.columns if name}
        for values in columns:
            settled = _is_settled(values) or _is_one_each(values)
            if values.column.name not in keys and _is_constant(values) and not settled:
                yield table, values.column


def _is_constant(values: Values) -> bool:
    return values.rows >= FEWEST_ROWS and values.top >= NEAR * values.rows


def _is_settled(values: Values) -> bool:
    """Flags, moments of a bulk load, what a default fills and what sets one installation apart may all be alike."""
    column = values.column
    made = column.generated or column.identity or column.default is not None
    answer = values.longest <= LONGEST_ANSWER or not is_text(column)
    flag = column.type == "boolean" or (is_flag_like(column) and answer)
    return bool(made) or flag or bare_type(column) in MOMENTS or means(column, SETTLED) or "id" in english(column.name)


def _is_one_each(values: Values) -> bool:
    """A quantity of which nobody has had several yet."""
    return values.common.keys() <= {"0", "1"} and means(values.column, QUANTITIES | COUNTED)


def _counts(table: Table, column: Column) -> Question:
    select = ddl(
        "SELECT left(t.{c}::text, 60) AS value, count(*) AS rows, (sum(count(*)) OVER ())::bigint AS all_rows"
        " FROM {t} AS t GROUP BY t.{c} ORDER BY 2 DESC LIMIT 1",
        c=column.name, t=table.name,
    )  # fmt: skip
    return Question(table.name, select)


@rule(
    code="DAT011",
    title="Column with one value",
    why="It tells nothing of the row that it is in, and yet every row pays for it, in each page, backup and index.",
    asks=_asks,
    example="""
        CREATE TABLE reading (id int PRIMARY KEY, origin text NOT NULL, value numeric NOT NULL);
        INSERT INTO reading SELECT n, 'import', n % 37 FROM generate_series(1, 1000) AS n;
        ANALYZE reading;
    """,
    clean="""
        CREATE TABLE reading (id int PRIMARY KEY, origin text NOT NULL DEFAULT 'import', value numeric NOT NULL,
                              is_valid boolean NOT NULL, tenant_id int NOT NULL, loaded_at date NOT NULL, kind text);
        INSERT INTO reading SELECT n, 'import', n % 37, true, 1, '2024-1-1', CASE WHEN n % 90 = 0 THEN 'b' ELSE 'a' END
        FROM generate_series(1, 1000) AS n;
        CREATE TABLE small (id int PRIMARY KEY, kind text);
        INSERT INTO small SELECT n, 'a' FROM generate_series(1, 50) AS n;
        ANALYZE reading, small;
    """,
)
def constant_column(observation: Observation) -> Iterator[Finding]:
    """Columns with the same value in at least 99.9 % of the rows, that no default fills."""
    for table, column in _candidates(observation):
        row = row_of(observation, _counts(table, column))
        if row and row.cells["value"] is not None and _holds(row):
            yield _finding(observation, table, column, row)


def _holds(row: Row) -> bool:
    rows = row.count("all_rows")
    return rows >= FEWEST_ROWS and row.count("rows") >= NEARLY_ALL * rows


def _finding(observation: Observation, table: Table, column: Column, row: Row) -> Finding:
    rows, same = row.count("all_rows"), row.count("rows")
    seen = statistics_of(observation, table).column(column.name)
    secret = means(column, PASSWORDS)
    value = "the same secret" if secret else f"“{row.text('value')}”"
    return Finding(
        object=named(table, column.name),
        message=f"is {value} in {'all' if same == rows else 'nearly all'} rows",
        severity=Severity.WARNING if secret else Severity.INFO,
        evidence=(
            *([] if secret else [scan("value", row.text("value"))]),
            scan("rows", rows),
            scan("with this value", same),
            scan("with another", rows - same),
        ),
        advice="whoever knows it once knows it for all: let each row have its own" if secret
        else "drop it, unless other values are to come; then a default tells so",
        cost=Cost(bytes=rows * seen.average_width if seen else 0),
    )  # fmt: skip
