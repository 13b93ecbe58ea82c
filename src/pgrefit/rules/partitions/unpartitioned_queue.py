"""A table of messages or jobs that is all one piece."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import plain_type, stored_tables
from pgrefit.rules._languages import meanings
from pgrefit.rules._purposes import is_passed_on

QUEUES = {
    "inbox", "mailbox", "outbox", "queue", "spool", "warteschlange", "postausgang", "cola", "fila", "coda", "wachtrij",
    "kolejka", "buzon", "bandeja", "kuyruk", "kuyrugu", "antrian", "antrean", "jono", "fronta", "utkorg", "udbakke",
    "utboks", "skrzynka", "nadawcza",
}  # fmt: skip
JOBS = {"delivery", "event", "job", "message", "notification", "task", "webhook", "work"}
CONTENTS = {"jsonb", "json", "bytea", "xml"}
PAYLOAD = {"args", "body", "content", "data", "message", "payload"}
STATES = {
    "attempt", "attempts", "claimed", "delivered", "locked", "picked", "processed", "published", "retries", "retry",
    "sent", "state", "status", "taken",
}  # fmt: skip


@rule(
    code="PAR010",
    title="Queue in one piece",
    why=(
        "What is done is deleted row by row, or never: vacuum has to keep up, and whoever takes the next job reads past"
        " what is done. A partition is dropped at once."
    ),
    example="CREATE TABLE mail_outbox (id bigint PRIMARY KEY, payload jsonb, sent_at timestamptz)",
    clean="""
        CREATE TABLE job (id int PRIMARY KEY, title text NOT NULL);
        CREATE TABLE task (id int PRIMARY KEY, body text, status text);
        CREATE TABLE remark (id int PRIMARY KEY, task_id int REFERENCES task);
        CREATE TABLE queue_setting (id int PRIMARY KEY, name text);
        CREATE TABLE outbox (id bigint, payload jsonb, created_at timestamptz) PARTITION BY RANGE (created_at);
    """,
    by_default=False,
)
def unpartitioned_queue(observation: Observation) -> Iterator[Finding]:
    """Tables named as queues that have a content; of those named as jobs or messages, with a state as well."""
    for table in stored_tables(observation):
        if table.kind == "table" and not table.inherits and _is_queue(observation, table):
            rows = max(statistics_of(observation, table).rows, 0)
            yield Finding(
                object=str(table.name),
                message="takes all messages in one piece",
                severity=Severity.INFO,
                evidence=(catalog("columns", tuple(c.name for c in table.columns)), statistic("rows", rows)),
                advice="partition it by the time of creation and drop what is done",
            )


def _is_queue(observation: Observation, table: Table) -> bool:
    said = meanings(table.name.name)
    content = any(_is_content(observation, column) for column in table.columns)
    stated = any(meanings(column.name) & STATES for column in table.columns)
    if is_passed_on(table):
        return content
    passing = stated and not observation.snapshot.references_to(table.name)  # what others refer to is here to stay
    return content and (bool(said & QUEUES) or (bool(said & JOBS) and passing))


def _is_content(observation: Observation, column: Column) -> bool:
    return plain_type(observation.snapshot, column.type) in CONTENTS or bool(meanings(column.name) & PAYLOAD)
