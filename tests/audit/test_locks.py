"""The whole audit while others lock what it looks at: that is left out and said, and the rest is as it was."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from apply.test_control import until
from audit.looking import looked, skipped, written
from conftest import dsn
from pgrefit.api.auditing import Accept, audit
from pgrefit.api.designing import design
from pgrefit.errors import LockNotGranted
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.codec import fingerprint
from pgrefit.model.intent import Intent
from pgrefit.model.names import Relation
from pgrefit.observe import snapshot as reading
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target

LIMIT_SECONDS = 20

SHOP = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE parent (id bigint PRIMARY KEY, payload json);
CREATE TABLE held (id serial PRIMARY KEY, parent bigint REFERENCES parent, note text DEFAULT 'none', feels mood,
                   extra json, twice int GENERATED ALWAYS AS (3 * 2) STORED, span int4range,
                   CHECK (parent > 0), EXCLUDE USING gist (span WITH &&));
CREATE INDEX held_note ON held (note) WHERE note <> '';
CREATE INDEX held_note_too ON held (lower(note));
CREATE STATISTICS held_pair ON note, lower(note) FROM held;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON held FOR EACH ROW WHEN (OLD.note IS DISTINCT FROM NEW.note)
    EXECUTE FUNCTION touched();
ALTER TABLE held ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON held USING (note = current_setting('app.who', true));
CREATE TABLE child (id bigint PRIMARY KEY, held int REFERENCES held, amount text, extra json);
CREATE TABLE guarded (id bigint PRIMARY KEY, owner text, extra json);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_held ON guarded USING (EXISTS (SELECT FROM held AS h WHERE h.note = guarded.owner));
CREATE VIEW shown AS SELECT note FROM held;
CREATE VIEW shown_again AS SELECT note FROM shown;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM parent;
CREATE UNIQUE INDEX ON counted ((n + 1));
CREATE FUNCTION body_of_held() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM held; END;
CREATE FUNCTION text_of_held() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.held, public.shown';
CREATE TABLE event (id bigint, at date NOT NULL DEFAULT now(), extra json, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE event_3 PARTITION OF event FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE base (id int PRIMARY KEY, extra json);
CREATE TABLE heir (CHECK (id > 0)) INHERITS (base);
CREATE SEQUENCE counter;
CREATE TABLE link_1 (id int PRIMARY KEY);
CREATE TABLE link_2 (id int PRIMARY KEY REFERENCES link_1);
CREATE TABLE link_3 (id int PRIMARY KEY REFERENCES link_2);
CREATE TABLE link_4 (id int PRIMARY KEY REFERENCES link_3);
CREATE PUBLICATION chosen FOR TABLE held WHERE (id > 3), TABLE child;
INSERT INTO parent SELECT generate_series(1, 300);
INSERT INTO held (parent, note) SELECT n, 'note ' || n FROM generate_series(1, 300) AS n;
INSERT INTO child SELECT n, n, '1.5' FROM generate_series(1, 300) AS n;
INSERT INTO event SELECT n, '2020-02-01'::date + n FROM generate_series(1, 300) AS n;
SELECT nextval('counter');
ANALYZE
"""
BEHIND_HELD = {"public.held", "public.guarded", "public.shown", "public.body_of_held()"}
LOCKS = {
    "LOCK held": BEHIND_HELD,
    "LOCK held, parent, base": BEHIND_HELD | {"public.parent", "public.counted", "public.base", "public.heir"},
    "CLUSTER held USING held_pkey": BEHIND_HELD,
    "TRUNCATE child": {"public.child"},
    "CREATE OR REPLACE VIEW shown AS SELECT note FROM held": {"public.shown", "public.shown_again"},
    "REFRESH MATERIALIZED VIEW counted": {"public.counted"},
    "LOCK event_2": {"public.event"},
    "LOCK ONLY event": {"public.event"},
    "LOCK event": {"public.event"},
    "LOCK heir": {"public.base", "public.heir"},
    "ALTER TABLE child DROP CONSTRAINT child_held_fkey": {"public.child", *BEHIND_HELD},
}


@pytest.fixture
def shop(db18: psycopg.Connection) -> psycopg.Connection:
    db18.execute(SHOP.encode())
    return db18


