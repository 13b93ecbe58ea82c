"""Transactions, locks that are held, and timeouts."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import (
    AddConstraint,
    AlterType,
    ChangeRows,
    CreateIndex,
    CreateTable,
    Drop,
    LockTable,
    Other,
    SetVariable,
    Transaction,
    ValidateConstraint,
)
from pgrefit.lint.locking import is_small, is_strong, locks, takes_long
from pgrefit.lint.migration import Statement
from pgrefit.lint.rewrites import batched, own_text, script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.lint.tools import OWN
from pgrefit.lint.transactions import WHOLE, is_concurrent, must_run_alone
from pgrefit.model.finding import Severity
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation

MARKERS = {
    "goose": "-- +goose NO TRANSACTION", "dbmate": "-- migrate:up transaction:false",
    "sql-migrate": "-- +migrate Up notransaction", "atlas": "-- atlas:txmode none",
    "flyway": "executeInTransaction=false in the file's .conf", "diesel": "run_in_transaction = false in metadata.toml",
}  # fmt: skip
DOUBT = {True: "", False: ", if the file is run in one transaction as most tools do"}  # by: is that known
BATCH = 10_000
NAMED = 3
UNITS = {"us": 0.001, "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}  # to milliseconds
LONG = 10 * UNITS["min"]


@lint_rule(
    title="Statement that cannot run in a transaction",
    why="The server refuses CONCURRENTLY, VACUUM and the like within a transaction block, and within a message of"
    " several statements.",
    severity=Severity.ERROR,
    before="CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);",
    example="BEGIN; CREATE INDEX CONCURRENTLY ON orders (customer_id); COMMIT;",
    clean="CREATE INDEX CONCURRENTLY ON orders (customer_id);",
)
def concurrently_in_transaction(site: Site) -> Iterator[Problem]:
    """CONCURRENTLY, VACUUM, CREATE DATABASE … between BEGIN and COMMIT, or where the tool opens a transaction."""
    for action in site.statement.actions:
        if must_run_alone(action) and site.statement.transaction is not None:
            own = f"the transaction that {site.migration.tool} opens" if _of_tool(site) else "a transaction"
            yield Problem(
                message=f"the server refuses it in {own}",
                rewrite=script(f"-- in a file of its own, marked: {MARKERS.get(site.migration.tool, 'no transaction')}",
                               own_text(site.statement)),
            )  # fmt: skip
            return


def _of_tool(site: Site) -> bool:
    return site.statement.transaction == WHOLE and bool(site.migration.tool)


@lint_rule(
    title="BEGIN within a transaction",
    why="The second BEGIN does nothing but warn, and the first COMMIT ends both.",
    severity=Severity.WARNING,
    example="BEGIN; BEGIN; CREATE TABLE t (a int); COMMIT;",
    clean="BEGIN; CREATE TABLE t (a int); COMMIT;",
)
def nested_transaction(site: Site) -> Iterator[Problem]:
    """BEGIN where the file has begun a transaction."""
    if "begin" in _kinds(site.statement) and any("begin" in _kinds(s) for s in site.earlier_together):
        yield Problem(message="a transaction is open already")


def _kinds(statement: Statement) -> list[str]:
    return [a.kind for a in statement.actions if isinstance(a, Transaction)]


@lint_rule(
    title="COMMIT without BEGIN",
    why="By itself it does nothing but warn; where the tool has opened a transaction it ends that one, and what follows"
    " is no longer all or nothing.",
    severity=Severity.WARNING,
    others_only=True,
    example="CREATE TABLE t (id bigint PRIMARY KEY); COMMIT; CREATE TABLE s (id bigint PRIMARY KEY);",
    clean="BEGIN; CREATE TABLE t (id bigint PRIMARY KEY); COMMIT; CREATE TABLE s (id bigint PRIMARY KEY);",
)
def commit_without_begin(site: Site) -> Iterator[Problem]:
    """COMMIT or ROLLBACK where the file has begun no transaction, and no tool that is known has."""
    ending = [kind for kind in _kinds(site.statement) if kind in {"commit", "rollback"}]
    outside = site.statement.transaction is None or (site.statement.transaction == WHOLE and not site.migration.tool)
    if ending and outside and not site.statement.in_body:
        yield Problem(message=f"no transaction was begun that {ending[0].upper()} could end")


@lint_rule(
    title="Transaction that is not committed",
    why="What it did is rolled back when the session ends; the tool takes the migration to be done.",
    severity=Severity.ERROR,
    example="BEGIN; CREATE TABLE t (a int);",
    clean="BEGIN; CREATE TABLE t (a int); COMMIT;",
)
def uncommitted_transaction(site: Site) -> Iterator[Problem]:
    """BEGIN without COMMIT or ROLLBACK after it."""
    if "begin" in _kinds(site.statement) and not any({"commit", "rollback"} & set(_kinds(s)) for s in site.later):
        yield Problem(message="no COMMIT follows", rewrite="COMMIT;")


@lint_rule(
    title="COMMIT within the tool's transaction",
    why="It ends the transaction that the tool opened: what follows, and the tool's own record of the migration, is no"
    " longer all or nothing.",
    severity=Severity.ERROR,
    example="-- +goose Up\nCREATE TABLE t (a int);\nCOMMIT;\nCREATE TABLE s (a int);",
    clean="-- +goose NO TRANSACTION\n-- +goose Up\nBEGIN;\nCREATE TABLE t (a int);\nCOMMIT;",
)
def commit_in_tool_transaction(site: Site) -> Iterator[Problem]:
    """COMMIT or ROLLBACK in a file that its tool runs in a transaction."""
    if _of_tool(site) and site.migration.source.convention.transaction == "whole":
        ending = [kind for kind in _kinds(site.statement) if kind in {"commit", "rollback"}]
        if ending:
            yield Problem(
                message=f"{site.migration.tool} runs the file in a transaction, and {ending[0].upper()} ends it"
            )


@lint_rule(
    title="More statements while a table is locked against everybody",
    why="ACCESS EXCLUSIVE is held until the transaction ends: what comes after it and takes long makes everybody wait"
    " that long.",
    severity=Severity.WARNING,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text); CREATE TABLE log (at timestamptz, what text);",
    example="BEGIN; ALTER TABLE users ADD COLUMN handle text; CREATE INDEX ON log (at); COMMIT;",
    clean="BEGIN; ALTER TABLE users ADD COLUMN handle text; COMMIT; CREATE INDEX CONCURRENTLY ON log (at);",
)
def more_work_under_exclusive_lock(site: Site) -> Iterator[Problem]:
    """The first statement that takes long after one of the same transaction that took ACCESS EXCLUSIVE."""
    own, held = site.statement.transaction, site.held
    if own is None or not held or own in site.course.slow:
        return
    own_plan = site.migration.tool == OWN  # whose type changes are declared, and measured by the rehearsal
    slow = [
        action for action in site.statement.actions
        if takes_long(action, site.state) and not (own_plan and isinstance(action, AlterType))
    ]  # fmt: skip
    if slow and not any(isinstance(action, ChangeRows) and action.table in held for action in slow):
        site.course.slow.add(own)
        sure = _surely(site, *held)
        yield Problem(
            message=f"{listed(held)} locked against everybody until this is done as well{DOUBT[sure]}",
            rewrite=script("-- in a migration of its own:", own_text(site.statement)),
            severity=None if sure else Severity.INFO,
        )


def _surely(site: Site, *held: Relation) -> bool:
    """Whether what locked one of these tables is known to share the statement's transaction."""
    lockers = [s for s in site.earlier_together if any(action.table in held for action in s.actions)]
    return any(map(site.surely_with, lockers)) if lockers else site.migration.certain


