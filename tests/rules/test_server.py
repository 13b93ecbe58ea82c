"""What rules about the server stay silent on, and how much they make of what they find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.server import (
    Archiver,
    CollationVersion,
    Counters,
    HbaRule,
    Holder,
    PasswordEnd,
    Replica,
    Server,
    Session,
    Setting,
    Slot,
    Subscription,
    Unseen,
)
from pgrefit.model.snapshot import Column, Constraint, Extension, Publication, Role, Snapshot, Table
from pgrefit.model.statistics import Statistics, TableStatistics
from pgrefit.rules import all_rules
from pgrefit.rules.server._hba import takes_all_of
from pgrefit.rules.server._releases import least_minor
from rules.observing import findings, measured, observe, rule_named

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GB = 2**30
Change = Callable[[Observation], Observation]
OF_SERVER = [rule for rule in all_rules() if rule.theme == "server"]


def setting(name: str, value: str, default: str = "", unit: str = "") -> Setting:
    return Setting(name=name, value=value, default=default, unit=unit)


def observed(*settings: Setting, roles: tuple[Role, ...] = (), **server: Any) -> Observation:
    """Of a server that listens to the network."""
    settings = (*settings, setting("listen_addresses", "*"))  # the first of a name counts
    return Observation(
        snapshot=Snapshot(database="shop", server_version=180000, roles=roles),
        server=Server(**{"version_num": 180004, "version": "18.4", "observed_at": NOW, "settings": settings, **server}),
    )


def found(rule: str, observation: Observation) -> tuple[Finding, ...]:
    report = audit.run(observation, [rule_named(rule)])
    assert not report.crashed
    return report.findings


@pytest.mark.parametrize("rule", OF_SERVER, ids=lambda rule: rule.name)
def test_nothing_is_said_of_a_server_that_was_not_observed(rule: Any) -> None:
    empty = Observation(snapshot=Snapshot(database="shop", server_version=180000))
    assert found(rule.name, empty) == ()


LOCAL = Session(pid=1, role="shop", state="idle", local=True)
REMOTE = Session(pid=2, role="shop", state="idle")
BUSY = Session(pid=3, role="shop", state="active", transaction_seconds=9000, state_seconds=9000)
ANY = HbaRule(line=1, kind="host", databases=("all",), users=("all",), address="all", method="scram-sha-256")


def line(**fields: Any) -> HbaRule:
    return replace(ANY, **fields)


SOCKET = setting("listen_addresses", "")
SCRATCH = (SOCKET, setting("unix_socket_directories", "/tmp/pgrefit-x1, /var/tmp/y"))
SERVICE = (SOCKET, setting("unix_socket_directories", "/run/postgresql, /tmp"))

SILENT: list[tuple[str, Observation]] = [
    # a server for tests: without a port, its socket among temporary files
    ("autovacuum-switched-off", observed(setting("autovacuum", "off"), *SCRATCH)),
    ("durability-switched-off", observed(setting("fsync", "off"), *SCRATCH)),
    ("checksums-off", observed(setting("data_checksums", "off"), *SCRATCH)),
    ("outdated-minor-version", observed(*SCRATCH, version_num=160001)),
    ("checksums-off", observed(setting("data_checksums", "off"), hosted="rds")),
    # the newest minor release is not known to be another
    ("outdated-minor-version", observed()),
    ("outdated-minor-version", observed(version_num=160001, hosted="rds")),
    ("outdated-minor-version", observed(version_num=990001)),
    ("unsupported-version", observed(version_num=990001)),
    ("unsupported-version", observed(version_num=160001)),
    # a pool, a person, a program on the machine itself
    ("application-as-superuser", observed(roles=(Role(name="shop", superuser=True),), sessions=(REMOTE,))),
    ("application-as-superuser", observed(roles=(Role(name="shop", superuser=True),), sessions=(LOCAL,) * 50)),
    ("application-as-superuser", observed(roles=(Role(name="shop"),), sessions=(REMOTE,) * 50)),
    ("many-superusers", observed(roles=tuple(Role(name=n, superuser=True) for n in "abcdef"))),
    ("many-superusers", observed(roles=(Role(name="postgres", superuser=True, can_login=True),))),
    ("many-superusers", observed(
        roles=tuple(Role(name=f"supabase_{n}", superuser=True, can_login=True) for n in "abcd"), hosted="supabase")),
    ("session-without-timeout", observed(
        roles=(Role(name="shop", can_login=True, settings=("idle_in_transaction_session_timeout=1min",)),))),
    ("session-without-timeout", observed(roles=(Role(name="shop"), Role(name="dba", superuser=True, can_login=True)))),
    ("session-without-timeout", observed(setting("idle_in_transaction_session_timeout", "60000"),
                                         roles=(Role(name="shop", can_login=True),))),
    ("password-about-to-end", observed(password_ends=(PasswordEnd(role="gone", at=NOW),), sessions=(REMOTE,))),
    ("password-about-to-end", observed(password_ends=(PasswordEnd(role="shop", at=NOW + timedelta(days=90)),),
                                       sessions=(REMOTE,))),
    ("md5-password", observed(setting("password_encryption", "scram-sha-256"))),
    # doors that are shut, or lead nowhere else
    ("open-door", observed(hba=(line(method="trust", kind="local", address=""),))),
    ("open-door", observed(hba=(line(method="trust", address="127.0.0.1", netmask="255.255.255.255"),))),
    ("open-door", observed(hba=(line(method="trust", address="::1", netmask="ffff:" * 7 + "ffff"),))),
    ("open-door", observed(hba=(line(method="trust", address="samehost"),))),
    ("open-door", observed(hba=(line(method="trust", kind="hostssl", options=("clientcert=verify-full",)),))),
    ("open-door", observed(hba=(line(method="password", kind="hostssl"), line(method="md5"), line(method="reject")))),
    ("open-door", observed(SOCKET, hba=(line(method="trust"),))),
    ("open-door", observed(setting("listen_addresses", "localhost, 127.0.0.1, ::1"), hba=(line(method="trust"),))),
    ("shadowed-access-line", observed(hba=(line(databases=("shop",)), line(line=2)))),
    ("unencrypted-session", observed(setting("ssl", "off"), sessions=(LOCAL, replace(REMOTE, encrypted=True)))),
    ("unencrypted-session", observed(setting("ssl", "on"), sessions=(REMOTE,))),
    ("idle-in-transaction", observed(sessions=(BUSY, replace(BUSY, state="idle in transaction", state_seconds=3)))),
    ("vacuum-held-back", observed(holders=(Holder(kind="session", name="dump", age=5000, seconds=80_000),))),
    ("vacuum-held-back", observed(holders=(Holder(kind="slot", name="standby", age=90_000),))),
    ("transaction-id-wraparound", observed(setting("autovacuum_freeze_max_age", "200000000"), xid_age=210_000_000)),
    ("transaction-id-wraparound", observed(setting("autovacuum_freeze_max_age", "1500000000"), xid_age=1_510_000_000)),
    ("inactive-slot", observed(slots=(Slot(name="a", kind="physical", active=True, retained_bytes=90 * GB),))),
    ("inactive-slot", observed(
        slots=(Slot(name="a", kind="logical", active=False, synced=True, retained_bytes=9 * GB),))),
    ("inactive-slot", observed(slots=(Slot(name="a", kind="physical", active=False, retained_bytes=90_000,
                                           inactive_since=NOW - timedelta(minutes=3)),))),
    ("inactive-slot", observed(slots=(Slot(name="a", kind="physical", active=False),))),  # never reserved anything
    ("archive-by-plain-copy", observed(setting("archive_mode", "on"),
                                       setting("archive_command", "pgbackrest --stanza=main archive-push %p"))),
    ("archive-by-plain-copy", observed(setting("archive_mode", "on"),
                                       setting("archive_command", "cp %p /archive/%f && sync /archive/%f"))),
    ("archive-by-plain-copy", observed(setting("archive_mode", "off"), setting("archive_command", "cp %p /a/%f"))),
    ("memory-promised", observed(setting("work_mem", "65536", unit="kB"), setting("max_connections", "2000"))),
    ("memory-promised", observed(setting("work_mem", "1048576", unit="kB"), setting("max_connections", "20"))),
    ("memory-promised", observed(setting("work_mem", "524288", unit="kB"), setting("max_connections", "500"),
                                 setting("effective_cache_size", str(64 * GB // 8192), unit="8kB"))),
    ("misleading-cost-of-pages", observed(setting("random_page_cost", "1.1"), setting("seq_page_cost", "1"))),
    ("misleading-cost-of-pages", observed(setting("random_page_cost", "0.1"), setting("seq_page_cost", "0.1"))),
    ("slow-autovacuum", observed(setting("autovacuum_naptime", "300", default="60", unit="s"))),
    ("slow-autovacuum", observed(setting("autovacuum_vacuum_cost_limit", "2000", default="-1"),
                                 setting("vacuum_cost_limit", "200", default="200"))),
    ("statements-not-counted", observed(*SCRATCH, counters=Counters(commits=5_000_000))),
    ("archiver-failing", observed(setting("archive_mode", "on"), archiver=Archiver(
        failed=900, last_failed_at=NOW - timedelta(days=9), last_archived_at=NOW - timedelta(hours=9)))),
    ("archiver-failing", observed(setting("archive_mode", "on"), archiver=Archiver(
        failed=1, last_failed_at=NOW, last_archived_at=NOW - timedelta(minutes=2)))),
    ("unreadable-access-line", observed(hba=(line(kind="hostssl", error="cannot match because SSL is disabled"),))),
    ("archive-to-nowhere", observed(setting("archive_mode", "off"), setting("archive_command", "(disabled)"))),
    ("archive-to-nowhere", observed(setting("archive_mode", "on"), setting("archive_command", ""),
                                    setting("archive_library", "basic_archive"))),
    ("archive-to-nowhere", observed(setting("archive_mode", "on"), setting("archive_command", "pgbackrest push %p"))),
    ("archive-to-nowhere", observed(setting("archive_mode", "on"),
                                    setting("archive_command", "true && cp %p /archive/%f"))),
    ("default-memory-for-large-database", replace(
        observed(setting("shared_buffers", "1048576", unit="8kB"), counters=Counters(blocks_read=10**9)),
        statistics=Statistics(database_bytes=100 * GB))),
    ("replica-behind", observed(replicas=(Replica(name="a", state="backup", sync="async", seconds_behind=9000.0),))),
    ("replica-behind", observed(replicas=(Replica(name="a", state="streaming", sync="async"),))),
    ("replica-cancels-queries", observed(setting("hot_standby_feedback", "off"), counters=Counters(conflicts=900))),
    ("failing-subscription", observed(subscriptions=(Subscription(name="orders", enabled=True),))),
    ("inactive-slot", observed(setting("max_slot_wal_keep_size", "1024", unit="MB"), slots=(
        Slot(name="a", kind="physical", active=False, retained_bytes=GB // 32),))),
    ("vacuum-held-back", observed(sessions=(replace(BUSY, pid=7),), holders=(
        Holder(kind="session", name="shop (pid 7, dump)", age=30_000, seconds=80),))),
    ("synchronous-standby-missing", observed(setting("synchronous_standby_names", "a"), replicas=(
        Replica(name="a", state="streaming", sync="sync"),))),
    ("outdated-tls", observed(setting("ssl", "on"), setting("ssl_min_protocol_version", "TLSv1.2"),
                              setting("ssl_ciphers", "HIGH:MEDIUM:+3DES:!aNULL"))),
    ("session-without-timeout", observed(setting("idle_in_transaction_session_timeout", "60000"), roles=(
        Role(name="shop", can_login=True, settings=("statement_timeout=0",)),))),
    ("planner-switch-off", observed(replace(setting("enable_seqscan", "off", default="on"), source="user"))),
    ("memory-promised", observed(setting("work_mem", "65536", unit="kB"), setting("hash_mem_multiplier", "4"),
                                 setting("max_connections", "100"))),
    ("misleading-cost-of-pages", observed(setting("effective_cache_size", "65536", unit="8kB"),
                                          setting("shared_buffers", "16384", unit="8kB"))),
    ("outdated-tls", observed(setting("ssl", "off"), setting("ssl_min_protocol_version", "TLSv1"))),
    ("planner-switch-off", observed(setting("enable_partitionwise_join", "off", default="off"), setting("jit", "off"))),
    ("slow-autovacuum", observed(setting("autovacuum_vacuum_scale_factor", "0.4", default="0.2"))),
    ("default-memory-for-large-database", replace(observed(setting("shared_buffers", "4096", unit="8kB")),
                                                  statistics=Statistics(database_bytes=GB // 128))),
    ("autovacuum-switched-off", observed(setting("autovacuum", "off"), *SCRATCH)),
    ("unseen-part-of-server", observed(hosted="rds", unseen=(Unseen(about="pg_hba.conf", reason="no"),))),
    ("statements-not-counted", observed(counters=Counters(commits=500))),
    ("connections-near-limit", observed(setting("max_connections", "100"), sessions=(LOCAL,) * 50)),
    ("vacuum-memory-too-small", observed(setting("maintenance_work_mem", "65536", unit="kB"),
                                         setting("autovacuum_vacuum_scale_factor", "0.2"))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "observation"), SILENT, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(SILENT)])
def test_what_is_no_defect(rule: str, observation: Observation) -> None:
    assert found(rule, observation) == ()


LOUD: list[tuple[str, Severity, Observation]] = [
    # a pooler on its own machine may stand before it; where its socket is not everybody may see
    ("durability-switched-off", Severity.ERROR, observed(setting("fsync", "off"), *SERVICE)),
    ("durability-switched-off", Severity.ERROR, observed(setting("full_page_writes", "off"), SOCKET)),
    ("autovacuum-switched-off", Severity.WARNING, observed(setting("autovacuum", "off"), *SERVICE)),
    ("checksums-off", Severity.INFO, observed(setting("data_checksums", "off"), *SERVICE)),
    ("default-memory-for-large-database", Severity.WARNING, replace(
        observed(setting("shared_buffers", "16384", default="1024", unit="8kB"), counters=Counters(blocks_read=10**9)),
        statistics=Statistics(database_bytes=100 * GB))),
    ("archive-to-nowhere", Severity.WARNING, observed(setting("archive_mode", "on"),
                                                      setting("archive_command", "echo %p"))),
    ("durability-switched-off", Severity.ERROR, observed(setting("zero_damaged_pages", "on"))),
    ("autovacuum-switched-off", Severity.WARNING, observed(setting("track_counts", "off"))),
    ("unsupported-version", Severity.INFO, observed(version_num=140018)),
    ("outdated-minor-version", Severity.WARNING, observed(version_num=150003)),
    ("open-door", Severity.ERROR, observed(hba=(line(method="trust"),))),
    ("open-door", Severity.ERROR, observed(setting("listen_addresses", "localhost, 10.0.0.5"),
                                           hba=(line(method="trust"),))),
    ("open-door", Severity.ERROR, observed(hba=(line(method="trust", address="::", netmask="::"),))),
    ("open-door", Severity.WARNING, observed(hba=(line(method="trust", address="10.1.2.0", netmask="255.255.255.0"),))),
    ("open-door", Severity.WARNING, observed(hba=(line(method="password"),))),
    ("shadowed-access-line", Severity.INFO, observed(hba=(ANY, replace(ANY, line=2)))),
    ("shadowed-access-line", Severity.WARNING, observed(hba=(ANY, line(line=2, method="reject", kind="hostnossl")))),
    ("md5-password", Severity.WARNING, observed(setting("password_encryption", "md5"))),
    ("password-about-to-end", Severity.ERROR, observed(
        password_ends=(PasswordEnd(role="shop", at=NOW - timedelta(days=1)),), sessions=(REMOTE,))),
    ("connections-near-limit", Severity.ERROR, observed(
        setting("max_connections", "100"), setting("superuser_reserved_connections", "3"), sessions=(LOCAL,) * 96)),
    ("vacuum-held-back", Severity.WARNING, observed(
        holders=(Holder(kind="prepared transaction", name="it's %s {0}", age=3, seconds=9000),))),
    ("vacuum-held-back", Severity.ERROR, observed(
        setting("autovacuum_freeze_max_age", "200000000"), holders=(Holder(kind="slot", name="s", age=300_000_000),))),
    ("transaction-id-wraparound", Severity.ERROR, observed(
        setting("autovacuum_multixact_freeze_max_age", "400000000"), mxid_age=1_700_000_000)),
    ("inactive-slot", Severity.ERROR, observed(
        setting("max_slot_wal_keep_size", "-1", unit="MB"),
        slots=(Slot(name="a", kind="physical", active=False, retained_bytes=90 * GB),))),
    ("inactive-slot", Severity.WARNING, observed(
        setting("max_slot_wal_keep_size", "102400", unit="MB"),
        slots=(Slot(name="a", kind="physical", active=False, retained_bytes=90 * GB),))),
    ("inactive-slot", Severity.WARNING, observed(
        slots=(Slot(name="a", kind="logical", active=False, inactive_since=NOW - timedelta(days=3)),))),
    ("inactive-slot", Severity.INFO, observed(
        slots=(Slot(name="a", kind="physical", active=False, retained_bytes=GB // 4),))),
    ("idle-in-transaction", Severity.INFO, observed(
        sessions=(replace(BUSY, state="idle in transaction", state_seconds=90),))),
    ("archive-by-plain-copy", Severity.WARNING, observed(setting("archive_mode", "on"),
                                                         setting("archive_command", "/bin/cp %p /archive/%f"))),
    ("archive-by-plain-copy", Severity.INFO, observed(
        setting("archive_mode", "on"), setting("archive_command", "test ! -f /a/%f && cp %p /a/%f"))),
    ("misleading-cost-of-pages", Severity.WARNING, observed(
        setting("random_page_cost", "0.5"), setting("seq_page_cost", "1"))),
    ("slow-autovacuum", Severity.WARNING, observed(
        setting("autovacuum_naptime", "172800", default="60", unit="s"))),
    ("slow-autovacuum", Severity.WARNING, observed(setting("autovacuum_vacuum_cost_limit", "1", default="-1"),
                                                   setting("vacuum_cost_limit", "200", default="200"))),
    ("slow-autovacuum", Severity.WARNING, observed(
        setting("autovacuum_vacuum_scale_factor", "1", default="0.2"))),
    ("lost-slot", Severity.WARNING, observed(
        slots=(Slot(name="a", kind="physical", active=True, wal_status="unreserved"),))),
    ("archiver-failing", Severity.ERROR, observed(
        setting("archive_mode", "on"), archiver=Archiver(failed=1, last_failed_at=NOW))),
    ("archive-to-nowhere", Severity.ERROR, observed(setting("archive_mode", "on"), setting("archive_command", ""))),
    ("failing-subscription", Severity.WARNING, observed(
        subscriptions=(Subscription(name="orders", enabled=True, sync_errors=1),))),
    ("failing-subscription", Severity.INFO, observed(subscriptions=(Subscription(name="orders", enabled=False),))),
    ("failing-subscription", Severity.WARNING, observed(
        subscriptions=(Subscription(name="orders", enabled=True, working=False),))),
    ("inactive-slot", Severity.INFO, observed(setting("max_slot_wal_keep_size", "-1", unit="MB"), slots=(
        Slot(name="a", kind="logical", active=False, retained_bytes=900_000),))),
    ("vacuum-held-back", Severity.INFO, observed(
        sessions=(replace(BUSY, pid=7, state="idle in transaction"),),
        holders=(Holder(kind="session", name="shop (pid 7, board)", age=30_000, seconds=80),))),
    ("vacuum-held-back", Severity.INFO, observed(
        holders=(Holder(kind="prepared transaction", name="order-7", age=30_000, seconds=80),))),
    ("session-without-timeout", Severity.INFO, observed(setting("statement_timeout", "60000"), roles=(
        Role(name="shop", can_login=True, settings=("statement_timeout=0",)),))),
    ("session-without-timeout", Severity.INFO, observed(roles=(
        Role(name="shop", can_login=True, settings=("statement_timeout=1min",)),))),
    ("session-without-timeout", Severity.INFO, observed(roles=(
        Role(name="shop", can_login=True, settings=("statement_timeout=24h",)),))),
    ("memory-promised", Severity.WARNING, observed(
        setting("work_mem", "1024", unit="kB"), setting("hash_mem_multiplier", "1000"),
        setting("max_connections", "100"))),
    ("misleading-cost-of-pages", Severity.WARNING, observed(
        setting("seq_page_cost", "1"), setting("random_page_cost", "1.1"),
        roles=(Role(name="old", settings=("random_page_cost=100",)),))),
    ("md5-password", Severity.WARNING, observed(roles=(Role(name="old", settings=("password_encryption=md5",)),))),
    ("archive-to-nowhere", Severity.WARNING, observed(setting("wal_level", "minimal"))),
    ("connections-near-limit", Severity.INFO, observed(setting("max_connections", "2000"), sessions=(LOCAL,))),
    ("misleading-cost-of-pages", Severity.WARNING, observed(
        setting("effective_cache_size", "8192", unit="8kB"), setting("shared_buffers", "16384", unit="8kB"))),
    ("archive-by-plain-copy", Severity.ERROR, observed(
        setting("archive_mode", "on"), setting("archive_command", "pgbackrest archive-push %p || true"))),
    ("durability-switched-off", Severity.INFO, observed(setting("synchronous_commit", "off"))),
    ("slow-autovacuum", Severity.WARNING, observed(setting("autovacuum_freeze_max_age", "2000000000"))),
    ("role-near-superuser", Severity.WARNING, observed(roles=(
        Role(name="root", superuser=True), Role(name="app", can_login=True, inherit=False, member_of=("root",))))),
    ("outdated-tls", Severity.WARNING, observed(setting("ssl", "on"), setting("ssl_ciphers", "HIGH:RC4:!aNULL"))),
    ("planner-switch-off", Severity.WARNING, observed(
        setting("enable_seqscan", "on", default="on"),
        roles=(Role(name="etl", can_login=True, settings=("enable_seqscan=off",)),))),
    ("slow-autovacuum", Severity.WARNING, observed(
        setting("autovacuum_vacuum_insert_threshold", "-1", default="1000"))),
    ("default-memory-for-large-database", Severity.WARNING, replace(
        observed(setting("shared_buffers", "2048", default="16384", unit="8kB")),
        statistics=Statistics(database_bytes=GB // 8))),
    ("memory-promised", Severity.WARNING, observed(
        setting("autovacuum_work_mem", str(4 * GB // 1024), unit="kB"), setting("autovacuum_max_workers", "8"))),
    ("autovacuum-switched-off", Severity.WARNING, observed(
        setting("autovacuum", "off"), setting("fsync", "on"), *SCRATCH)),
    ("unseen-part-of-server", Severity.INFO, observed(unseen=(Unseen(about="sessions, replicas", reason="no"),))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "severity", "observation"), LOUD, ids=[f"{n}-{one[0]}" for n, one in enumerate(LOUD)])
def test_how_much_is_made_of_it(rule: str, severity: Severity, observation: Observation) -> None:
    (finding,) = found(rule, observation)
    assert finding.severity is severity
    assert finding.evidence


@pytest.mark.parametrize(
    ("major", "today", "minor"),
    [
        (15, date(2022, 10, 20), 0),
        (15, date(2022, 11, 9), 0),  # within the month of a release it may not yet be out
        (15, date(2022, 12, 1), 1),
        (16, date(2024, 12, 1), 5),  # there was 16.6, too
        (18, date(2026, 12, 1), 7),  # what is known, and November's
        (13, date(2035, 1, 1), 23),  # nothing comes after the last release
        (99, date(2035, 1, 1), 0),
    ],
)
def test_the_least_that_is_out_by_the_schedule(major: int, today: date, minor: int) -> None:
    assert least_minor(major, today) == minor


@pytest.mark.parametrize(
    ("one", "other", "takes"),
    [
        ({}, {}, True),
        ({}, {"kind": "local", "address": ""}, False),
        ({}, {"databases": ("replication",)}, False),
        ({}, {"databases": ("replication", "all")}, False),
        ({"kind": "hostssl"}, {"kind": "host"}, False),
        ({"users": ("shop", "guest")}, {"users": ("guest",)}, True),
        ({"users": ("+staff",)}, {"users": ("ann",)}, False),
        ({"address": "10.0.0.0", "netmask": "255.0.0.0"}, {"address": "10.9.8.7", "netmask": "255.255.255.255"}, True),
        ({"address": "0.0.0.0", "netmask": "0.0.0.0"}, {"address": "::1", "netmask": "ffff:" * 7 + "ffff"}, False),
        ({"address": "10.0.0.0", "netmask": "255.0.0.0"}, {"address": "all"}, False),
        ({"address": "db.example.org"}, {"address": "db.example.org"}, True),
        ({"address": ".example.org"}, {"address": "samenet"}, False),
        ({"error": "wrong"}, {}, False),
    ],
)
def test_which_access_line_comes_first(one: dict[str, Any], other: dict[str, Any], takes: bool) -> None:
    assert takes_all_of(line(**one), line(**other)) is takes


def test_a_library_that_is_loaded_needs_no_restart() -> None:
    loaded = setting("shared_preload_libraries", "auto_explain, pg_stat_statements")
    (finding,) = found("statements-not-counted", observed(loaded, counters=Counters(commits=10**7)))
    assert finding.advice == "CREATE EXTENSION pg_stat_statements"


def table(name: str, *, rows: int, options: tuple[str, ...] = ()) -> tuple[Table, TableStatistics]:
    relation = Relation("public", name)
    counted = TableStatistics(table=relation, rows=rows, index_bytes=GB, xid_age=900_000_000 if rows else 5)
    return Table(name=relation, options=options), counted


def test_dead_rows_that_vacuum_can_keep_in_mind() -> None:
    """A table with a scale factor of its own is vacuumed earlier; from version 17 on the list is compact."""
    large, tuned, small = (
        table("large", rows=10**9),
        table("tuned", rows=10**9, options=("autovacuum_vacuum_scale_factor=0.001",)),
        table("small", rows=10**6),
    )
    observation = observed(
        setting("autovacuum_work_mem", "-1", unit="kB"),
        setting("maintenance_work_mem", "65536", unit="kB"),
        setting("autovacuum_vacuum_scale_factor", "0.2"),
        version_num=160009,
    )
    observation = replace(
        observation,
        snapshot=replace(observation.snapshot, tables=tuple(pair[0] for pair in (large, tuned, small))),
        statistics=Statistics(tables=tuple(pair[1] for pair in (large, tuned, small))),
    )
    (finding,) = found("vacuum-memory-too-small", observation)
    assert measured(finding)["tables"] == ("public.large",)
    newer = replace(observation, server=replace(observation.server, version_num=170000))
    assert found("vacuum-memory-too-small", newer) == ()


def test_the_oldest_tables_are_named() -> None:
    old, young = table("old", rows=9), table("young", rows=0)
    observation = replace(
        observed(setting("autovacuum_freeze_max_age", "200000000"), xid_age=900_000_000),
        statistics=Statistics(tables=(young[1], old[1])),
    )
    (finding,) = found("transaction-id-wraparound", observation)
    assert measured(finding)["oldest tables"] == ("public.old (900,000,000)",)


def test_indexes_that_a_new_library_sorts_otherwise(db18: psycopg.Connection) -> None:
    db18.execute(
        """
        CREATE TABLE person (id int PRIMARY KEY, name text UNIQUE, code char(3), tag text COLLATE "C", doc jsonb,
            born date, "Née %s {0}" varchar(20));
        CREATE INDEX lowered ON person (lower(name));
        CREATE INDEX patterns ON person (name text_pattern_ops);
        CREATE INDEX hashed ON person USING hash (name);
        CREATE INDEX tags ON person (tag);
        CREATE INDEX docs ON person USING gin (doc);
        CREATE INDEX "Née" ON person (born, "Née %s {0}");
        CREATE INDEX codes ON person (code);
        """
    )
    rule = rule_named("collation-changed")
    observation = observe(db18, rule)
    drifted = (
        CollationVersion(name="", recorded="2.31", actual="2.36"),
        CollationVersion(name='pg_catalog."C"', recorded="1", actual=""),
        CollationVersion(name="public.unused", recorded="1", actual="2"),
    )
    observation = replace(observation, server=replace(observation.server, collations=drifted))
    by_object = {finding.object: finding for finding in audit.run(observation, [rule]).findings}
    of_database = by_object[f"database {db18.info.dbname}"]
    assert of_database.severity is Severity.ERROR
    indexes = measured(of_database)["indexes"]
    assert set(indexes) == {"public.person_name_key", "public.lowered", "public.Née", "public.codes"}
    assert measured(by_object['collation pg_catalog."C"'])["indexes"] == ("public.tags",)
    assert by_object["collation public.unused"].severity is Severity.INFO


def test_published_tables_of_all_sorts(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE nameless (at date);
        CREATE TABLE named (id int PRIMARY KEY);
        CREATE UNLOGGED TABLE unlogged (at date);
        CREATE TABLE parted (at date) PARTITION BY RANGE (at);
        CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE chosen (code text NOT NULL);
        CREATE UNIQUE INDEX chosen_code ON chosen (code);
        ALTER TABLE chosen REPLICA IDENTITY USING INDEX chosen_code;
        CREATE TABLE unchosen (code text NOT NULL UNIQUE);
        CREATE TABLE none (id int PRIMARY KEY);
        ALTER TABLE none REPLICA IDENTITY NOTHING;
        CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, delete');
        CREATE PUBLICATION again FOR TABLE nameless;
    """
    by_object = {finding.object: finding for finding in findings(db18, "published-table-without-identity", sql)}
    assert set(by_object) == {"public.nameless", "public.parted", "public.unchosen", "public.none"}
    assert measured(by_object["public.nameless"])["publications"] == ("again", "everything")
    assert "USING INDEX, the unique one on code" in by_object["public.unchosen"].advice