@contextmanager
def holding(db: psycopg.Connection, *statements: str) -> Iterator[psycopg.Connection]:
    """Another session that has done this and not yet committed; nothing of it stays."""
    with psycopg.connect(dsn(db), application_name="the holder") as other:
        for statement in statements:
            other.execute(statement.encode())
        yield other
        other.rollback()


def reader(db: psycopg.Connection) -> psycopg.Connection:
    """Who looks waits for no lock for long."""
    return psycopg.connect(dsn(db), autocommit=True, options="-c lock_timeout=500")


def found_in(report: AuditReport) -> set[tuple[str, str]]:
    return {(finding.rule, finding.object) for finding in report.findings if not finding.rule.startswith("statement")}


def left_out(report: AuditReport) -> dict[str, set[str]]:
    """Why things were left out, those that are locked."""
    missed = {about: {why for why in reasons if "locked" in why} for about, reasons in skipped(report).items()}
    return {about: reasons for about, reasons in missed.items() if reasons}


def is_about(name: str, things: set[str]) -> bool:
    return any(re.match(re.escape(thing.removesuffix("()")) + r"(?![a-z])", name) for thing in things)


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_locked_is_left_out_and_the_rest_is_as_it_was(shop: psycopg.Connection, lock: str) -> None:
    whole = looked(shop).report
    with holding(shop, lock) as other:
        began = time.monotonic()
        report = looked(shop).report
        assert time.monotonic() - began < LIMIT_SECONDS
        pid = other.info.backend_pid
    assert left_out(report).keys() == LOCKS[lock]
    for reasons in left_out(report).values():
        assert all(f"locked by pid {pid} (postgres, the holder), whose query began at 20" in why for why in reasons)
    lost, new = found_in(whole) - found_in(report), found_in(report) - found_in(whole)
    assert new == set()
    assert all(is_about(about, LOCKS[lock]) for _, about in lost), lost
    assert f"locked by pid {pid}" in written(report)
    assert lost or lock.startswith(("CREATE", "REFRESH"))


def test_the_rest_is_counted_without_what_is_locked(shop: psycopg.Connection) -> None:
    with holding(shop, "LOCK held"):
        report = looked(shop).report
    counted = {each.kind: each for each in report.examined}
    assert (counted["tables"].of, counted["tables"].examined) == (14, 12)
    assert counted["views"].of - counted["views"].examined == 1
    assert counted["tables"].reason == "the others belong to extensions, or could not be read"
    assert all(each.subject != "14 of 14 tables" for each in report.coverage)


def test_on_every_version(db: psycopg.Connection) -> None:
    db.execute(SHOP.encode())
    with holding(db, "LOCK held, event, shown"):
        report = looked(db).report
    assert left_out(report).keys() == {*BEHIND_HELD, "public.event", "public.shown_again"}
    assert report.of("json-instead-of-jsonb")


def test_a_lock_that_someone_is_queued_for(shop: psycopg.Connection) -> None:
    with holding(shop, "SELECT FROM held"), psycopg.connect(dsn(shop), autocommit=True) as queued:
        pid = queued.info.backend_pid
        waiting = threading.Thread(target=until_cancelled, args=(queued, "ALTER TABLE held ADD COLUMN more int"))
        waiting.start()
        until(lambda: shop.execute("SELECT FROM pg_locks WHERE pid = %s AND NOT granted", (pid,)).fetchall())
        began = time.monotonic()
        report = looked(shop).report
        assert time.monotonic() - began < LIMIT_SECONDS
        shop.execute("SELECT pg_cancel_backend(%s)", (pid,))
        waiting.join()
    (reason,) = left_out(report)["public.held"]
    assert reason.startswith(f"about to be locked by pid {pid} (postgres")


def until_cancelled(conn: psycopg.Connection, statement: str) -> None:
    with suppress(psycopg.errors.QueryCanceled):
        conn.execute(statement.encode())


