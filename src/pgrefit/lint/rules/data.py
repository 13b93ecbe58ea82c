"""What the rows that are there, and the sessions that run now, say of the migration. All of it needs a database."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import (
    AddColumn,
    AddConstraint,
    AlterType,
    ChangeRows,
    ColumnAction,
    CreateIndex,
    DropColumn,
    DropConstraint,
    Rewrite,
    SetLogged,
    SetNotNull,
    SetTablespace,
    Truncate,
)
from pgrefit.lint.locking import takes_long
from pgrefit.lint.reading_tables import expression_text
from pgrefit.lint.rewrites import script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.lint.specs import ConstraintSpec
from pgrefit.lint.transactions import is_concurrent
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.finding import Evidence, Severity
from pgrefit.model.names import Relation
from pgrefit.model.observation import Question

ON_TABLES = (AddColumn, ColumnAction, AddConstraint, DropConstraint, CreateIndex, Truncate, ChangeRows)
BUDGET = 1 << 30  # bytes that one statement writes without a word
SHOWN = 3


def _there(site: Site, table: Relation, *columns: str) -> bool:
    """Whether the database has the table with these columns, as the migration means them."""
    known = site.table(table)
    names = {column.name for column in known.columns} if known else set[str]()
    return known is not None and not site.state.is_new(table) and set(columns) <= names


def _count(site: Site, question: Question) -> int | None:
    """The number that answers a question; None where there is no answer."""
    answer = site.facts.observation.answer(question) if site.facts else None
    value = answer.rows[0][0] if answer and answer.rows else None
    return int(value) if isinstance(value, int | float) else None


def _problem(message: str, measure: str, count: int, find: Statement) -> Problem:
    return Problem(
        message=message, rewrite=script("-- to see them:", find),
        evidence=(Evidence(measure=measure, value=count, source="scan"),),
    )  # fmt: skip


# -- what is not there ----------------------------------------------------------------------------------------------


@lint_rule(
    title="Table or column that the database does not have",
    why="The statement fails; or the migration is for another database, and nothing said of sizes and rows holds.",
    severity=Severity.WARNING,
    needs_database=True,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE user_list ADD COLUMN nick text;",
    clean="ALTER TABLE IF EXISTS user_list ADD COLUMN nick text;",
)
def missing_table_or_column(site: Site) -> Iterator[Problem]:
    """ALTER TABLE, CREATE INDEX, UPDATE … of what neither the database nor the migration has made."""
    if site.facts is None or site.statement.node.alter_table_stmt.missing_ok:
        return
    for action in site.actions(*ON_TABLES):
        table = site.state.find(action.table)
        if table is None and action.table not in site.state.views:
            yield Problem(message=f"there is no table {action.table}")
            return
        column = action.column if isinstance(action, ColumnAction) else ""
        wanted = not (isinstance(action, DropColumn) and action.if_exists)
        if column and wanted and table is not None and table.whole and column not in table.columns:
            yield Problem(message=f"{action.table} has no column {column}")
            return


# -- NULLs ----------------------------------------------------------------------------------------------------------


def _nulls(action: SetNotNull) -> Question:
    select = ddl("SELECT count(*) FROM {t} WHERE {c} IS NULL", t=action.table, c=action.column)
    return Question(action.table, select)


def _required(site: Site) -> Iterator[SetNotNull]:
    return (a for a in site.on_old(SetNotNull) if _there(site, a.table, a.column) and not _filled(site, a))


def _filled(site: Site, action: SetNotNull) -> bool:
    """Whether the file itself fills the column before."""
    changes = (a for s in site.earlier for a in s.actions if isinstance(a, ChangeRows))
    return any(a.table == action.table and action.column in a.assigned for a in changes)


@lint_rule(
    title="SET NOT NULL of a column that has NULLs",
    why="The statement fails at the first of them, after it has waited for the lock.",
    severity=Severity.ERROR,
    needs_database=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text, name text); INSERT INTO users VALUES (1, NULL, 'a');",
    example="ALTER TABLE users ALTER COLUMN nick SET NOT NULL;",
    clean="ALTER TABLE users ALTER COLUMN name SET NOT NULL;",
    asks=lambda site: (_nulls(action) for action in _required(site)),
)
def not_null_with_nulls(site: Site) -> Iterator[Problem]:
    """SET NOT NULL where the database holds a NULL, and nothing earlier in the file fills it."""
    for action in _required(site):
        count = _count(site, _nulls(action))
        if count:
            find = ddl("SELECT * FROM {t} WHERE {c} IS NULL LIMIT 20", t=action.table, c=action.column)
            yield _problem(f"{count:,} rows of {action.table} have no {action.column}", "rows with NULL", count, find)


# -- casts ----------------------------------------------------------------------------------------------------------


def _cast(action: AlterType) -> tuple[Question, Question]:
    """A trial of the cast on every row, and the same without it: what fails of the two tells why."""
    new = raw(Expression(action.using)) if action.using else raw(_plain_cast(action))
    trial = ddl("SELECT count({new}) FROM {t}", new=new, t=action.table)
    control = ddl("SELECT count({c}) FROM {t}", c=action.column, t=action.table)
    return Question(action.table, trial), Question(action.table, control)


def _plain_cast(action: AlterType) -> Expression:
    return expression("{c}::{type}", c=action.column, type=raw(Expression(str(action.type))))


def _retyped(site: Site) -> Iterator[AlterType]:
    return (a for a in site.on_old(AlterType) if _there(site, a.table, a.column))


@lint_rule(
    title="Type change that fails on rows that are there",
    why="The statement fails at the first value that cannot be converted, after it has locked and rewritten what it"
    " could.",
    severity=Severity.ERROR,
    needs_database=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, age text, zip text); INSERT INTO users VALUES (1, 'old', '42');",
    example="ALTER TABLE users ALTER COLUMN age TYPE integer USING age::integer;",
    clean="ALTER TABLE users ALTER COLUMN zip TYPE integer USING zip::integer;",
    asks=lambda site: (question for action in _retyped(site) for question in _cast(action)),
)
def cast_fails_on_rows(site: Site) -> Iterator[Problem]:
    """The conversion, tried on the rows in a query of its own, fails."""
    if site.facts is None:
        return
    for action in _retyped(site):
        trial, control = _cast(action)
        answer = site.facts.observation.answers.get(trial)
        if answer is not None and answer.skipped and site.facts.observation.answer(control) is not None:
            yield Problem(
                message=f"{action.table}.{action.column} cannot be converted to {action.type}: {answer.skipped}",
                rewrite="-- mend or set aside first what does not convert: pgrefit design does, and keeps the values",
                evidence=(Evidence(measure="trial conversion", value=answer.skipped, source="scan"),),
            )


# -- constraints ----------------------------------------------------------------------------------------------------


def _keys(site: Site) -> Iterator[tuple[Relation, tuple[str, ...]]]:
    """Columns that become unique: by a constraint, or by an index over all rows."""
    for action in site.on_old(AddConstraint):
        spec = action.constraint
        if spec.kind in {"unique", "primary key"} and spec.columns and _there(site, action.table, *spec.columns):
            yield action.table, spec.columns
    for made in site.on_old(CreateIndex):
        if made.unique and not made.partial and "" not in made.keys and _there(site, made.table, *made.keys):
            yield made.table, made.keys


def _duplicates(table: Relation, columns: tuple[str, ...]) -> Question:
    known = joined([expression("{c} IS NOT NULL", c=column) for column in columns], " AND ")
    return Question(table, ddl(
        "SELECT count(*) FROM (SELECT FROM {t} WHERE {known} GROUP BY {c} HAVING count(*) > 1) AS twice",
        t=table, c=columns, known=raw(known),
    ))  # fmt: skip


@lint_rule(
    title="Unique key over duplicates",
    why="The statement fails at the first duplicate; CONCURRENTLY leaves an invalid index behind as well.",
    severity=Severity.ERROR,
    needs_database=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text, mail text);"
    "INSERT INTO users VALUES (1, 'a', 'a'), (2, 'a', 'b');",
    example="CREATE UNIQUE INDEX CONCURRENTLY one_nick ON users (nick);",
    clean="CREATE UNIQUE INDEX CONCURRENTLY one_mail ON users (mail);",
    asks=lambda site: (_duplicates(*key) for key in _keys(site)),
)
def unique_with_duplicates(site: Site) -> Iterator[Problem]:
    """A unique index or constraint where the database holds duplicates."""
    for table, columns in _keys(site):
        count = _count(site, _duplicates(table, columns))
        if count:
            find = ddl("SELECT {c}, count(*) FROM {t} GROUP BY {c} HAVING count(*) > 1 LIMIT 20", c=columns, t=table)
            message = f"{count:,} values of {', '.join(columns)} occur more than once in {table}"
            yield _problem(message, "values that occur twice", count, find)


def _references(site: Site) -> Iterator[tuple[Relation, ConstraintSpec, Relation, tuple[str, ...]]]:
    for action in site.on_old(AddConstraint):
        spec = action.constraint
        if spec.kind != "foreign key" or spec.parent is None or not _there(site, action.table, *spec.columns):
            continue
        parent = site.table(spec.parent)
        columns = spec.parent_columns or (parent.primary_key if parent else ())
        if len(columns) == len(spec.columns) and _there(site, spec.parent, *columns):
            yield action.table, spec, spec.parent, columns


def _orphans(table: Relation, spec: ConstraintSpec, parent: Relation, columns: tuple[str, ...]) -> Question:
    pairs = [expression("p.{its} = t.{own}", its=its, own=own) for its, own in zip(columns, spec.columns, strict=True)]
    known = [expression("t.{c} IS NOT NULL", c=column) for column in spec.columns]
    return Question(table, ddl(
        "SELECT count(*) FROM {t} AS t WHERE {known} AND NOT EXISTS (SELECT FROM {p} AS p WHERE {pairs})",
        t=table, p=parent, known=raw(joined(known, " AND ")), pairs=raw(joined(pairs, " AND ")),
    ))  # fmt: skip


@lint_rule(
    title="Foreign key over orphans",
    why="The statement, or the later VALIDATE, fails at the first row that refers to nothing.",
    severity=Severity.ERROR,
    needs_database=True,
    before="CREATE TABLE teams (id bigint PRIMARY KEY); "
    "CREATE TABLE users (id bigint PRIMARY KEY, team bigint, old bigint);"
    "INSERT INTO users VALUES (1, 7, NULL);",
    example="ALTER TABLE users ADD FOREIGN KEY (team) REFERENCES teams (id) NOT VALID;",
    clean="ALTER TABLE users ADD FOREIGN KEY (old) REFERENCES teams (id) NOT VALID;",
    asks=lambda site: (_orphans(*reference) for reference in _references(site)),
)
def foreign_key_with_orphans(site: Site) -> Iterator[Problem]:
    """A foreign key where rows of the database refer to nothing; a warning where it is NOT VALID."""
    for table, spec, parent, columns in _references(site):
        question = _orphans(table, spec, parent, columns)
        count = _count(site, question)
        if count:
            found = _problem(
                f"{count:,} rows of {table} refer to no row of {parent}", "orphans", count, question.select
            )
            yield (
                found
                if spec.valid
                else Problem(
                    message=found.message, rewrite=found.rewrite, evidence=found.evidence, severity=Severity.WARNING
                )
            )


def _checks(site: Site) -> Iterator[tuple[Relation, ConstraintSpec]]:
    for action in site.on_old(AddConstraint):
        spec = action.constraint
        if spec.kind == "check" and _there(site, action.table, *spec.columns):
            yield action.table, spec


def _violations(table: Relation, spec: ConstraintSpec) -> Question:
    condition = Expression(expression_text(spec.node.raw_expr))
    return Question(table, ddl("SELECT count(*) FROM {t} WHERE NOT ({c})", t=table, c=raw(condition)))


@lint_rule(
    title="Check that rows which are there fail",
    why="The statement, or the later VALIDATE, fails at the first such row; with NOT VALID any UPDATE of it fails.",
    severity=Severity.ERROR,
    needs_database=True,
    before="CREATE TABLE orders (id bigint PRIMARY KEY, total int, tax int); INSERT INTO orders VALUES (1, -1, 1);",
    example="ALTER TABLE orders ADD CHECK (total >= 0) NOT VALID;",
    clean="ALTER TABLE orders ADD CHECK (tax >= 0) NOT VALID;",
    asks=lambda site: (_violations(*check) for check in _checks(site)),
)
def check_with_violations(site: Site) -> Iterator[Problem]:
    """A check that rows of the database fail."""
    for table, spec in _checks(site):
        question = _violations(table, spec)
        count = _count(site, question)
        if count:
            yield _problem(f"{count:,} rows of {table} fail {spec.name}", "rows that fail", count, question.select)


# -- the server now -------------------------------------------------------------------------------------------------


@lint_rule(
    title="CONCURRENTLY while something old is in its way",
    why="It waits for every transaction that is older than itself, prepared ones included, and for a vacuum against"
    " wraparound: perhaps for hours.",
    severity=Severity.WARNING,
    needs_database=True,
    before="CREATE TABLE t (a int);",
    example="CREATE INDEX CONCURRENTLY ON t (a);",
    clean="CREATE TABLE s (a int);",
)
def concurrently_while_something_old(site: Site) -> Iterator[Problem]:
    """A CONCURRENTLY statement, while the database has an old transaction, a prepared one or such a vacuum."""
    if site.facts is None or not site.facts.in_the_way:
        return
    if any(map(is_concurrent, site.statement.actions)):
        yield Problem(message=f"it waits for: {'; '.join(site.facts.in_the_way[:SHOWN])}")


@lint_rule(
    title="Statement that writes very much",
    why="A rewrite needs as much free disk as the table and its indexes have, and sends it all through WAL: to"
    " replicas, slots and the archive.",
    severity=Severity.WARNING,
    needs_database=True,
    before="CREATE TABLE t (id bigint PRIMARY KEY, a int);",
    example="ALTER TABLE t ALTER COLUMN a TYPE bigint;",
    clean="ALTER TABLE t ADD COLUMN b int;",
)
def much_wal_and_disk(site: Site) -> Iterator[Problem]:
    """A rewrite or an index build of more than 1 GiB, by the server's own sizes."""
    for action in site.statement.actions:
        written = _bytes(site, action) if takes_long(action, site.state) else 0
        if written >= BUDGET:
            yield Problem(
                message=f"about {written / BUDGET:,.1f} GiB are written to disk and to WAL for {action.table}",
                evidence=(Evidence(measure="bytes written", value=written, source="statistics"),),
            )


def _bytes(site: Site, action: object) -> int:
    if site.facts is None:
        return 0
    if isinstance(action, AddColumn | AlterType | Rewrite | SetLogged | SetTablespace):
        return site.facts.observation.statistics.table(action.table).total_bytes
    if isinstance(action, CreateIndex):
        return site.facts.observation.statistics.table(action.table).heap_bytes // 4
    return 0
