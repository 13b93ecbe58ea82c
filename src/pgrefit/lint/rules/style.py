"""Types and shapes that are regretted later. All of it is advice."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.lint.actions import (
    Action,
    AddColumn,
    AddConstraint,
    AddEnumValue,
    AlterType,
    CreateIndex,
    CreateTable,
    CreateType,
)
from pgrefit.lint.rule import Problem, lint_rule
from pgrefit.lint.site import Site
from pgrefit.lint.specs import ColumnSpec
from pgrefit.lint.types import TypeName
from pgrefit.model.finding import Severity
from pgrefit.model.names import Relation

Typed = tuple[Relation, str, TypeName]


def _columns(site: Site) -> Iterator[tuple[Relation, ColumnSpec]]:
    """Columns that the statement makes."""
    for action in site.statement.actions:
        if isinstance(action, CreateTable) and not action.temporary:
            yield from ((action.table, column) for column in action.columns)
        elif isinstance(action, AddColumn):
            yield action.table, action.column


def _typed(site: Site) -> Iterator[Typed]:
    """Columns that get a type: those made, and those changed."""
    yield from ((table, column.name, column.type) for table, column in _columns(site))
    yield from ((a.table, a.column, a.type) for a in site.actions(AlterType))


def _named(found: list[Typed]) -> str:
    return ", ".join(f"{table.name}.{column}" for table, column, _ in found)


@lint_rule(
    title="json column",
    why="json has no equality: SELECT DISTINCT, UNION and GROUP BY over it fail, and it cannot be indexed.",
    severity=Severity.WARNING,
    others_only=True,
    example="CREATE TABLE events (id bigint PRIMARY KEY, body json);",
    clean="CREATE TABLE events (id bigint PRIMARY KEY, body jsonb);",
)
def json_column(site: Site) -> Iterator[Problem]:
    """A column of type json."""
    if found := [t for t in _typed(site) if t[2].name == "json"]:
        yield Problem(message=f"json, where jsonb compares and is indexed: {_named(found)}")


@lint_rule(
    title="Key of a type that runs out",
    why="integer ends at 2,147,483,647; the table then takes no row until the key and all that refer to it"
    " are retyped.",
    severity=Severity.INFO,
    others_only=True,
    example="CREATE TABLE events (id serial PRIMARY KEY);",
    clean="CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, size integer);",
)
def integer_key(site: Site) -> Iterator[Problem]:
    """A primary key of type integer or smallint, of one column."""
    for table, column in _columns(site):
        keys = [c for c in column.constraints if c.kind == "primary key"]
        keys += [c for a in site.actions(CreateTable) for c in a.constraints
                 if c.kind == "primary key" and c.columns == (column.name,)]  # fmt: skip
        if keys and column.type.stored.name in {"integer", "smallint"} and not column.type.array:
            yield Problem(message=f"the key {table.name}.{column.name} is of type {column.type.stored}; bigint lasts")


@lint_rule(
    title="serial, not identity",
    why="A serial's sequence has rights, an owner and a default of its own that go astray; identity is one thing.",
    severity=Severity.INFO,
    others_only=True,
    example="CREATE TABLE events (id bigserial PRIMARY KEY);",
    clean="CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
)
def serial_column(site: Site) -> Iterator[Problem]:
    """A column of type serial, bigserial or smallserial."""
    if found := [(t, c.name, c.type) for t, c in _columns(site) if c.serial]:
        yield Problem(message=f"serial, where GENERATED ALWAYS AS IDENTITY is simpler: {_named(found)}")


@lint_rule(
    title="Text of limited length",
    why="The limit costs a change of type to shorten, and a CHECK can be added and dropped online; text is"
    " stored alike.",
    severity=Severity.INFO,
    others_only=True,
    example="CREATE TABLE users (id bigint PRIMARY KEY, name varchar(255));",
    clean="CREATE TABLE users (id bigint PRIMARY KEY, name text);",
)
def varchar_with_limit(site: Site) -> Iterator[Problem]:
    """A column of type varchar(n)."""
    if found := [t for t in _typed(site) if t[2].name == "character varying" and t[2].modifiers]:
        yield Problem(message=f"varchar(n), where text with a CHECK is easier to change: {_named(found)}")


@lint_rule(
    title="char(n) column",
    why="It is padded with blanks, which are stored, and are ignored in some comparisons and not in others.",
    severity=Severity.INFO,
    others_only=True,
    example="CREATE TABLE users (id bigint PRIMARY KEY, country char(2));",
    clean="CREATE TABLE users (id bigint PRIMARY KEY, country text CHECK (length(country) = 2));",
)
def char_column(site: Site) -> Iterator[Problem]:
    """A column of type char(n)."""
    if found := [t for t in _typed(site) if t[2].name == "character"]:
        yield Problem(message=f"char(n) is padded with blanks: {_named(found)}")


@lint_rule(
    title="timestamp without time zone",
    why="It says a clock's reading and not a moment: what it means depends on who wrote and who reads it.",
    severity=Severity.INFO,
    others_only=True,
    example="CREATE TABLE events (id bigint PRIMARY KEY, at timestamp);",
    clean="CREATE TABLE events (id bigint PRIMARY KEY, at timestamptz);",
)
def timestamp_without_time_zone(site: Site) -> Iterator[Problem]:
    """A column of type timestamp."""
    if found := [t for t in _typed(site) if t[2].name == "timestamp without time zone"]:
        yield Problem(message=f"timestamp, where timestamptz says a moment: {_named(found)}")


@lint_rule(
    title="Enum type",
    why="Its values cannot be removed and hardly be ordered anew; a table of values, or a CHECK, can.",
    severity=Severity.INFO,
    others_only=True,
    example="CREATE TYPE mood AS ENUM ('ok', 'bad');",
    clean="CREATE TABLE moods (mood text PRIMARY KEY);",
)
def enum_type(site: Site) -> Iterator[Problem]:
    """CREATE TYPE … AS ENUM."""
    for action in site.actions(CreateType):
        if action.labels is not None:
            yield Problem(message=f"values of {action.table} can be added and never be removed")


@lint_rule(
    title="Enum value without a place",
    why="It sorts after all others, for good.",
    severity=Severity.INFO,
    others_only=True,
    before="CREATE TYPE mood AS ENUM ('ok', 'bad');",
    example="ALTER TYPE mood ADD VALUE 'fine';",
    clean="ALTER TYPE mood ADD VALUE 'fine' BEFORE 'ok';",
)
def enum_value_without_place(site: Site) -> Iterator[Problem]:
    """ALTER TYPE … ADD VALUE without BEFORE or AFTER."""
    for action in site.actions(AddEnumValue):
        if not action.placed:
            yield Problem(
                message=f"'{action.value}' sorts after all other values of {action.table}; say BEFORE or AFTER"
            )


@lint_rule(
    title="Key that refers to another type",
    why="Each comparison converts, indexes may not serve, and one of both runs out first.",
    severity=Severity.WARNING,
    others_only=True,
    before="CREATE TABLE users (id bigint PRIMARY KEY);",
    example="CREATE TABLE posts (id bigint PRIMARY KEY, user_id integer REFERENCES users (id));",
    clean="CREATE TABLE posts (id bigint PRIMARY KEY, user_id bigint REFERENCES users (id));",
)
def foreign_key_type_mismatch(site: Site) -> Iterator[Problem]:
    """A foreign key whose column is of another type than the one it refers to; length and precision aside."""
    specs = [(a.table, c, {col.name: col.type for col in a.columns}) for a in site.actions(CreateTable)
             for c in a.constraints]  # fmt: skip
    for a in site.actions(AddConstraint):
        known = site.state.find(a.table)
        types = {name: column.type for name, column in known.columns.items()} if known else {}
        types |= {c.column.name: c.column.type for c in site.actions(AddColumn) if c.table == a.table}
        types |= {c.column: c.type for c in site.actions(AlterType) if c.table == a.table}
        specs.append((a.table, a.constraint, types))
    specs += [(a.table, c, {a.column.name: a.column.type}) for a in site.actions(AddColumn)
              for c in a.column.constraints]  # fmt: skip
    for table, spec, types in specs:
        if spec.kind != "foreign key" or spec.parent is None:
            continue
        for own, its in zip(spec.columns, _parent_columns(site, spec.parent, spec.parent_columns), strict=False):
            parent = site.state.column(spec.parent, its)
            mine = types.get(own)
            if parent and mine and parent.type.name and mine.stored.name and parent.type.name != mine.stored.name:
                yield Problem(
                    message=f"{table.name}.{own} is {mine.stored}, {spec.parent.name}.{its} to which it refers is"
                    f" {parent.type}"
                )


def _parent_columns(site: Site, parent: Relation, named: tuple[str, ...]) -> tuple[str, ...]:
    table = site.state.find(parent)
    return named or next((c.columns for c in table.key("primary key")), ()) if table else named


@lint_rule(
    title="Table without a primary key",
    why="Rows cannot be told apart: logical replication refuses updates, and batches have nothing to walk by.",
    severity=Severity.INFO,
    others_only=True,
    example="CREATE TABLE events (at timestamptz);",
    clean="CREATE TABLE events (at timestamptz); ALTER TABLE events ADD PRIMARY KEY (at);",
)
def table_without_primary_key(site: Site) -> Iterator[Problem]:
    """CREATE TABLE without a primary key, which is not given one later in the file."""
    for action in site.actions(CreateTable):
        if action.temporary or action.partition_of or action.inherits or action.from_select or action.like:
            continue
        keyed = {c.kind for c in action.constraints} | {
            kind for later in site.later_on(action.table) for kind in _keyed(later)
        }
        renewed = action.if_not_exists and site.state.find(action.table) is not None
        if "primary key" not in keyed and not renewed:
            yield Problem(message=f"{action.table} has no primary key")


def _keyed(action: Action) -> Iterator[str]:
    """Kinds of keys that an action gives its table."""
    if isinstance(action, AddConstraint):
        yield action.constraint.kind
    elif isinstance(action, CreateIndex) and action.unique:
        yield "unique"
