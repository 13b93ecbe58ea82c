"""Columns whose change rewrites or reads the table, or fails."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import AddColumn, AlterType, SetExpression, SetLogged, SetTablespace
from pgrefit.lint.reading_tables import expression_text
from pgrefit.lint.rewrites import LATER, required, script
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.lint.state import State
from pgrefit.lint.tools import OWN
from pgrefit.lint.types import UNKNOWN, TypeName, effect_of_change
from pgrefit.lint.volatility import volatile_calls
from pgrefit.model.ddl import Expression, ddl, raw
from pgrefit.model.finding import Severity
from pgrefit.model.names import Relation, fit

REFUSING = {"view", "policy", "trigger", "generated column", "publication", "function"}


def _add_plain(table: Relation, name: str, type_: TypeName) -> str:
    return ddl("ALTER TABLE {t} ADD COLUMN {c} {type}", t=table, c=name, type=raw(Expression(_written(type_))))


def _written(type_: TypeName) -> str:
    """The type as SQL; a user's type that has a schema is quoted."""
    if type_.name.replace(" ", "").replace("_", "").isalnum() and type_.name == type_.name.lower():
        return str(type_)
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in type_.name.split("."))
    return str(TypeName(quoted, type_.modifiers, type_.array))


def _fill(table: Relation, name: str, value: str) -> str:
    """One batch, to be repeated; a key range stands in for whatever identifies the table's rows."""
    return ddl(
        "UPDATE {t} SET {c} = {v} WHERE {c} IS NULL AND ctid = ANY (ARRAY("
        "SELECT ctid FROM {t} WHERE {c} IS NULL LIMIT 5000))", t=table, c=name, v=raw(Expression(value)),
    )  # fmt: skip


@lint_rule(
    title="Required column without a default",
    why="The statement fails where the table has a row; where it has none, INSERTs of the running code, which does not"
    " know the column, fail.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE users ADD COLUMN email text NOT NULL;",
    clean="ALTER TABLE users ADD COLUMN email text NOT NULL DEFAULT '';",
)
def required_column_without_default(site: Site) -> Iterator[Problem]:
    """ADD COLUMN … NOT NULL without DEFAULT, identity or GENERATED, on a table that was there before."""
    for action in site.on_old(AddColumn):
        spec = action.column
        filled = spec.default is not None or spec.generated or spec.identity or spec.serial
        keys = any(c.kind == "primary key" for c in spec.constraints)
        if spec.not_null and not filled and not keys and not _exists(site.state, action):
            yield Problem(
                message=f"{action.table} gets the required column {spec.name} without a value for the rows it has",
                rewrite=script(
                    _add_plain(action.table, spec.name, spec.type), "-- fill it, in batches; then:",
                    required(action.table, spec.name),
                ),
                severity=Severity.WARNING if site.rows(action.table) == 0 else None, evidence=site.size(action.table),
            )  # fmt: skip


def _exists(state: State, action: AddColumn) -> bool:
    return action.if_not_exists and state.column(action.table, action.column.name) is not None


@lint_rule(
    title="New column whose default differs from row to row",
    why="A volatile DEFAULT is computed for every row: the table and its indexes are rewritten while nobody reads or"
    " writes. A constant, and now(), cost nothing.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    clean="ALTER TABLE users ADD COLUMN since timestamptz DEFAULT now();",
)
def volatile_default_rewrites_table(site: Site) -> Iterator[Problem]:
    """ADD COLUMN with a DEFAULT that calls a volatile function, or one of which nothing is known."""
    for action in site.on_old(AddColumn):
        spec = action.column
        if spec.default is None or _exists(site.state, action):
            continue
        sure, maybe = volatile_calls(spec.default, site.state)
        if not sure and not maybe:
            continue
        value = expression_text(spec.default)
        called = ", ".join(f"{name}()" for name in (*sure, *maybe))
        doubt = "" if sure else ", unless the function is declared STABLE or IMMUTABLE"
        yield Problem(
            message=f"{action.table} is rewritten while nobody reads or writes it: {called} runs for each row{doubt}",
            rewrite=script(
                _add_plain(action.table, spec.name, spec.type),
                ddl("ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {v}", t=action.table, c=spec.name,
                    v=raw(Expression(value))),
                "-- afterwards, again and again until it changes no row, each in a transaction of its own:",
                _fill(action.table, spec.name, value),
            ),
            grows_with=action.table, severity=None if sure else Severity.WARNING,
        )  # fmt: skip


