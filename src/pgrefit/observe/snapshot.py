"""The schema of a database, read in a score of bulk queries at one moment."""

from __future__ import annotations

from functools import partial
from typing import Any

import psycopg

from pgrefit.errors import StoppedSafely
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.broken import look_for_broken, look_for_restless, now
from pgrefit.observe.columns import read_columns
from pgrefit.observe.locks import OPEN, look_for_locks
from pgrefit.observe.objects import (
    read_default_grants,
    read_extended_statistics,
    read_extensions,
    read_functions,
    read_publications,
    read_roles,
    read_schemas,
    read_sequences,
    read_types,
)
from pgrefit.observe.parts import read_constraints, read_indexes, read_parents, read_policies, read_triggers
from pgrefit.observe.reader import Reader, open_reader
from pgrefit.observe.tables import Parts, read_tables, read_views
from pgrefit.observe.uses import read_relation_names, read_uses, read_whole_uses
from pgrefit.pg.moment import ROUNDS, UNPRINTABLE, at_one_moment


def take_snapshot(conn: psycopg.Connection[Any], *, past_locks: bool = False) -> Snapshot:
    """Read the whole schema of the connection's database, in one read-only transaction or within the caller's.

    Any role may: the catalog is open to all. System schemas, temporary objects and schema pgrefit are left out.
    Where a definition waits behind a lock for longer than the session allows it raises LockNotGranted; `past_locks`:
    what is locked, cannot be printed, or changes all the while, is in the snapshot as `unread` instead, with what can
    be told of it without. Raises StoppedSafely where the schema does not hold still.
    """
    closed = OPEN
    since = ""

    def read() -> Snapshot:
        nonlocal closed
        if past_locks:
            closed = look_for_locks(conn, closed)
        return _assemble(open_reader(conn, look_for_restless(conn, closed, since) if since else closed))

    began = now(conn) if past_locks else ""
    try:
        return at_one_moment(conn, read, rounds=ROUNDS if past_locks else 1)
    except StoppedSafely as error:
        if not past_locks or not isinstance(error.__cause__, UNPRINTABLE):
            raise
        closed, since = at_one_moment(conn, partial(look_for_broken, conn, closed)), began
    return at_one_moment(conn, read, rounds=ROUNDS)


def _assemble(reader: Reader) -> Snapshot:
    columns = read_columns(reader)
    constraints = read_constraints(reader, columns)
    parents = read_parents(reader)
    parts = Parts(
        columns=columns,
        parents=parents,
        constraints=constraints.of_tables,
        indexes=read_indexes(reader, columns, parents),
        triggers=read_triggers(reader, columns),
        policies=read_policies(reader),
    )
    names = read_relation_names(reader)
    (database,) = reader.rows("database")
    return Snapshot(
        database=database["database"],
        server_version=database["server_version"],
        database_settings=tuple(database["database_settings"]),
        event_triggers=tuple(database["event_triggers"]),
        disabled_event_triggers=tuple(database["disabled_event_triggers"]),
        default_grants=read_default_grants(reader),
        open_to_all=database["open_to_all"],
        schemas=read_schemas(reader),
        tables=read_tables(reader, parts),
        views=read_views(reader, parts),
        sequences=read_sequences(reader),
        functions=read_functions(reader),
        types=read_types(reader, columns, constraints.of_domains),
        extensions=read_extensions(reader),
        statistics=read_extended_statistics(reader),
        publications=read_publications(reader),
        roles=read_roles(reader),
        uses=read_uses(reader, columns, names),
        whole_uses=read_whole_uses(reader, columns, names),
    )
