"""Times of several zones in one column that does not say which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import ddl, expression, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, Row, named, row_of, scan
from pgrefit.rules.data._backwards import backwards
from pgrefit.rules.data._hours import Hours, ahead, hours_of, is_ahead
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import MOMENTS, Values, bare_type, sampled_tables, samples

ROWS = 20_000  # the latest ones, in the order of their key
USUAL = 900  # seconds from one row to the next, at most: else a step back tells no zone
FEWEST_ROWS = 100
MOST_BESIDE = 3
LEAST_SHARE = 0.005
SWITCHES = 0.2  # share of the days on which two clocks are used, from which on it is no summer time
ZONES = {"tz", "timezone", "zone", "offset", "utc", "gmt", "local"}
WRITTEN = {"created", "inserted", "logged", "recorded", "received", "registered", "added", "occurred", "happened"}
UNIVERSAL = {"utc", "gmt", "zulu"}
AT_ONCE = {
    "created", "inserted", "logged", "recorded", "received", "added", "occurred", "happened", "registered", "event",
    "timestamp", "ts", "time", "at", "on", "date", "when", "sent", "posted",
}  # fmt: skip
LATER = {
    "updated", "modified", "deleted", "due", "scheduled", "expires", "expire", "start", "end", "birth", "valid",
    "until", "planned", "next", "last", "finished", "completed", "approved", "paid", "closed",
}  # fmt: skip
ADVICE = "find out which writer stored which zone, convert its rows, then make the column timestamptz"


@dataclass(frozen=True, slots=True)
class Clock:
    """A moment without a zone; beside it one that has a zone, or else the key in whose order the rows were written."""

    table: Table
    column: Column
    beside: str
    ordered_by: str
    zoned: bool = True

    def question(self) -> Question:
        """Rows, how many are off by whole half hours, by how many different such, the size of usual steps."""
        return self._against_sibling() if self.beside else self._against_order()

    def _against_sibling(self) -> Question:
        """By how many half hours the two differ, where it is close to a whole number of them: a little more or less,
        or, if that says it of more rows, less by up to ten minutes, or more, since the one is written after the other.
        """
        other = expression("t.{b} AT TIME ZONE 'UTC'" if self.zoned else "t.{b}", b=self.beside)
        select = ddl(
            "WITH r AS (SELECT extract(epoch FROM t.{c} - {other}) / 1800 AS off, t.{c}::date AS day FROM {t} AS t"
            " WHERE t.{c} IS NOT NULL AND t.{b} IS NOT NULL AND isfinite(t.{c}) AND isfinite(t.{b})),"
            " late AS (SELECT l.late FROM r, (VALUES (0.0), (0.16), (-0.16)) AS l(late) GROUP BY l.late"
            " ORDER BY count(*) FILTER (WHERE abs(off + late - round(off + late)) < CASE late WHEN 0 THEN 0.1 ELSE 0.18"
            " END) DESC, abs(l.late) LIMIT 1),"
            " d AS (SELECT r.off + late.late AS off, late.late, r.day FROM r, late),"
            " g AS (SELECT round(off) AS off, count(*) AS rows FROM d"
            " WHERE abs(off - round(off)) < CASE late WHEN 0 THEN 0.1 ELSE 0.18 END AND abs(off) <= 28.5 GROUP BY 1)"
            " SELECT (SELECT count(*) FROM d) AS rows, coalesce(sum(g.rows), 0)::bigint AS close,"
            " coalesce(sum(g.rows) - max(g.rows), 0)::bigint AS shifted,"
            " string_agg((g.off / 2)::numeric(4, 1)::text || ' h (' || g.rows || ')', ', ' ORDER BY g.rows DESC)"
            " AS steps,"
            " count(*) FILTER (WHERE g.rows >= {share} * (SELECT count(*) FROM d)) AS zones,"
            " max(g.off) - min(g.off) AS width, (SELECT count(DISTINCT d.day) FROM d) AS days,"
            " (SELECT count(*) FROM (SELECT FROM d GROUP BY d.day HAVING min(round(d.off)) < max(round(d.off))) AS b)"
            " AS of_both FROM g",
            c=self.column.name, b=self.beside, t=self.table.name, share=LEAST_SHARE, other=raw(other),
        )  # fmt: skip
        return Question(self.table.name, select)

    def _against_order(self) -> Question:
        """How often time goes back from one row to the next, and by about how many half hours."""
        select = ddl(
            "WITH o AS (SELECT extract(epoch FROM t.{c} - lag(t.{c}) OVER (ORDER BY t.{k})) AS step"
            " FROM (SELECT * FROM {t} ORDER BY {k} DESC LIMIT {rows}) AS t"
            " WHERE t.{c} IS NOT NULL AND isfinite(t.{c})),"
            " g AS (SELECT round(step / 1800) AS off, count(*) AS rows FROM o WHERE step < -1200 GROUP BY 1)"
            " SELECT (SELECT count(*) FROM o) AS rows,"
            " (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY abs(step)) FROM o)::bigint AS usual,"
            " coalesce(sum(g.rows), 0)::bigint AS shifted, coalesce(max(g.rows), 0) AS most, count(*) AS zones,"
            " coalesce(sum(g.rows) FILTER (WHERE g.off < -28), 0)::bigint AS beyond,"
            " left(string_agg((g.off / 2)::numeric(9, 1)::text || ' h (' || g.rows || ')', ', ' ORDER BY g.rows DESC),"
            " 100) AS steps FROM g",
            c=self.column.name, k=self.ordered_by, t=self.table.name, rows=ROWS,
        )  # fmt: skip
        return Question(self.table.name, select)

    def is_mixed(self, row: Row) -> bool:
        """Whether so many rows are off by so few sizes that several zones explain it, and summer time does not."""
        if row.count("rows") < FEWEST_ROWS or row.count("shifted") < max(3, LEAST_SHARE * row.count("rows")):
            return False
        if self.beside:
            seldom = row.count("of_both") <= SWITCHES * row.count("days")  # summer time changes for all of a day
            summer_time = row.count("zones") == 2 and row.count("width") == 2 and seldom
            return row.count("close") >= 0.95 * row.count("rows") and row.count("zones") > 1 and not summer_time
        one_size = row.count("most") * 2 >= row.count("shifted") and row.count("zones") <= 6 and not row.count("beyond")
        return one_size and row.count("usual") <= USUAL


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (clock.question() for clock in _clocks(observation))
    yield from (hours.question() for hours in _days(observation))
    yield from (pair.question() for pair in backwards(observation))
    yield from (ahead(table, column) for table, column in _written(observation))


def _clocks(observation: Observation) -> Iterator[Clock]:
    """Moments without a zone that have one with a zone beside them, or are taken when the row is written.

    None of a table that tells the zone in another column.
    """
    for table, columns in sampled_tables(observation):
        if any(means(column, ZONES) and bare_type(column) not in MOMENTS for column in table.columns):
            continue
        telling = {v.column.name: v for v in columns if v.filled * 2 >= FEWEST_ROWS and v.different > 20}
        for column in table.columns:
            vague = bare_type(column) == "timestamp without time zone" and column.name in telling
            if vague and (not means(column, LATER) or _has_begun(telling[column.name])):
                zoned = [c.name for c in table.columns if c.name in telling and _has_zone(c)][:MOST_BESIDE]
                yield from (Clock(table, column, beside, "") for beside in zoned)
                universal = [c.name for c in table.columns if c.name in telling and c != column and _is_universal(c)]
                yield from (Clock(table, column, beside, "", zoned=False) for beside in universal[:MOST_BESIDE])
            if vague and _is_taken_at_once(column):
                yield from (Clock(table, column, "", key) for key in table.primary_key if _counts_up(table))


def _has_begun(values: Values) -> bool:
    """The start of what goes on, to the second, as nothing is planned."""
    seconds = sum(not text[:19].endswith((":00", ":30")) for text in values.common)
    return means(values.column, {"start"}) and seconds * 2 > len(values.common)


def _days(observation: Observation) -> Iterator[Hours]:
    """Moments without a zone that are taken when the row is written, by several writers."""
    for table, columns in sampled_tables(observation):
        told = any(means(column, ZONES) and bare_type(column) not in MOMENTS for column in table.columns)
        for v in () if told else columns:
            vague = bare_type(v.column) == "timestamp without time zone" and not means(v.column, LATER)
            if vague and v.filled * 2 >= FEWEST_ROWS:
                yield from hours_of(table, v.column, columns)


def _written(observation: Observation) -> Iterator[tuple[Table, Column]]:
    """Moments without a zone in which rows were written, by their names."""
    for table, columns in sampled_tables(observation):
        told = any(means(column, ZONES) and bare_type(column) not in MOMENTS for column in table.columns)
        for v in () if told else columns:
            vague = bare_type(v.column) == "timestamp without time zone" and not means(v.column, LATER)
            if vague and means(v.column, WRITTEN):
                yield table, v.column


def _is_taken_at_once(column: Column) -> bool:
    return means(column, AT_ONCE) and not means(column, LATER)


def _is_universal(column: Column) -> bool:
    """Whether the name says that the moment is of no place: created_utc."""
    return bare_type(column) == "timestamp without time zone" and means(column, UNIVERSAL)


def _has_zone(column: Column) -> bool:
    return bare_type(column) == "timestamp with time zone"


def _counts_up(table: Table) -> bool:
    """Whether the order of the key is that in which rows were written, as far as is known."""
    key = table.primary_key
    foreign = {name for found in table.foreign_keys for name in found.columns}
    return len(key) == 1 and table.column(key[0]).type in WHOLE_TYPES and key[0] not in foreign


@rule(
    code="DAT017",
    title="Times of several zones in one column",
    why=(
        "Two writers stored their own local time, and nothing in the row tells which: order, durations and reports by"
        " day are wrong by hours for some of the rows, and no conversion is right for all."
    ),
    asks=_asks,
    example="""
        CREATE TABLE ping (id int PRIMARY KEY, created_at timestamp NOT NULL);
        INSERT INTO ping SELECT n, timestamp '2024-03-01 08:00' + n * interval '40 s'
                                   + CASE WHEN n % 17 = 0 THEN interval '2 h' ELSE interval '0' END
        FROM generate_series(1, 400) AS n;
        ANALYZE ping;
    """,
    clean="""
        CREATE TABLE ping (id int PRIMARY KEY, created_at timestamp NOT NULL, due_at timestamp NOT NULL);
        INSERT INTO ping SELECT n, timestamp '2024-03-01 08:00' + n * interval '40 s'
                                - CASE WHEN n > 300 THEN interval '1 h' ELSE interval '0' END,
                                timestamp '2024-03-01' + (n * 7919 % 400) * interval '1 h'
        FROM generate_series(1, 400) AS n;
        CREATE TABLE flight (id int PRIMARY KEY, created_at timestamp NOT NULL, timezone text);
        INSERT INTO flight SELECT n, timestamp '2024-03-01' + n * interval '40 s' + (n % 3) * interval '1 h', 'Japan'
        FROM generate_series(1, 400) AS n;
        ANALYZE ping, flight;
    """,
)
def mixed_time_zones(observation: Observation) -> Iterator[Finding]:
    """Times of writing that are off by whole hours from a moment with a zone, or jump back and forth by them.

    And such as lie in the future, or begin their days hours later for some writers.
    """
    told: set[str] = set()
    for finding in (*_stepping(observation), *_backwards(observation), *_ahead(observation), *_shifted(observation)):
        if finding.object not in told:
            told.add(finding.object)
            yield finding


def _stepping(observation: Observation) -> Iterator[Finding]:
    for clock in _clocks(observation):
        row = row_of(observation, clock.question())
        if row and clock.is_mixed(row):
            beside, ordered = f"differs from {clock.beside} by", f"in the order of {clock.ordered_by} goes back by"
            yield Finding(
                object=named(clock.table, clock.column.name),
                message="holds times of several zones, and no row tells which",
                severity=Severity.ERROR,
                evidence=(
                    scan("rows", row.count("rows")), scan("off from most others", row.count("shifted")),
                    scan(beside if clock.beside else ordered, row.text("steps")),
                ),
                advice=ADVICE,
                cost=Cost(rows=row.count("shifted")),
            )  # fmt: skip


def _backwards(observation: Observation) -> Iterator[Finding]:
    return (found for pair in backwards(observation) if (found := pair.finding(observation)))


def _ahead(observation: Observation) -> Iterator[Finding]:
    for table, column in _written(observation):
        row = row_of(observation, ahead(table, column))
        if row and is_ahead(row):
            yield Finding(
                object=named(table, column.name),
                message="holds times of several zones: some rows were written in the future",
                severity=Severity.WARNING,
                evidence=(scan("rows", row.count("rows")), scan("later than now", row.count("ahead")),
                          scan("at most so many minutes", row.count("furthest"))),
                advice=ADVICE,
                cost=Cost(rows=row.count("ahead")),
            )  # fmt: skip


def _shifted(observation: Observation) -> Iterator[Finding]:
    for hours in _days(observation):
        shifted = hours.shifted(observation)
        if shifted:
            yield Finding(
                object=named(hours.table, hours.column.name),
                message=f"holds times of several zones: of some {hours.writer.name} the days begin hours later",
                severity=Severity.WARNING,
                evidence=(
                    scan("off from most others", sum(rows for _, _, rows in shifted)),
                    scan("hours later", tuple(f"{writer}: {shift:+d} h" for writer, shift, _ in shifted)),
                ),
                advice=ADVICE,
                cost=Cost(rows=sum(rows for _, _, rows in shifted)),
            )