def listed(tables: list[Relation]) -> str:
    """Some of the names, and how many more."""
    more = f" and {len(tables) - NAMED} more" if len(tables) > NAMED else ""
    return f"{', '.join(map(str, tables[:NAMED]))}{more} {'stays' if len(tables) == 1 else 'stay'}"


@lint_rule(
    title="Several ALTER TABLE on one table",
    why="Each waits for the lock anew; joined into one statement they wait once, and where rows are read or written"
    " that is done once.",
    severity=Severity.INFO,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int;",
    clean="ALTER TABLE users ADD COLUMN a int, ADD COLUMN b int;",
)
def several_alter_tables(site: Site) -> Iterator[Problem]:
    """An ALTER TABLE right after another of the same table; VALIDATE is better apart."""
    if site.number == 0 or site.statement.in_body or not _alters(site.statement):
        return
    before = site.migration.statements[site.number - 1]
    table = site.statement.actions[0].table
    same = _alters(before) and before.actions[0].table == table and not site.state.is_new(table)
    if same and not any(isinstance(a, ValidateConstraint) for a in (*before.actions, *site.statement.actions)):
        yield Problem(message=f"the statement before alters {table} too: join them")


def _alters(statement: Statement) -> bool:
    return bool(statement.node.HasField("alter_table_stmt")) and bool(statement.actions[0].table.name)