def test_a_lock_that_is_taken_while_the_schema_is_read(shop: psycopg.Connection, monkeypatch) -> None:
    read = reading.read_constraints
    others: list[psycopg.Connection] = []

    def locking(*arguments: object) -> object:
        if len(others) < 2:
            others.append(psycopg.connect(dsn(shop)))
            others[-1].execute("LOCK " + ("child" if others[1:] else "held"))
        return read(*arguments)

    monkeypatch.setattr(reading, "read_constraints", locking)
    try:
        began = time.monotonic()
        with reader(shop) as conn:
            db = take_snapshot(conn, past_locks=True)
        assert time.monotonic() - began < 5
    finally:
        for other in others:
            other.close()
    assert {str(thing.name) for thing in db.unread()} >= {"public.held", "public.child"}
    assert db.table(Relation("public", "held")).primary_key == ("id",)
    assert db.table(Relation("public", "guarded")).unread.startswith(
        "its definition, or a policy of it, names public.held"
    )


def test_a_prepared_transaction_holds_a_lock() -> None:
    server = Cluster(15, settings={"max_prepared_transactions": "2"})
    with server, psycopg.connect(server.dsn(), autocommit=True) as db:
        db.execute(SHOP.encode())
        db.execute("BEGIN; LOCK held; PREPARE TRANSACTION 'half done'")
        report = looked(db).report
        db.execute("ROLLBACK PREPARED 'half done'")
    assert left_out(report).keys() == BEHIND_HELD
    assert "locked by the prepared transaction 'half done' of 20" in next(iter(left_out(report)["public.held"]))


@pytest.mark.parametrize("lock", ["REINDEX INDEX held_note", "REINDEX TABLE child", "ALTER SEQUENCE counter RESTART 7"])
def test_a_locked_index_or_sequence_keeps_no_definition_back(shop: psycopg.Connection, lock: str) -> None:
    whole = looked(shop).report
    with holding(shop, lock):
        began = time.monotonic()
        found = looked(shop)
        assert time.monotonic() - began < LIMIT_SECONDS
    assert not any(found.observation.snapshot.unread())
    assert not found_in(found.report) - found_in(whole)
    assert ("json-instead-of-jsonb", "public.held.extra") in found_in(found.report)


def target(db: psycopg.Connection) -> Target:
    return Target(dsn=dsn(db), source="a test")


def test_no_fingerprint_no_answers_and_no_plan_of_a_part(shop: psycopg.Connection, tmp_path: Path) -> None:
    answers = tmp_path / "answers"
    audit(target(shop), answers=answers)
    kept = answers.read_bytes()
    with holding(shop, "LOCK held"):
        found = audit(target(shop), answers=answers)
        with pytest.raises(LockNotGranted) as caught:
            design(target(shop), intent=Intent(), folder=tmp_path / "plan")
        with reader(shop) as conn, pytest.raises(LockNotGranted):
            take_snapshot(conn)
    assert kept == answers.read_bytes()
    assert [each.reason for each in found.report.unseen if str(answers) in each.about]
    assert caught.value.exit_status == 5
    assert "the holder" in caught.value.why
    assert not (tmp_path / "plan").exists()
    with pytest.raises(ValueError, match="no fingerprint of a part of a schema"):
        fingerprint(found.observation.snapshot)


def test_what_is_known_of_a_locked_table_stays_known(shop: psycopg.Connection, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.toml"
    accept = Accept(file=baseline, reason="later")
    audit(target(shop), accept=accept)
    known = baseline.read_text()
    with holding(shop, "LOCK held"):
        report = audit(target(shop), baseline=baseline).report
        audit(target(shop), accept=accept)
    assert "public.held" in known
    assert not [entry for entry in report.gone if entry.object.startswith("public.held")]
    assert baseline.read_text() == known


def test_an_environment_that_is_locked_is_not_compared(shop: psycopg.Connection, cluster18: Cluster) -> None:
    cluster18.create_database("staging")
    try:
        with psycopg.connect(cluster18.dsn("staging"), autocommit=True) as staging:
            staging.execute(SHOP.encode())
            with holding(staging, "LOCK held"):
                found = audit(target(shop), environments=[("staging", target(staging))])
    finally:
        cluster18.drop_database("staging")
    assert found.observation.environments == ()
    (missed,) = (each for each in found.report.unseen if each.about == "the environment staging")
    assert "public.held, locked by pid" in missed.reason
