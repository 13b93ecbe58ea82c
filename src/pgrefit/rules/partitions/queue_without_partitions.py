"""A queue whose rows are deleted one by one."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import Family, families
from pgrefit.rules._given import grown, with_counters
from pgrefit.rules._names import stems

QUEUES = {"outbox", "inbox", "job", "task", "queue", "message", "event", "notification", "delivery", "webhook", "work",
          "mailbox", "spool"}  # fmt: skip
BUSY = 1_000_000  # rows that went through
GONE = 0.8  # share of them that was deleted
PASSING = 5  # so many went through for each that is there


def _given(observation: Observation) -> Observation:
    return with_counters(grown(observation), inserted=60_000_000, deleted=59_000_000)


@rule(
    code="PAR006",
    title="Queue that is emptied row by row",
    why=(
        "Each row that goes through leaves a dead one in the table and in every index; vacuum has to keep up with all"
        " of them, and whoever takes the next job reads past what it has not removed."
    ),
    example="""
        CREATE TABLE mail_outbox (id bigint PRIMARY KEY, body text, created_at timestamptz DEFAULT now());
        INSERT INTO mail_outbox SELECT n, 'mail' FROM generate_series(1, 500) AS n;
        ANALYZE mail_outbox;
    """,
    clean="""
        CREATE TABLE job (id int PRIMARY KEY, title text NOT NULL);
        INSERT INTO job SELECT n, 'job ' || n FROM generate_series(1, 500) AS n;
        DELETE FROM job WHERE id > 400;
        ANALYZE job;
    """,
    given=_given,
)
def queue_without_partitions(observation: Observation) -> Iterator[Finding]:
    """Tables named as queues, through which millions of rows went and most of them are deleted.

    How busy is our judgement; that to drop is quicker than to delete says
    https://www.postgresql.org/docs/current/ddl-partitioning.html.
    """
    for family in families(observation):
        named_so = family.table.kind == "table" and set(stems(family.table.name.name)) & QUEUES
        if named_so and family.inserted >= BUSY and _passes_through(family):
            yield _finding(family)


def _passes_through(family: Family) -> bool:
    return family.deleted >= GONE * family.inserted and family.inserted >= PASSING * family.rows


def _finding(family: Family) -> Finding:
    return Finding(
        object=str(family.table.name),
        message=f"{family.deleted:,} of {family.inserted:,} rows that went through were deleted one by one",
        severity=Severity.INFO,
        evidence=(
            statistic("rows inserted", family.inserted),
            statistic("rows deleted", family.deleted),
            statistic("rows", family.rows),
            statistic("dead rows", sum(each.dead_rows for each in family.members)),
            statistic("bytes", family.total_bytes),
        ),
        advice="partition it by the time of creation and drop what is done; or let vacuum come after a few hundred dead"
        " rows (autovacuum_vacuum_scale_factor 0, autovacuum_vacuum_threshold 500)",
        cost=Cost(bytes=family.total_bytes),
    )
