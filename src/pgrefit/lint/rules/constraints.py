"""Constraints that look at every row while others wait."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    ConstrainDomain,
    CreateDomain,
    CreateTable,
    Drop,
    DropColumn,
    DropConstraint,
    SetNotNull,
    ValidateConstraint,
)
from pgrefit.lint.rewrites import key_by_index, not_valid, own_text, required, script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.lint.specs import ConstraintSpec
from pgrefit.lint.state import ConstraintState
from pgrefit.lint.tools import OWN
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Severity
from pgrefit.model.names import Relation

Added = tuple[Relation, ConstraintSpec]


def _added(site: Site, *kinds: str) -> Iterator[Added]:
    """Constraints of these kinds that are added, valid at once, to a table that was there before."""
    for action in site.on_old(AddConstraint):
        if action.constraint.kind in kinds and action.constraint.valid:
            yield action.table, action.constraint


@lint_rule(
    title="Foreign key validated while both tables are locked",
    why="ADD FOREIGN KEY reads the whole table under SHARE ROW EXCLUSIVE on both tables: nobody writes to either.",
    severity=Severity.ERROR,
    before="CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (customer_id bigint);"
    "CREATE INDEX ON orders (customer_id);",
    example="ALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers (id);",
    clean="ALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer_id)"
    " REFERENCES customers (id) NOT VALID;",
)
def foreign_key_without_not_valid(site: Site) -> Iterator[Problem]:
    """A foreign key on a table with rows is added without NOT VALID."""
    for table, spec in _added(site, "foreign key"):
        yield Problem(
            message=f"{spec.name} is checked against every row of {table} while writes to it and {spec.parent} wait",
            rewrite=not_valid(table, spec), grows_with=table,
        )  # fmt: skip


@lint_rule(
    title="New column that references another table at once",
    why="The key is checked against every row under ACCESS EXCLUSIVE where the column has a default; without one both"
    " tables are locked, if only for a moment.",
    severity=Severity.ERROR,
    before="CREATE TABLE teams (id bigint PRIMARY KEY); CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE users ADD COLUMN team_id bigint DEFAULT 1 REFERENCES teams (id);",
    clean="ALTER TABLE users ADD COLUMN team_id bigint REFERENCES teams (id);",
)
def column_with_default_and_foreign_key(site: Site) -> Iterator[Problem]:
    """ADD COLUMN … DEFAULT … REFERENCES …."""
    for action in site.on_old(AddColumn):
        for spec in action.column.constraints:
            if spec.kind == "foreign key" and action.column.default is not None:
                yield Problem(
                    message=f"{spec.name} is checked against every row of {action.table} under ACCESS EXCLUSIVE",
                    rewrite=script("-- first the column without REFERENCES, then:", not_valid(action.table, spec)),
                    grows_with=action.table,
                )  # fmt: skip


@lint_rule(
    title="Check constraint validated under ACCESS EXCLUSIVE",
    why="ADD CHECK reads every row under ACCESS EXCLUSIVE: nobody reads or writes meanwhile.",
    severity=Severity.ERROR,
    before="CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
    example="ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0);",
    clean="ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;",
)
def check_without_not_valid(site: Site) -> Iterator[Problem]:
    """A check on a table with rows is added without NOT VALID; also behind a new column."""
    behind = ((a.table, c) for a in site.on_old(AddColumn) for c in a.column.constraints if c.kind == "check")
    for table, spec in (*_added(site, "check", "not null"), *behind):
        yield Problem(
            message=f"{spec.name} is checked against every row of {table} while nobody reads or writes it",
            rewrite=not_valid(table, spec), grows_with=table,
        )  # fmt: skip


@lint_rule(
    title="Constraint validated in the transaction that added it",
    why="The strong lock of ADD CONSTRAINT is held until the transaction ends, so through the whole scan as well:"
    " NOT VALID gained nothing.",
    severity=Severity.ERROR,
    before="CREATE TABLE orders (id bigint PRIMARY KEY, total numeric);",
    example="BEGIN; ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;"
    "ALTER TABLE orders VALIDATE CONSTRAINT positive; COMMIT;",
    clean="BEGIN; ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID; COMMIT;"
    "ALTER TABLE orders VALIDATE CONSTRAINT positive;",
)
def validated_in_same_transaction(site: Site) -> Iterator[Problem]:
    """NOT VALID and VALIDATE in one transaction. Milder where the tool is unknown, and may not use one transaction."""
    validated = list(site.on_old(ValidateConstraint))
    added = {
        (a.table, a.constraint.name): statement
        for statement in ((*site.earlier_together, site.statement) if validated else ())
        for a in statement.actions
        if isinstance(a, AddConstraint)
    }
    for action in validated:
        if (action.table, action.name) in added:
            sure = site.surely_with(added[action.table, action.name])
            doubt = "" if sure else ", if the file is run in one transaction as most tools do"
            yield Problem(
                message=f"{action.name} is validated under the lock that added it{doubt}",
                rewrite=script("-- in a migration of its own:", own_text(site.statement)),
                grows_with=action.table if sure else None,
                severity=None if sure else Severity.INFO,
            )  # fmt: skip


@lint_rule(
    title="SET NOT NULL that reads the table under ACCESS EXCLUSIVE",
    why="It looks for a NULL in every row while nobody reads or writes, unless a validated CHECK says there is none.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id bigint PRIMARY KEY, email text, phone text,"
    " CONSTRAINT phone_there CHECK (phone IS NOT NULL));",
    example="ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
    clean="ALTER TABLE users ALTER COLUMN phone SET NOT NULL;",
)
def set_not_null_scans(site: Site) -> Iterator[Problem]:
    """SET NOT NULL on a column that no validated `CHECK (column IS NOT NULL)` covers."""
    for action in site.on_old(SetNotNull):
        column, table = site.state.column(action.table, action.column), site.state.find(action.table)
        if (table is not None and action.column in table.proven) or (column is not None and column.not_null):
            continue
        unknown = _validated_unseen(site, action.table)
        doubt = f", unless {unknown}, which was validated before, says that there is none" if unknown else ""
        yield Problem(
            message=f"every row of {action.table} is read for a NULL in {action.column} while nobody reads or"
            f" writes{doubt}",
            rewrite=required(action.table, action.column), grows_with=None if unknown else action.table,
            severity=Severity.INFO if unknown else None,
        )  # fmt: skip


def _validated_unseen(site: Site, table: Relation) -> str:
    """A constraint that the file has validated before, and that no file seen here has added; '' where there is none."""
    known = {(a.table, a.constraint.name) for s in site.earlier for a in s.actions if isinstance(a, AddConstraint)}
    state = site.state.find(table)
    for action in (a for s in site.earlier for a in s.actions if isinstance(a, ValidateConstraint)):
        seen = state is not None and action.name in state.constraints
        if action.table == table and not seen and (table, action.name) not in known:
            return action.name
    return ""


@lint_rule(
    title="Unique constraint that builds its index under a lock",
    why="The index is built while nobody reads or writes the table, and the statement fails at the first duplicate.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE UNIQUE INDEX users_email ON users (email);",
    example="ALTER TABLE users ADD CONSTRAINT one_email UNIQUE (email);",
    clean="ALTER TABLE users ADD CONSTRAINT one_email UNIQUE USING INDEX users_email;",
)
def unique_constraint_builds_index(site: Site) -> Iterator[Problem]:
    """UNIQUE without USING INDEX on a table with rows; also behind a new column."""
    behind = ((a.table, c) for a in site.on_old(AddColumn) for c in a.column.constraints if c.kind == "unique")
    for table, spec in (*_added(site, "unique"), *behind):
        if not spec.index:
            yield Problem(
                message=f"the index of {spec.name} is built while nobody reads or writes {table}",
                rewrite=key_by_index(table, spec), grows_with=table,
            )  # fmt: skip


@lint_rule(
    title="Primary key that builds its index under a lock",
    why="The index is built, and its columns read for NULLs, while nobody reads or writes the table.",
    severity=Severity.ERROR,
    before="CREATE TABLE events (id bigint NOT NULL); CREATE UNIQUE INDEX events_id ON events (id);",
    example="ALTER TABLE events ADD PRIMARY KEY (id);",
    clean="ALTER TABLE events ADD PRIMARY KEY USING INDEX events_id;",
)
def primary_key_builds_index(site: Site) -> Iterator[Problem]:
    """PRIMARY KEY without USING INDEX on a table with rows; also behind a new column."""
    behind = ((a.table, c) for a in site.on_old(AddColumn) for c in a.column.constraints if c.kind == "primary key")
    for table, spec in (*_added(site, "primary key"), *behind):
        if not spec.index:
            yield Problem(
                message=f"the index of {spec.name} is built while nobody reads or writes {table}",
                rewrite=key_by_index(table, spec), grows_with=table,
            )  # fmt: skip


@lint_rule(
    title="Primary key from an index on columns that may be NULL",
    why="PRIMARY KEY USING INDEX makes the columns NOT NULL, for which it reads every row under ACCESS EXCLUSIVE.",
    severity=Severity.ERROR,
    before="CREATE TABLE events (id bigint, code bigint NOT NULL); CREATE UNIQUE INDEX events_id ON events (id);"
    "CREATE UNIQUE INDEX events_code ON events (code);",
    example="ALTER TABLE events ADD PRIMARY KEY USING INDEX events_id;",
    clean="ALTER TABLE events ADD PRIMARY KEY USING INDEX events_code;",
)
def primary_key_on_nullable_columns(site: Site) -> Iterator[Problem]:
    """PRIMARY KEY USING INDEX where a column may be NULL and no validated check covers it; a hint where unknown."""
    for table, spec in _added(site, "primary key"):
        index, found = site.state.indexes.get(table.beside(spec.index)), site.state.find(table)
        if not spec.index or index is None:
            continue
        columns, proven = (found.columns, found.proven) if found else ({}, frozenset[str]())
        unknown = [k for k in index.keys if k and k not in columns and k not in proven]
        open_ = [k for k in index.keys if k in columns and not columns[k].not_null and k not in proven]
        if open_ or unknown:
            doubt = "" if open_ else ", unless it is NOT NULL already"
            yield Problem(
                message=f"{', '.join(open_ or unknown)} of {table} may be NULL: every row is read while nobody reads"
                f" or writes{doubt}",
                rewrite=script(*(required(table, column) for column in open_ or unknown), "-- then:",
                               own_text(site.statement)),
                grows_with=table if open_ else None, severity=None if open_ else Severity.INFO,
            )  # fmt: skip


@lint_rule(
    title="Exclusion constraint added to a table with rows",
    why="It has no online way: the index is built while nobody reads or writes the table.",
    severity=Severity.ERROR,
    before="CREATE TABLE bookings (room int4range, during tstzrange);",
    example="ALTER TABLE bookings ADD CONSTRAINT one_at_a_time EXCLUDE USING gist (during WITH &&);",
    clean="CREATE TABLE visits (during tstzrange, EXCLUDE USING gist (during WITH &&));",
)
def exclusion_constraint(site: Site) -> Iterator[Problem]:
    """EXCLUDE on a table that was there before."""
    for table, spec in _added(site, "exclusion"):
        yield Problem(
            message=f"the index of {spec.name} is built while nobody reads or writes {table}; there is no online way:"
            " copy into a new table that has the constraint, or do it while nobody works",
            grows_with=table,
        )  # fmt: skip


@lint_rule(
    title="One statement that locks several tables",
    why="Each foreign key locks its other table as well; with several of them writes to all those tables wait for the"
    " slowest lock, and two such transactions can deadlock.",
    severity=Severity.INFO,
    before="CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (id bigint PRIMARY KEY);",
    example="CREATE TABLE c (id bigint PRIMARY KEY, a_id bigint REFERENCES a (id), b_id bigint REFERENCES b (id));",
    clean="CREATE TABLE c (id bigint PRIMARY KEY, a_id bigint REFERENCES a (id), b_id bigint);",
)
def locks_several_tables(site: Site) -> Iterator[Problem]:
    """A table with several foreign keys to tables in use is created or dropped in one go."""
    for action in site.actions(CreateTable):
        parents = {c.parent for c in action.constraints if c.kind == "foreign key" and c.parent}
        yield from _several(site, action.table, parents, "created")
    for drop in site.on_old(Drop):
        table = site.state.find(drop.table)
        if drop.kind == "table" and table:
            parents = {c.parent for c in table.key("foreign key") if c.parent}
            yield from _several(site, drop.table, parents, "dropped")


def _several(site: Site, table: Relation, parents: set[Relation], done: str) -> Iterator[Problem]:
    old = sorted(parent for parent in parents if parent != table and not site.state.is_new(parent))
    if len(old) > 1:
        where = "; add" if done == "created" else "; drop"
        yield Problem(
            message=f"{table} is {done} with foreign keys to {', '.join(map(str, old))}: all are locked together{where}"
            " the foreign keys one by one, each in a transaction of its own"
        )


@lint_rule(
    title="Foreign key dropped",
    why="Nothing keeps out orphans from then on, and adding the key again means to find and mend them first.",
    severity=Severity.WARNING,
    before="CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE orders (total numeric CONSTRAINT positive"
    " CHECK (total > 0), customer_id bigint CONSTRAINT of_customer REFERENCES customers (id));",
    example="ALTER TABLE orders DROP CONSTRAINT of_customer;",
    clean="ALTER TABLE orders DROP CONSTRAINT positive;",
)
def dropped_foreign_key(site: Site) -> Iterator[Problem]:
    """DROP CONSTRAINT of a foreign key, where the same file does not add one on those columns again."""
    for action in site.on_old(DropConstraint):
        table = site.state.find(action.table)
        key = table.constraints.get(action.name) if table else None
        if key is None and site.migration.tool != OWN:
            key = _guessed(action.name)
        if key and key.kind == "foreign key" and not _added_again(site, action.table, key.columns):
            to = f" to {key.parent}" if key.parent else ", if it is one,"
            yield Problem(message=f"foreign key {action.name} of {action.table}{to} goes")


def _guessed(name: str) -> ConstraintState | None:
    """What the name says of a constraint that nobody knows: the server's own, and the frameworks', end or begin so."""
    words = name.lower().split("_")
    return ConstraintState(kind="foreign key") if {"fk", "fkey"} & {words[0], words[-1]} else None


def _added_again(site: Site, table: Relation, columns: tuple[str, ...]) -> bool:
    """Whether another statement of the file adds a key on these columns, or drops one of them or the table."""
    for statement in site.migration.statements:
        for a in statement.actions:
            if a.table == table and _replaces(a, columns):
                return True
    return False


def _replaces(action: Action, columns: tuple[str, ...]) -> bool:
    match action:
        case AddConstraint(constraint=spec):
            return spec.kind == "foreign key" and (not columns or bool(set(spec.columns) & set(columns)))
        case DropColumn(column=column):
            return not columns or column in columns
        case Drop(kind=kind):
            return kind == "table"
        case _:
            return False


@lint_rule(
    title="Deletes that cascade",
    why="One DELETE of a parent removes any number of rows elsewhere, in the same transaction, without a word.",
    severity=Severity.INFO,
    optional=True,
    before="CREATE TABLE customers (id bigint PRIMARY KEY);",
    example="CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id)"
    " ON DELETE CASCADE);",
    clean="CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));",
)
def cascading_delete(site: Site) -> Iterator[Problem]:
    """ON DELETE CASCADE."""
    added = ((a.table, c) for a in site.actions(CreateTable) for c in a.constraints)
    altered = ((a.table, a.constraint) for a in site.actions(AddConstraint))
    for table, spec in (*added, *altered):
        if spec.cascades:
            yield Problem(message=f"rows of {table} go with those of {spec.parent} that they refer to")


@lint_rule(
    title="Constraint of a domain, checked in every table at once",
    why="A domain's constraint has no way that spares readers: every column of the domain in every table is read while"
    " those tables are locked.",
    severity=Severity.WARNING,
    before="CREATE DOMAIN email AS text;",
    example="ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%');",
    clean="ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%') NOT VALID;",
)
def domain_constraint(site: Site) -> Iterator[Problem]:
    """ALTER DOMAIN … ADD CONSTRAINT without NOT VALID, or SET NOT NULL."""
    for action in site.actions(ConstrainDomain):
        if action.valid:
            name = action.name or "constraint_name"
            validate = ddl("ALTER DOMAIN {d} VALIDATE CONSTRAINT {n}", d=action.table, n=name)
            yield Problem(
                message=f"every column of domain {action.table} is read under a lock; add it NOT VALID and validate it"
                " later, or use a CHECK constraint of the tables",
                rewrite=script("-- add it with NOT VALID, and then:", validate),
            )


@lint_rule(
    title="Domain made with a constraint",
    why="A domain's constraint can be changed only for all tables that use it at once; a CHECK of a table one by one.",
    severity=Severity.INFO,
    example="CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');",
    clean="CREATE DOMAIN email AS text;",
)
def domain_with_constraint(site: Site) -> Iterator[Problem]:
    """CREATE DOMAIN … CHECK or NOT NULL."""
    for action in site.actions(CreateDomain):
        if action.constrained:
            yield Problem(
                message=f"domain {action.table} has a constraint: later changes lock every table that uses it"
            )
