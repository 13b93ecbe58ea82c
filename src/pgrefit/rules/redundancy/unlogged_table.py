"""A table that a crash empties."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import seen_values
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import stems
from pgrefit.rules._said import on_purpose

# What can be made anew, by its name: the whole word, and in other languages its beginning.
PASSING = {
    "buffer", "cache", "cached", "heartbeat", "import", "job", "limit", "load", "lock", "nonce", "presence", "queue",
    "scratch", "session", "stage", "staging", "stg", "temp", "temporary", "tmp", "throttle", "work", "landing",
    "ephemeral", "transient", "volatile", "memo", "rollup", "projection", "materialized",
}  # fmt: skip
PASSING_ELSEWHERE = (
    "zwischenspeicher", "sitzung", "warteschlange", "temporaer", "puffer", "sessie", "wachtrij", "tijdelijk", "sesion",
    "sessao", "sessoes", "sessione", "sessioni", "sesja", "sesje", "sesji", "kolejk", "kolejek", "temporal",
    "temporar", "temporane", "temporaire", "tymczasow", "bufor", "tampon", "oturum", "onbellek", "kuyruk", "kuyrug",
    "gecici", "sesi", "antrian", "sementara", "tembolok", "mellanlag", "tillfallig", "midlertidig", "kolejkow",
    "docasn", "mezipamet", "relace", "valimuisti", "istunto", "puskuri", "huancun", "linshi", "huihua", "ichiji",
    "кэш", "кеш", "сеанс", "сесси", "очеред", "времен",
)  # fmt: skip
OPAQUE = ("text", "character varying", "uuid", "bytea", "character")  # types of keys that are made up outside
RECENT = timedelta(days=3)


@rule(
    code="RED017",
    title="Unlogged table",
    why="After a crash it is empty, replicas and archives never have its rows, and neither does a restored backup.",
    example="CREATE UNLOGGED TABLE booking (id int PRIMARY KEY, guest text);",
    clean="""
        CREATE UNLOGGED TABLE page_cache (id int PRIMARY KEY, body text);
        CREATE UNLOGGED TABLE stg_booking (id int PRIMARY KEY, guest text);
        CREATE UNLOGGED TABLE oturum_onbellek (nr serial PRIMARY KEY, guest text);
        CREATE TABLE booking (id int PRIMARY KEY, guest text);
    """,
)
def unlogged_table(observation: Observation) -> Iterator[Finding]:
    """Unlogged tables, single partitions too, whose names or rows do not say that they can be made anew."""
    db = observation.snapshot
    for table in db.tables:
        if table.persistence == "unlogged" and is_users(db, table) and not _is_passing(observation, table):
            yield _of_table(table, statistics_of(observation, table).rows)


def _is_passing(observation: Observation, table: Table) -> bool:
    """By a word of its name, or of its schema's; by its comment; or as its rows are all of the last days."""
    said = {*stems(table.name.schema), *meanings(table.name.name)}
    named = PASSING & said or any(word.startswith(PASSING_ELSEWHERE) for word in said)
    return bool(named) or on_purpose(table.comment) or _is_short_lived(observation, table)


def _is_short_lived(observation: Observation, table: Table) -> bool:
    """Whether it is keyed by what somebody else makes up, tied to nothing, and no moment in it is older than days."""
    taken, key = observation.statistics.taken_at, table.primary_key
    tied = table.foreign_keys or observation.snapshot.references_to(table.name)
    if taken is None or tied or len(key) != 1 or table.column(key[0]).default is not None:
        return False
    if not table.column(key[0]).type.startswith(OPAQUE):
        return False
    seen = statistics_of(observation, table)
    moments = [seen.column(c.name) for c in table.columns if c.type.startswith("timestamp with time zone")]
    known = [value for one in moments for value in seen_values(one)]
    return bool(known) and all(_is_recent(value, taken) for value in known)


def _is_recent(value: str, now: datetime) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    return abs((moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)) - now) <= RECENT


def _of_table(table: Table, rows: int) -> Finding:
    return Finding(
        object=str(table.name),
        message="loses all rows in a crash",
        severity=Severity.WARNING,
        evidence=(
            catalog("persistence", table.persistence),
            *((statistic("rows", rows),) if rows >= 0 else ()),
        ),
        advice="ALTER TABLE … SET LOGGED writes it anew under an exclusive lock: do so in a quiet hour, unless"
        " its rows can be made anew",
        cost=Cost(rows=max(rows, 0)),
    )