@lint_rule(
    title="Stored generated column added to a table with rows",
    why="It is computed for every row: the table and its indexes are rewritten while nobody reads or writes.",
    severity=Severity.ERROR,
    before="CREATE TABLE items (price numeric, quantity integer);",
    example="ALTER TABLE items ADD COLUMN total numeric GENERATED ALWAYS AS (price * quantity) STORED;",
    clean="ALTER TABLE items ADD COLUMN total numeric GENERATED ALWAYS AS (price * quantity) VIRTUAL;",
)
def generated_column_rewrites_table(site: Site) -> Iterator[Problem]:
    """ADD COLUMN … GENERATED ALWAYS AS (…) STORED, and SET EXPRESSION of such a column."""
    for change in site.on_old(SetExpression):
        yield Problem(
            message=f"{change.table} is rewritten while nobody reads or writes it, to compute {change.column} anew;"
            " a virtual column is not stored, and costs nothing",
            grows_with=change.table,
        )
    for action in site.on_old(AddColumn):
        if action.column.generated == "stored":
            yield Problem(
                message=f"{action.table} is rewritten while nobody reads or writes it, to compute {action.column.name}",
                rewrite=script(
                    "-- a plain column, kept by a BEFORE INSERT OR UPDATE trigger and filled in batches:",
                    _add_plain(action.table, action.column.name, action.column.type),
                    "-- or, from PostgreSQL 18 on, GENERATED ALWAYS AS (…) VIRTUAL, or a view that computes it",
                ),
                grows_with=action.table,
            )  # fmt: skip


@lint_rule(
    title="Serial or identity column added to a table with rows",
    why="Each row gets a number of its own: the table and its indexes are rewritten while nobody reads or writes.",
    severity=Severity.ERROR,
    before="CREATE TABLE events (at timestamptz);",
    example="ALTER TABLE events ADD COLUMN id bigserial;",
    clean="ALTER TABLE events ADD COLUMN id bigint;",
)
def serial_column_rewrites_table(site: Site) -> Iterator[Problem]:
    """ADD COLUMN of type serial, or GENERATED … AS IDENTITY; SET … ADD IDENTITY is harmless."""
    for action in site.on_old(AddColumn):
        spec = action.column
        if (spec.serial or spec.identity) and not _exists(site.state, action):
            sequence = action.table.beside(fit(f"{action.table.name}_{spec.name}", "_seq"))
            yield Problem(
                message=f"{action.table} is rewritten while nobody reads or writes it, to number its rows",
                rewrite=script(
                    _add_plain(action.table, spec.name, spec.type.stored),
                    ddl("CREATE SEQUENCE {s} OWNED BY {t}.{c}", s=sequence, t=action.table, c=spec.name),
                    ddl("ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT nextval({s}::regclass)", t=action.table,
                        c=spec.name, s=raw(Expression(_literal(sequence)))),
                    "-- fill the rows in batches; then:", required(action.table, spec.name),
                ),
                grows_with=action.table,
            )  # fmt: skip


def _literal(name: Relation) -> str:
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (name.schema, name.name))
    return "'" + quoted.replace("'", "''") + "'"


@lint_rule(
    title="Type change that rewrites the table",
    why="The table and its indexes are written anew while nobody reads or writes. Free are: a longer varchar, varchar"
    " to text, a larger numeric of the same scale, cidr to inet, timestamp to timestamptz where the time zone is UTC.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));",
    example="ALTER TABLE users ALTER COLUMN id TYPE bigint;",
    clean="ALTER TABLE users ALTER COLUMN name TYPE varchar(40);",
)
def type_change_rewrites_table(site: Site) -> Iterator[Problem]:
    """ALTER COLUMN … TYPE that changes the stored bytes, or may do so where the old type is not known."""
    for action in site.on_old(AlterType):
        column = site.state.column(action.table, action.column)
        old = column.type if column else UNKNOWN
        effect = effect_of_change(old, action.type)
        if action.using and not action.trivial_using:
            effect = "rewrite"
        if effect == "depends on the time zone" and site.setting("timezone").lower() in {"utc", "gmt"}:
            effect = "none"
        if effect == "unknown" and site.migration.tool == OWN:
            effect = "none"  # the step says what it does, and rehearsal has measured it
        if effect != "none":
            yield _rewritten(action, old, effect)