@lint_rule(
    title="Strong lock without lock_timeout",
    why="While the statement waits behind a long query, everybody else waits behind the statement.",
    severity=Severity.INFO,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE users ADD COLUMN nick text;",
    clean="SET lock_timeout = '2s'; ALTER TABLE users ADD COLUMN nick text;",
)
def no_lock_timeout(site: Site) -> Iterator[Problem]:
    """The first statement of a file that takes a lock on which writes wait, where lock_timeout is not set before.

    Worse where the file sets one that does not reach so far, and for LOCK TABLE, which does nothing but wait.
    """
    if site.setting("lock_timeout") not in {"0", ""} or site.course.waited:
        return
    for action in site.statement.actions:
        if is_strong(action, site.state):
            yield Problem(
                message=f"{action.table} may be waited for without end, and everybody waits behind it",
                rewrite=script("SET lock_timeout = '2s'", own_text(site.statement)),
                severity=Severity.WARNING if isinstance(action, LockTable) or _lost(site) else None
                or _by_rows(site, action.table),
            )  # fmt: skip
            return


def _lost(site: Site) -> bool:
    """Whether the file has set lock_timeout before, for a transaction that is over or until it was reset."""
    said = (a for s in site.earlier for a in s.actions if isinstance(a, SetVariable) and a.name == "lock_timeout")
    return any(set(action.values) - {"0"} for action in said)


def _by_rows(site: Site, table: Relation) -> Severity | None:
    rows = site.rows(table)
    return Severity.WARNING if rows is not None and rows >= BATCH else None


@lint_rule(
    title="Long statement without statement_timeout",
    why="A scan or rewrite under a lock that takes longer than planned has nothing to end it.",
    severity=Severity.INFO,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text);",
    example="ALTER TABLE users ALTER COLUMN nick SET NOT NULL;",
    clean="SET statement_timeout = '5s'; ALTER TABLE users ALTER COLUMN nick SET NOT NULL;",
)
def no_statement_timeout(site: Site) -> Iterator[Problem]:
    """A statement that takes long under a lock on which writes wait, where statement_timeout is not set before."""
    if site.setting("statement_timeout") not in {"0", ""}:
        return
    for action in site.statement.actions:
        few = (rows := site.rows(action.table)) is not None and rows < BATCH
        if is_strong(action, site.state) and takes_long(action, site.state) and not few:
            yield Problem(message=f"nothing ends it while {action.table} is locked",
                          rewrite=script("SET statement_timeout = '5s'", own_text(site.statement)))  # fmt: skip
            return


@lint_rule(
    title="CONCURRENTLY under a short timeout",
    why="It waits for every older transaction by design; lock_timeout, or a short statement_timeout, ends it half-way,"
    " and an invalid index stays.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text);",
    example="SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY ON users (nick);",
    clean="SET lock_timeout = '2s'; RESET lock_timeout; SET statement_timeout = '2h';"
    "CREATE INDEX CONCURRENTLY ON users (nick);",
)
def concurrently_under_lock_timeout(site: Site) -> Iterator[Problem]:
    """A CONCURRENTLY statement while the file has set lock_timeout to anything but 0, or statement_timeout to less
    than ten minutes."""
    if not any(map(is_concurrent, site.statement.actions)):
        return
    for name, limit in (("lock_timeout", None), ("statement_timeout", LONG)):
        value = site.setting(name)
        if _milliseconds(value) and (limit is None or _milliseconds(value) < limit):
            yield Problem(
                message=f"{name} is {value}: it may end half-way and leave an invalid index or partition",
                rewrite=script(f"SET {name} = 0;", own_text(site.statement)),
            )


def _milliseconds(value: str) -> float:
    """A timeout as the server reads it; 0 where there is none, and a minute where it cannot be read."""
    if not value:
        return 0
    number = value.strip().rstrip("minshdu ")
    unit = value.strip()[len(number) :].strip() or "ms"
    try:
        return float(number) * UNITS.get(unit, 1)
    except ValueError:
        return UNITS["min"]


