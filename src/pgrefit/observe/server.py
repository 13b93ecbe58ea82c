"""The server around the database. What the role may not look at is said, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import psycopg

from pgrefit.errors import ConnectionLost, PgrefitError
from pgrefit.model.server import (
    Archiver,
    CollationVersion,
    ConfigurationError,
    Counters,
    HbaRule,
    Holder,
    Md5Role,
    NamedPassword,
    PasswordEnd,
    Replica,
    Server,
    Session,
    Setting,
    Slot,
    Subscription,
    UnloadedSetting,
    Unseen,
)
from pgrefit.observe.passwords import named_passwords
from pgrefit.pg.capabilities import probe
from pgrefit.pg.queries import fetch, fetch_dicts

Part = TypeVar("Part")
COUNTERS = tuple(Counters.__dataclass_fields__)


def take_server(conn: psycopg.Connection[Any]) -> Server:
    """Read settings, replication, archive, sessions and access rules; each part that is refused is among `unseen`."""
    looking = _Looking(conn)
    able = probe(conn)
    (facts,) = fetch_dicts(conn, "server_facts")
    counters = Counters(**{name: facts.pop(name) for name in COUNTERS})
    if not able.reads_all_stats:
        looking.unseen.append(Unseen(about="sessions, replicas", reason="needs the role pg_read_all_stats"))
    return Server(
        **facts, superuser=able.superuser, hosted=able.hosted, counters=counters,
        settings=looking.at("settings", "server_settings", Setting),
        configuration_errors=looking.at("configuration files", "server_configuration_errors", ConfigurationError),
        unloaded_settings=looking.at("settings not loaded", "server_unloaded_settings", UnloadedSetting),
        slots=looking.at("replication slots", "server_slots", Slot),
        replicas=looking.at("replicas", "server_replicas", Replica) if able.reads_all_stats else (),
        archiver=next(iter(looking.at("archiver", "server_archiver", Archiver)), Archiver()),
        hba=tuple(map(_with_tuples, looking.at("pg_hba.conf", "server_hba", HbaRule))),
        holders=looking.at("what holds vacuum back", "server_holders", Holder),
        sessions=looking.at("sessions", "server_sessions", Session) if able.reads_all_stats else (),
        collations=looking.at("collation versions", "server_collations", CollationVersion),
        subscriptions=looking.at("subscriptions", "server_subscriptions", Subscription),
        password_ends=looking.at("ends of passwords", "server_password_ends", PasswordEnd),
        md5_roles=looking.at("how passwords are stored", "server_md5_roles", Md5Role),
        named_passwords=looking.passwords() if able.superuser else (),
        unseen=tuple(looking.unseen),
    )  # fmt: skip


def _with_tuples(rule: HbaRule) -> HbaRule:
    """The driver gives arrays as lists."""
    return replace(rule, databases=tuple(rule.databases), users=tuple(rule.users), options=tuple(rule.options))


@dataclass(frozen=True, slots=True)
class _Looking:
    """Asks part by part, each in a savepoint of its own."""

    conn: psycopg.Connection[Any]
    unseen: list[Unseen] = field(default_factory=list[Unseen])

    def passwords(self) -> tuple[NamedPassword, ...]:
        """Roles whose password is their name; that they may not be seen is said of how they are stored."""
        try:
            with self.conn.transaction(force_rollback=True):
                return tuple(named_passwords(fetch_dicts(self.conn, "server_passwords")))
        except ConnectionLost:
            raise
        except (PgrefitError, psycopg.Error):
            return ()

    def at(self, about: str, query: str, part: type[Part]) -> tuple[Part, ...]:
        """The rows of a named query; none where the server refuses, which is noted."""
        try:
            with self.conn.transaction(force_rollback=True):
                return tuple(fetch(self.conn, query, part))
        except ConnectionLost:
            raise
        except (PgrefitError, psycopg.Error) as error:
            reason = error.why if isinstance(error, PgrefitError) else error.diag.message_primary
            self.unseen.append(Unseen(about=about, reason=reason or str(error)))
            return ()