def _rewritten(action: AlterType, old: TypeName, effect: str) -> Problem:
    was = f" from {old}" if old != UNKNOWN else ""
    doubts = {
        "unknown": ", unless it was of a type with the same bytes before",
        "depends on the time zone": ", unless the session's TimeZone is UTC",
    }
    harmless = effect == "unknown" and action.type in {TypeName("text"), TypeName("character varying")}
    return Problem(
        message=f"{action.table} is rewritten while nobody reads or writes it: {action.column}{was} to"
        f" {action.type}{doubts.get(effect, '')}",
        rewrite=_online_type_change(action), grows_with=action.table, severity=Severity.WARNING if harmless else None,
    )  # fmt: skip


def _online_type_change(action: AlterType) -> str:
    new = fit(action.column, "_new")
    value = Expression(action.using) if action.using else Expression(_cast(action))
    return script(
        _add_plain(action.table, new, action.type),
        "-- keep both in step by a trigger; fill the new one in batches, each in a transaction of its own:",
        _fill(action.table, new, value),
        "-- make its indexes CONCURRENTLY and its constraints NOT VALID, validate them; then swap the names:",
        "BEGIN;",
        ddl(
            "ALTER TABLE {t} RENAME COLUMN {c} TO {old}",
            t=action.table,
            c=action.column,
            old=fit(action.column, "_old"),
        ),
        ddl("ALTER TABLE {t} RENAME COLUMN {new} TO {c}", t=action.table, c=action.column, new=new),
        "COMMIT;",
        "-- pgrefit's change retype-columns does all of this, with a way back",
    )


def _cast(action: AlterType) -> str:
    return ddl("{c}::{type}", c=action.column, type=raw(Expression(_written(action.type))))


@lint_rule(
    title="Free type change that checks constraints again",
    why="The bytes stay, but each CHECK, and each foreign key, that has the column is dropped and made again: every row"
    " is read while nobody reads or writes.",
    severity=Severity.WARNING,
    before="CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20) CHECK (name <> ''), code varchar(20));",
    example="ALTER TABLE users ALTER COLUMN name TYPE text;",
    clean="ALTER TABLE users ALTER COLUMN code TYPE text;",
)
def type_change_rechecks_constraints(site: Site) -> Iterator[Problem]:
    """A type change without a rewrite where a valid CHECK or foreign key has the column."""
    for action in site.on_old(AlterType):
        table, column = site.state.find(action.table), site.state.column(action.table, action.column)
        if table is None or column is None or effect_of_change(column.type, action.type) != "none":
            continue
        kinds = {"check", "foreign key"}
        again = [n for n, c in table.constraints.items() if c.kind in kinds and c.valid and action.column in c.columns]
        if again and column.type != action.type:
            yield Problem(
                message=f"{', '.join(again)} of {action.table} is checked for every row while nobody reads or writes",
                rewrite=script(
                    "-- in one transaction drop it, change the type and add it again NOT VALID;", LATER,
                    *(ddl("ALTER TABLE {t} VALIDATE CONSTRAINT {n}", t=action.table, n=name) for name in again),
                ),
                grows_with=action.table,
            )  # fmt: skip


