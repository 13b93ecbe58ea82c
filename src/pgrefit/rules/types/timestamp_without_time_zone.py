"""A moment that does not say in which zone it was."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import catalog, is_text, named, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values
from pgrefit.rules._names import words

MANY = 5  # tables of a schema; if there are more, it is how the application works, and is said once
NAMED = 4  # columns at most, in the message
SHOWN = 20
FEWEST_DAYS = 20  # that tell
MIDNIGHT = re.compile(r"^[0-9]+-[0-9]{2}-[0-9]{2}( 00:00:00)?( BC)?$")
LOCAL = {"local", "lokal", "lokale", "lokaal", "locale", "lokalny", "lokalna", "wallclock", "wall", "yerel", "lokalnie",
         "naive", "setempat", "ortszeit", "wanduhr", "paikallinen", "mistni", "lokaltid"}  # fmt: skip
ZONES = {
    "tz", "timezone", "tzid", "tzname", "zeitzone", "tijdzone", "tidszon", "huso", "fuso", "fuseau", "zona", "zone",
}  # fmt: skip
PLACE = r"[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_]+){1,2}"  # Europe/Oslo
ZONE = re.compile(rf"^(?:{PLACE}|Z|(?:UTC|GMT)?[+-]\d\d?(?::?\d\d)?|UTC|GMT|[A-Z]{{1,3}}[SE]?T)$")
SAYS_ZONE = re.compile(
    r"\b(?:UTC|GMT|local|lokal\w*|wall.?clock|time ?zone|Zeitzone|Wanduhr\w*|Ortszeit)\b", re.IGNORECASE
)
OF_TOOLS = {  # that migrate a schema, and make their own table
    "__diesel_schema_migrations", "_prisma_migrations", "schema_migrations", "ar_internal_metadata", "alembic_version",
    "flyway_schema_history", "databasechangelog", "databasechangeloglock", "goose_db_version", "django_migrations",
    "__EFMigrationsHistory", "knex_migrations", "knex_migrations_lock", "_sqlx_migrations", "atlas_schema_revisions",
}  # fmt: skip

Found = list[tuple[Table, list[Column]]]


@rule(
    code="TYP001",
    title="Timestamp without time zone",
    why="Two writers in two zones store two values for one moment, and nothing in the row tells which is meant.",
    example="CREATE TABLE event (id int PRIMARY KEY, happened_at timestamp NOT NULL);",
    clean="CREATE TABLE event (id int PRIMARY KEY, happened_at timestamptz NOT NULL, day date, at_clock time);"
    " CREATE TABLE flight (id int PRIMARY KEY, leaves_local timestamp NOT NULL, slot tsrange, tz text NOT NULL);"
    " CREATE TABLE schema_migrations (version text PRIMARY KEY, run_on timestamp NOT NULL);",
)
def timestamp_without_time_zone(observation: Observation) -> Iterator[Finding]:
    """For each table, columns of type timestamp, and of timetz, which has an offset but no day to know it by.

    A schema in which many tables have them is one finding. Those that hold days want another type.
    """
    by_schema: defaultdict[str, Found] = defaultdict(list)
    for table, columns in columns_of_type(observation, _is_vague):
        if table.name.name in OF_TOOLS:
            continue
        seen = statistics_of(observation, table)
        days = [column for column in columns if _holds_days(seen.column(column.name))]
        yield from (_of_days(table, column, seen.column(column.name)) for column in days)
        moments = [
            column for column in columns if column not in days and not _is_of_the_clock(observation, table, column)
        ]
        if moments:
            by_schema[table.name.schema].append((table, moments))
    for schema, found in by_schema.items():
        if len(found) > MANY:
            yield _of_schema(schema, found)
        else:
            yield from (_of_table(table, columns) for table, columns in found)


def _is_vague(type_: str) -> bool:
    """Of any precision, and ranges of such."""
    if type_ in {"tsrange", "tsmultirange"}:
        return True
    if type_.startswith("timestamp"):
        return type_.endswith("without time zone")
    return type_.startswith("time") and type_.endswith("with time zone")


def _is_of_the_clock(observation: Observation, table: Table, column: Column) -> bool:
    """Whether it is meant as clocks show it: by its name or comment, or by a zone in another column of the row."""
    if LOCAL & {*words(column.name)} or SAYS_ZONE.search(column.comment):
        return True
    zones = [c for c in table.columns if is_text(c) and _is_zone(statistics_of(observation, table).column(c.name), c)]
    vague = [c for c in table.columns if _is_vague(c.type)]
    return any(len(vague) <= 2 or {*words(c.name)} & {*words(column.name)} for c in zones)


def _is_zone(seen: ColumnStatistics | None, column: Column) -> bool:
    """By what ANALYZE saw of it, else by its name."""
    values = seen_values(seen)
    return all(map(ZONE.match, values)) if values else bool(ZONES & {*words(column.name)})


def _holds_days(seen: ColumnStatistics | None) -> bool:
    """Whether all that ANALYZE kept, and not a few, is at midnight."""
    values = [value for value in seen_values(seen) if "infinity" not in value]
    return len(values) >= FEWEST_DAYS and all(MIDNIGHT.search(value) for value in values)


def _of_days(table: Table, column: Column, seen: ColumnStatistics | None) -> Finding:
    return Finding(
        object=named(table, column.name),
        message="holds days: every one that was looked at is at midnight",
        severity=Severity.INFO,
        evidence=(catalog("type", column.type), statistic("different values looked at", len(seen_values(seen)))),
        advice="make it a date: as a timestamp it takes twice the room, and a time zone may move it to the day before",
    )


def _of_table(table: Table, columns: list[Column]) -> Finding:
    which = ", ".join(c.name for c in columns) if len(columns) <= NAMED else f"{len(columns)} columns"
    return Finding(
        object=str(table.name),
        message=f"{which} {'does' if len(columns) == 1 else 'do'} not say which moment is meant",
        severity=Severity.INFO,
        evidence=tuple(catalog(column.name, column.type) for column in columns),
        advice="find out in which zone it was written, then convert it: USING (column AT TIME ZONE '…')",
    )


def _of_schema(schema: str, found: Found) -> Finding:
    columns = sum(len(columns) for _, columns in found)
    return Finding(
        object=dotted(schema),
        message=f"{columns} columns of {len(found)} tables do not say which moment is meant",
        severity=Severity.INFO,
        evidence=(
            catalog("columns", columns),
            catalog("tables", len(found)),
            catalog("for example", tuple(table.name.name for table, _ in found[:SHOWN])),
        ),
        advice="find out in which zone the application writes; where it is always the same, in UTC for instance, say so"
        " in a comment on the schema and use timestamptz for what is new",
    )