@lint_rule(
    title="Not to be run again after a failure",
    why="Outside of a transaction what was done stays done: the second run fails at the first object that is there.",
    severity=Severity.INFO,
    others_only=True,
    example="-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE t (a int);\nCREATE TABLE s (a int);",
    clean="-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE IF NOT EXISTS t (a int);"
    "CREATE TABLE IF NOT EXISTS s (a int);",
)
def not_rerunnable(site: Site) -> Iterator[Problem]:
    """CREATE and DROP without IF [NOT] EXISTS, in a file of several statements that run each by itself."""
    if site.statement.transaction is not None:
        return
    changing = [s for s in site.migration.statements if not isinstance(s.actions[0], (SetVariable, Transaction, Other))]
    if len(changing) < 2:
        return
    for action in site.statement.actions:
        if not isinstance(action, CreateTable | CreateIndex | Drop):
            continue
        guarded = action.if_exists if isinstance(action, Drop) else action.if_not_exists
        if not guarded:
            word = "IF EXISTS" if isinstance(action, Drop) else "IF NOT EXISTS"
            also = ""
            if isinstance(action, CreateIndex) and action.concurrently:
                also = " and, since a failed build leaves an invalid index, DROP INDEX CONCURRENTLY IF EXISTS before it"
            yield Problem(message=f"a second run fails here; add {word}{also}")
            return


@lint_rule(
    title="Rows changed in the transaction of a schema change",
    why="The schema change's locks are held until the last row is changed.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text);",
    example="BEGIN; ALTER TABLE users ADD COLUMN handle text; UPDATE users SET handle = nick WHERE nick <> ''; COMMIT;",
    clean="ALTER TABLE users ADD COLUMN handle text;",
)
def backfill_in_ddl_transaction(site: Site) -> Iterator[Problem]:
    """UPDATE or DELETE of many rows, after a statement of the same transaction that locked the same table."""
    for action in site.on_old(ChangeRows):
        if action.table in site.held and not is_small(action, site.state):
            sure = _surely(site, action.table)
            yield Problem(
                message=f"{action.table} is locked against everybody while its rows are changed{DOUBT[sure]}",
                rewrite=batched(site.statement),
                grows_with=action.table, severity=None if sure else Severity.WARNING,
            )  # fmt: skip


@lint_rule(
    title="Rows changed all at once",
    why="One long transaction holds every row's lock, holds back vacuum, and writes all of its WAL at one go.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text);",
    example="UPDATE users SET nick = '' WHERE nick IS NULL;",
    clean="UPDATE users SET nick = '' WHERE nick IS NULL AND id BETWEEN 1 AND 5000;",
)
def unbatched_change_of_rows(site: Site) -> Iterator[Problem]:
    """UPDATE or DELETE without WHERE, or whose WHERE compares no column with a constant, range or LIMIT."""
    for action in site.on_old(ChangeRows):
        if is_small(action, site.state) or (action.where and _commits(site)):
            continue
        every = "every row" if not action.where else "any number of rows"
        yield Problem(
            message=f"{every} of {action.table} in one transaction; go by ranges of its key instead",
            grows_with=action.table,
            rewrite=batched(site.statement),
        )  # fmt: skip


def _commits(site: Site) -> bool:
    """Whether the body that the statement is in commits as it goes: by batches of its own."""
    body = site.statement.body
    return body > 0 and any(s.body == body and "commit" in _kinds(s) for s in site.migration.statements)


@lint_rule(
    title="Several strong locks in one transaction",
    why="Each table that is locked stays locked while the next one is waited for; taken in another order elsewhere,"
    " that is a deadlock.",
    severity=Severity.INFO,
    others_only=True,
    before="CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (id bigint PRIMARY KEY);",
    example="BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; COMMIT;",
    clean="BEGIN; ALTER TABLE a ADD COLUMN x int; COMMIT; BEGIN; ALTER TABLE b ADD COLUMN x int; COMMIT;",
)
def several_tables_locked(site: Site) -> Iterator[Problem]:
    """The second table that a transaction locks against everybody; only where it is known to be one transaction."""
    held = site.held
    if not site.migration.certain or len(held) != 1:
        return
    for action in site.statement.actions:
        exclusive = locks(action) is LockMode.ACCESS_EXCLUSIVE and action.table.name
        if exclusive and not site.state.is_new(action.table) and action.table not in held:
            if isinstance(action, AddConstraint) and action.constraint.kind == "foreign key":
                continue
            yield Problem(message=f"{action.table} is waited for while {held[0]} is locked against everybody")
            return