@lint_rule(
    title="Type change of a column on which something depends",
    why="The server refuses to change a column that a view, a policy, a trigger or a generated column uses; foreign"
    " keys are checked again, or refused where the types no longer fit.",
    severity=Severity.ERROR,
    before="CREATE TABLE users (id integer PRIMARY KEY, name varchar(20)); CREATE VIEW named AS SELECT id FROM users;",
    example="ALTER TABLE users ALTER COLUMN id TYPE bigint;",
    clean="ALTER TABLE users ALTER COLUMN name TYPE text;",
)
def type_change_with_dependants(site: Site) -> Iterator[Problem]:
    """ALTER COLUMN … TYPE while a view, policy, trigger, publication or foreign key uses the column."""
    for action in site.on_old(AlterType):
        refused = [*_refusing(site, action), *_in_catalog(site, action)]
        if refused:
            yield Problem(
                message=f"{', '.join(dict.fromkeys(refused))} of or on {action.table}.{action.column} stands in the"
                " way: drop it first and make it again afterwards, in the same transaction"
            )
        bound = list(_keys(site, action))
        if bound:
            yield Problem(
                message=f"the foreign keys of {', '.join(bound)} have {action.table}.{action.column}: both sides must"
                " change together, and all their rows are read again",
                severity=Severity.WARNING,
            )


def _refusing(site: Site, action: AlterType) -> Iterator[str]:
    for view, seen in site.state.views_of(action.table):
        if action.column in seen.columns or "*" in seen.columns:
            yield f"view {view}"
    table = site.state.find(action.table)
    for name, columns in table.policies.items() if table else ():
        if action.column in columns:
            yield f"policy {name}"
    for name, column in table.columns.items() if table else ():
        if action.column in column.computed_from:
            yield f"generated column {name}"
    for trigger, listed in table.triggers.items() if table else ():
        if action.column in listed:
            yield f"trigger {trigger}"


def _in_catalog(site: Site, action: AlterType) -> Iterator[str]:
    """What the database says depends on the column, unless this file has dropped it."""
    if site.facts is None or site.table(action.table) is None:
        return
    table = site.state.find(action.table)
    for use in site.facts.observation.snapshot.uses_of(action.table, action.column):
        view_gone = use.kind == "view" and use.relation not in site.state.views
        policy_gone = use.kind == "policy" and table is not None and use.member not in table.policies
        if use.kind in REFUSING and not view_gone and not policy_gone:
            yield f"view {use.relation}" if use.kind == "view" else f"{use.kind} {use.member or use.name}"


def _keys(site: Site, action: AlterType) -> Iterator[str]:
    pointed = next(iter(site.state.made(action.table).key("primary key")), None)
    if pointed is None or action.column not in pointed.columns:
        return
    for name, key in site.state.references_to(action.table):
        if not _retyped(site, name, key.columns):
            yield str(name)


def _retyped(site: Site, table: Relation, columns: tuple[str, ...]) -> bool:
    """Whether the file changes the referencing columns as well."""
    return any(
        isinstance(a, AlterType) and a.table == table and a.column in columns
        for statement in site.migration.statements
        for a in statement.actions
    )


@lint_rule(
    title="SET TABLESPACE",
    why="The table's files are copied while nobody reads or writes.",
    severity=Severity.ERROR,
    before="CREATE TABLE events (at timestamptz);",
    example="ALTER TABLE events SET TABLESPACE fast_disk;",
    clean="CREATE TABLE facts (at timestamptz) TABLESPACE fast_disk;",
)
def set_tablespace(site: Site) -> Iterator[Problem]:
    """ALTER TABLE, INDEX or MATERIALIZED VIEW … SET TABLESPACE."""
    for action in site.on_old(SetTablespace):
        yield Problem(
            message=f"{action.table} is copied while nobody reads or writes it; pg_repack --tablespace does it online",
            grows_with=action.table,
        )


@lint_rule(
    title="Change that writes the table anew",
    why="SET LOGGED, SET UNLOGGED and SET ACCESS METHOD write the table and its indexes anew while nobody reads or"
    " writes.",
    severity=Severity.ERROR,
    before="CREATE TABLE events (at timestamptz);",
    example="ALTER TABLE events SET UNLOGGED;",
    clean="CREATE UNLOGGED TABLE facts (at timestamptz);",
)
def set_logged_rewrites_table(site: Site) -> Iterator[Problem]:
    """ALTER TABLE … SET LOGGED, UNLOGGED or ACCESS METHOD."""
    for action in site.on_old(SetLogged):
        yield Problem(
            message=f"{action.table} is written anew while nobody reads or writes it; fill a new table in"
            " batches instead",
            grows_with=action.table,
        )