def test_a_publication_that_cannot_be_read_is_taken_to_publish_all() -> None:
    name = Relation("public", "event")
    snapshot = Snapshot(
        database="shop", server_version=180000,
        tables=(Table(name=name, columns=(Column(name="a", position=1, type="int"),)),),
        publications=(Publication(name="p", all_tables=False, tables=(name,), definition="FOR WHATEVER COMES NEXT"),),
    )  # fmt: skip
    assert len(found("published-table-without-identity", Observation(snapshot=snapshot))) == 1
    key = Constraint(name="k", kind="primary key", columns=("a",), definition=Expression("PRIMARY KEY (a)"))
    keyed = replace(snapshot, tables=(replace(snapshot.tables[0], constraints=(key,)),))
    assert found("published-table-without-identity", Observation(snapshot=keyed)) == ()


@pytest.mark.parametrize(("name", "value"), [("compute_query_id", "off"), ("pg_stat_statements.track", "none"),
                                             ("pg_stat_statements.max", "100")])  # fmt: skip
def test_statements_are_counted_in_name_only(name: str, value: str) -> None:
    installed = Extension(name="pg_stat_statements", version="1.10", schema="public")
    observation = observed(setting(name, value))
    observation = replace(observation, snapshot=replace(observation.snapshot, extensions=(installed,)))
    (finding,) = found("statements-not-counted", observation)
    assert finding.object == f"setting {name}"
