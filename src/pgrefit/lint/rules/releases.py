"""What breaks code that is running while the migration runs, or loses what is stored."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import (
    Action,
    AddColumn,
    CreateDomain,
    CreateFunction,
    CreateTable,
    CreateType,
    CreateView,
    Drop,
    DropColumn,
    DropConstraint,
    DropNotNull,
    RenameColumn,
    RenameEnumValue,
    RenameObject,
    SetDefault,
    Truncate,
)
from pgrefit.lint.rewrites import RELEASE, own_text, script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Severity
from pgrefit.model.names import Relation, fit

SHAPED_BY_STAR = 3
OBJECTS = {"view", "materialized view", "function", "sequence", "type", "domain", "publication"}


@lint_rule(
    title="Renamed column",
    why="Code that runs now asks for the old name, and fails from this moment until it is released anew.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text);",
    example="ALTER TABLE users RENAME COLUMN nick TO handle;",
    clean="ALTER TABLE users ADD COLUMN handle text;",
)
def renamed_column(site: Site) -> Iterator[Problem]:
    """RENAME COLUMN of a table or view, or ATTRIBUTE of a type, that was there before."""
    for action in site.on_old(RenameColumn):
        if action.attribute and site.state.types.get(action.table) == site.migration.name:
            continue
        known = site.state.column(action.table, action.column)
        if (known is not None and known.added_in == site.migration.name) or _is_swapped(site, action):
            continue
        yield Problem(
            message=f"{action.table}.{action.column} becomes {action.to}: running code does not know that name",
            rewrite="" if action.attribute else _compatible(action.table, f"shows {action.column} as {action.to}"),
        )


def _is_swapped(site: Site, action: RenameColumn) -> bool:
    """Whether another column of the table takes the name, or gave up the new one, in the same transaction."""
    renames = [a for s in site.migration.together(site.statement) for a in s.actions if isinstance(a, RenameColumn)]
    return any(a.table == action.table and (a.to == action.column or a.column == action.to) for a in renames)


def _compatible(table: Relation, shows: str) -> str:
    return script(
        f"-- a view that {shows}, for the new code to use first:",
        ddl("CREATE VIEW {v} WITH (security_invoker) AS SELECT * FROM {t}", v=table.beside(fit(table.name, "_next")),
            t=table),
        RELEASE,
        "-- swap the names in one transaction, or drop the view",
    )  # fmt: skip


@lint_rule(
    title="Renamed or moved table",
    why="Code that runs now asks for the old name, and fails from this moment until it is released anew.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE users RENAME TO accounts;",
    clean="CREATE VIEW accounts WITH (security_invoker) AS SELECT * FROM users;",
)
def renamed_table(site: Site) -> Iterator[Problem]:
    """RENAME TO or SET SCHEMA of a table or view, unless a view takes its name in the same transaction."""
    for action in site.on_old(RenameObject):
        if action.kind not in {"table", "view"}:
            continue
        if _takes_name(site, action.table) or (not action.schema and _left(site, action.table.beside(action.to))):
            continue
        new = Relation(action.to, action.table.name) if action.schema else action.table.beside(action.to)
        old = ddl("CREATE VIEW {o} WITH (security_invoker) AS SELECT * FROM {n}", o=action.table, n=new)
        yield Problem(
            message=f"{action.table} becomes {new}: running code does not know that name",
            rewrite=script(
                "BEGIN;", own_text(site.statement), old, "COMMIT;", RELEASE, ddl("DROP VIEW {o}", o=action.table)
            ),
        )


def _left(site: Site, name: Relation) -> bool:
    """Whether the transaction took this name from another table before: the new one is swapped in."""
    return any(
        isinstance(a, RenameObject) and a.table == name and a.kind in {"table", "view"}
        for s in site.earlier_together
        for a in s.actions
    )


def _takes_name(site: Site, name: Relation) -> bool:
    """Whether another table or view is given this name in the same transaction, as when two are swapped."""
    return any(
        (isinstance(a, RenameObject) and a.table.beside(a.to) == name)
        or (isinstance(a, CreateView | CreateTable) and a.table == name)
        for s in site.migration.together(site.statement)
        for a in s.actions
    )


@lint_rule(
    title="Renamed schema",
    why="Every name in it changes at once for the running code, for search paths, and for functions that name it.",
    severity=Severity.ERROR,
    others_only=True,
    example="ALTER SCHEMA shop RENAME TO store;",
    clean="CREATE SCHEMA store;",
)
def renamed_schema(site: Site) -> Iterator[Problem]:
    """ALTER SCHEMA … RENAME."""
    for action in site.actions(RenameObject):
        if action.kind == "schema":
            yield Problem(message=f"all that is in {action.table.name} is in {action.to} from now on")


@lint_rule(
    title="Renamed enum value",
    why="Code that runs now writes and expects the old label.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TYPE mood AS ENUM ('ok', 'bad');",
    example="ALTER TYPE mood RENAME VALUE 'bad' TO 'sad';",
    clean="ALTER TYPE mood ADD VALUE 'sad' AFTER 'bad';",
)
def renamed_enum_value(site: Site) -> Iterator[Problem]:
    """ALTER TYPE … RENAME VALUE."""
    for action in site.actions(RenameEnumValue):
        if site.state.types.get(action.table) != site.migration.name:
            yield Problem(
                message=f"'{action.value}' of {action.table} becomes '{action.to}'; add the new value, let the code use"
                " it, and change the rows in batches"
            )


@lint_rule(
    title="Dropped column",
    why="Its values are lost, and code that runs now, or has the column list cached, fails.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text);",
    example="ALTER TABLE users DROP COLUMN nick;",
    clean="ALTER TABLE users ALTER COLUMN nick DROP DEFAULT;",
)
def dropped_column(site: Site) -> Iterator[Problem]:
    """DROP COLUMN that was there before this file."""
    drops = [a for a in site.on_old(DropColumn) if not _made_here(site, a)]
    if drops:
        table = drops[0].table
        names = ", ".join(action.column for action in drops)
        loose = [ddl("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL", t=table, c=a.column) for a in drops
                 if (known := site.state.column(table, a.column)) is not None and known.not_null]  # fmt: skip
        yield Problem(
            message=f"of {table} {names} {'goes with its' if len(drops) == 1 else 'go with their'} values",
            rewrite=script("-- release code that does not use it; before that, where it is NOT NULL, DROP NOT NULL:",
                           *loose, RELEASE, own_text(site.statement)),
            evidence=site.size(table),
        )  # fmt: skip


def _made_here(site: Site, action: DropColumn) -> bool:
    known = site.state.column(action.table, action.column)
    return known is not None and known.added_in == site.migration.name


@lint_rule(
    title="Dropped table",
    why="Its rows are lost, and code that runs now fails.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY); CREATE VIEW names AS SELECT id FROM users;",
    example="DROP TABLE users;",
    clean="DROP VIEW IF EXISTS names;",
)
def dropped_table(site: Site) -> Iterator[Problem]:
    """DROP TABLE of one that was there before this file."""
    for action in site.on_old(Drop):
        if action.kind == "table":
            kept = fit(action.table.name, "_unused")
            again = ", if it is there, and is made anew" if _made_below(site, action.table) else ""
            yield Problem(
                message=f"{action.table} goes with its rows{again}",
                rewrite=script(RELEASE, ddl("ALTER TABLE {t} RENAME TO {k}", t=action.table, k=kept),
                               "-- when nobody has missed it for a while:",
                               ddl("DROP TABLE {k}", k=action.table.beside(kept))),
                evidence=site.size(action.table),
            )  # fmt: skip


def _made_below(site: Site, name: Relation) -> bool:
    """Whether the file makes that table later: `DROP TABLE IF EXISTS` before CREATE TABLE, where none is known."""
    later = (a for s in site.later for a in s.actions)
    return site.state.find(name) is None and any(isinstance(a, CreateTable) and a.table == name for a in later)


@lint_rule(
    title="Dropped view or other object",
    why="Code that runs now, functions included, asks for it by its name, and fails.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY); CREATE VIEW names AS SELECT id FROM users;",
    example="DROP VIEW names;",
    clean="DROP VIEW names; CREATE VIEW names AS SELECT id, id AS number FROM users;",
)
def dropped_object(site: Site) -> Iterator[Problem]:
    """DROP of a view, or, milder, of a function, sequence, type or publication, that the file does not make again."""
    for action in site.actions(Drop):
        if action.kind in OBJECTS and not _is_made(site, action.table) and not site.state.is_new(action.table):
            views = action.kind in {"view", "materialized view"}
            yield Problem(
                message=f"{action.kind} {action.table.name} goes: running code may still use it",
                severity=None if views else Severity.INFO,
            )


def _is_made(site: Site, name: Relation) -> bool:
    """Whether the file makes something of that name, or gives it to something."""
    return any(_made(action) == name for statement in site.migration.statements for action in statement.actions)


def _made(action: Action) -> Relation | None:
    if isinstance(action, CreateView | CreateTable | CreateFunction | CreateType | CreateDomain):
        return action.table
    return action.table.beside(action.to) if isinstance(action, RenameObject) else None


@lint_rule(
    title="Renamed function or type",
    why="Code that runs now, and functions and triggers whose bodies name it, ask for the old name.",
    severity=Severity.WARNING,
    others_only=True,
    example="ALTER FUNCTION price(integer) RENAME TO cost;",
    clean="CREATE FUNCTION cost(integer) RETURNS integer LANGUAGE sql AS 'SELECT price($1)';",
)
def renamed_object(site: Site) -> Iterator[Problem]:
    """RENAME or SET SCHEMA of a function, or, milder, of a type or sequence, that the file does not make again."""
    for action in site.actions(RenameObject):
        if action.kind in {"function", "type", "sequence"} and not _is_made(site, action.table):
            yield Problem(
                message=f"{action.kind} {action.table} becomes {action.to}: running code does not know that name",
                severity=None if action.kind == "function" else Severity.INFO,
            )


@lint_rule(
    title="Dropped schema or database",
    why="All that is in it is lost at once.",
    severity=Severity.ERROR,
    example="DROP SCHEMA legacy CASCADE;",
    clean="DROP SCHEMA legacy;",
)
def dropped_schema(site: Site) -> Iterator[Problem]:
    """DROP SCHEMA … CASCADE, DROP DATABASE, DROP OWNED; without CASCADE a schema must be empty."""
    for action in site.actions(Drop):
        if action.kind == "owned":
            yield Problem(message=f"all that {action.table.name} owns goes")
        elif action.kind == "database" or (action.kind == "schema" and action.cascade):
            yield Problem(message=f"{action.kind} {action.table.name} goes with all that is in it")


@lint_rule(
    title="DROP … CASCADE",
    why="It drops whatever depends on the object, views, keys and functions alike, without naming it.",
    severity=Severity.WARNING,
    before="CREATE TABLE users (id bigint PRIMARY KEY); CREATE VIEW names AS SELECT id FROM users;",
    example="DROP VIEW names CASCADE;",
    clean="DROP VIEW names;",
)
def drop_cascade(site: Site) -> Iterator[Problem]:
    """CASCADE of a DROP, or of ALTER TABLE … DROP."""
    drops = [a for a in site.actions(Drop) if a.kind not in {"policy", "trigger", "schema", "owned"}]
    if any(a.cascade and not site.state.is_new(a.table) for a in drops):
        names = ", ".join(a.table.name for a in drops)
        yield Problem(message=f"whatever depends on {names} goes as well; name it in DROP statements of its own")
    parts = [(a, a.column) for a in site.on_old(DropColumn) if a.cascade]
    for action, what in (*parts, *((a, a.name) for a in site.on_old(DropConstraint) if a.cascade)):
        yield Problem(message=f"whatever depends on {what} of {action.table} goes as well; drop it by its name")


@lint_rule(
    title="TRUNCATE",
    why="All rows are lost, under ACCESS EXCLUSIVE; with CASCADE also those of every table that refers to it.",
    severity=Severity.WARNING,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="TRUNCATE users CASCADE;",
    clean="DELETE FROM users WHERE id BETWEEN 1 AND 1000;",
)
def truncated_table(site: Site) -> Iterator[Problem]:
    """TRUNCATE of a table that was there before this file; an error with CASCADE."""
    for action in site.on_old(Truncate):
        also = " and those of every table that refers to it" if action.cascade else ""
        yield Problem(
            message=f"all rows of {action.table}{also} go", severity=Severity.ERROR if action.cascade else None,
            evidence=site.size(action.table),
        )  # fmt: skip


@lint_rule(
    title="Column that may be NULL from now on",
    why="Code that reads the column has never seen a NULL in it.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, nick text NOT NULL);",
    example="ALTER TABLE users ALTER COLUMN nick DROP NOT NULL;",
    clean="ALTER TABLE users ALTER COLUMN nick SET DEFAULT '';",
)
def dropped_not_null(site: Site) -> Iterator[Problem]:
    """DROP NOT NULL of a column that was there before this file."""
    for action in site.on_old(DropNotNull):
        known = site.state.column(action.table, action.column)
        if known is None or (known.not_null and known.added_in != site.migration.name):
            yield Problem(message=f"readers of {action.table}.{action.column} must be ready for NULL")


@lint_rule(
    title="Changed default",
    why="Frameworks that insert only the columns that were set, such as Rails before 7, keep writing the old default"
    " from their cache.",
    severity=Severity.INFO,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY, role text DEFAULT 'guest');",
    example="ALTER TABLE users ALTER COLUMN role SET DEFAULT 'member';",
    clean="CREATE TABLE members (role text DEFAULT 'member');",
)
def changed_default(site: Site) -> Iterator[Problem]:
    """SET or DROP DEFAULT of a column that was there before this file."""
    for action in site.on_old(SetDefault):
        known = site.state.column(action.table, action.column)
        if known is None or known.added_in != site.migration.name:
            has = "no" if action.drops else "another"
            yield Problem(message=f"{action.table}.{action.column} has {has} default for code that is restarted")


@lint_rule(
    title="Column added under prepared SELECT *",
    why="A prepared SELECT * of a session fails from then on: cached plan must not change result type. Drivers prepare"
    " by themselves.",
    severity=Severity.WARNING,
    needs_database=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE users ADD COLUMN nick text;",
    clean="CREATE TABLE names (nick text);",
)
def column_added_under_star(site: Site) -> Iterator[Problem]:
    """ADD COLUMN or DROP COLUMN of a table that the workload reads by SELECT *."""
    if site.facts is None:
        return
    for action in site.on_old(AddColumn, DropColumn):
        stars = site.facts.stars.get(action.table.name, ())
        if stars:
            shown = "; ".join(stars[:SHAPED_BY_STAR])
            yield Problem(message=f"{len(stars)} statements read {action.table} by *, and fail where prepared: {shown}")
