"""The server around the database. What the role may not look at is said, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg

from pgrefit.errors import ConnectionLost, PgrefitError
from pgrefit.model.server import (
    Archiver,
    CollationVersion,
    Counters,
    HbaRule,
    Holder,
    Replica,
    Server,
    Session,
    Setting,
    Slot,
    Subscription,
    Unseen,
)
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
        slots=looking.at("replication slots", "server_slots", Slot),
        replicas=looking.at("replicas", "server_replicas", Replica),
        archiver=next(iter(looking.at("archiver", "server_archiver", Archiver)), Archiver()),
        hba=tuple(map(_rule, looking.at("pg_hba.conf", "server_hba", HbaRule))),
        holders=looking.at("what holds vacuum back", "server_holders", Holder),
        sessions=looking.at("sessions", "server_sessions", Session) if able.reads_all_stats else (),
        collations=looking.at("collation versions", "server_collations", CollationVersion),
        subscriptions=looking.at("subscriptions", "server_subscriptions", Subscription),
        unseen=tuple(looking.unseen),
    )  # fmt: skip


def _rule(rule: HbaRule) -> HbaRule:
    """Lists are tuples."""
    return HbaRule(
        line=rule.line, kind=rule.kind, databases=tuple(rule.databases), users=tuple(rule.users), address=rule.address,
        netmask=rule.netmask, method=rule.method, error=rule.error,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Looking:
    """Asks part by part, each in a savepoint of its own."""

    conn: psycopg.Connection[Any]
    unseen: list[Unseen] = field(default_factory=list[Unseen])

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
