"""Objects beside tables: schemas, sequences, functions, types, extensions, statistics, publications, roles."""

from __future__ import annotations

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import (
    Constraint,
    DefaultGrant,
    ExtendedStatistics,
    Extension,
    Function,
    Publication,
    Role,
    Schema,
    Sequence,
    UserType,
)
from pgrefit.observe.columns import Columns
from pgrefit.observe.reader import Reader, Row, take_relation


def read_schemas(reader: Reader) -> tuple[Schema, ...]:
    """Read the schemas of the user, by name."""
    return tuple(Schema(**reader.owned("pg_namespace", row.pop("oid")), **row) for row in reader.rows("schemas"))


def read_default_grants(reader: Reader) -> tuple[DefaultGrant, ...]:
    """Read what roles grant on the tables and sequences that they will make."""
    return tuple(DefaultGrant(**row) for row in reader.rows("default_grants"))


def read_sequences(reader: Reader) -> tuple[Sequence, ...]:
    """Read all sequences, by schema and name."""

    def sequence(row: Row) -> Sequence:
        oid, table, column = row.pop("oid"), take_relation(row, "table_"), row.pop("table_column")
        return Sequence(
            name=Relation(row.pop("schema"), row.pop("name")),
            owned_by=(table, column) if table else None,
            **row,
            **reader.owned("pg_class", oid),
        )

    return tuple(map(sequence, reader.rows("sequences")))


def read_functions(reader: Reader) -> tuple[Function, ...]:
    """Read all functions, procedures and aggregates, by schema, name and arguments."""

    def function(row: Row) -> Function:
        oid = row.pop("oid")
        return Function(
            name=Relation(row.pop("schema"), row.pop("name")),
            settings=tuple(row.pop("settings") or ()),
            definition=row.pop("body"),
            unread=reader.closed.functions.get(oid, ""),
            **row,
            **reader.owned("pg_proc", oid),
        )

    return tuple(map(function, reader.rows("functions")))


def read_types(reader: Reader, columns: Columns, checks: dict[int, tuple[Constraint, ...]]) -> tuple[UserType, ...]:
    """Read all enums, domains, composite and range types, by schema and name."""

    def user_type(row: Row) -> UserType:
        oid = row.pop("oid")
        return UserType(
            name=Relation(row.pop("schema"), row.pop("name")),
            values=tuple(row.pop("values")),
            checks=tuple(check for check in checks.get(oid, ()) if check.kind == "check"),
            columns=columns.of(row.pop("relation")),
            comment=reader.comment("pg_type", oid),
            extension=reader.extension("pg_type", oid),
            **row,
        )

    return tuple(map(user_type, reader.rows("types")))


def read_extensions(reader: Reader) -> tuple[Extension, ...]:
    """Read the installed extensions, by name."""
    return tuple(Extension(**row) for row in reader.rows("extensions"))


def read_extended_statistics(reader: Reader) -> tuple[ExtendedStatistics, ...]:
    """Read all statistics objects, by schema and name."""

    def statistics(row: Row) -> ExtendedStatistics:
        table = Relation(row.pop("table_schema"), row.pop("table_name"))
        return ExtendedStatistics(name=Relation(row.pop("schema"), row.pop("name")), table=table, **row)

    return tuple(map(statistics, reader.rows("extended_statistics")))


def read_publications(reader: Reader) -> tuple[Publication, ...]:
    """Read all publications, by name."""

    def publication(row: Row) -> Publication:
        tables = zip(row.pop("table_schemas"), row.pop("table_names"), strict=True)
        return Publication(tables=tuple(Relation(*table) for table in tables), **row)

    return tuple(map(publication, reader.rows("publications")))


def read_roles(reader: Reader) -> tuple[Role, ...]:
    """Read the roles of the cluster, by name."""

    def role(row: Row) -> Role:
        return Role(member_of=tuple(row.pop("member_of")), settings=tuple(row.pop("settings") or ()), **row)

    return tuple(map(role, reader.rows("roles")))
