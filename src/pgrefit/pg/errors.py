"""Driver errors become pgrefit's own here and nowhere else: by SQLSTATE and diagnostics, never by message text."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from pgrefit.errors import (
    CannotConnect,
    ConnectionLost,
    LockNotGranted,
    MissingPrivilege,
    PgrefitError,
    Refused,
    ServerUnsuitable,
    StoppedSafely,
)

SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})


@contextmanager
def translated() -> Generator[None]:
    """Raise pgrefit's error in place of a driver error that it can explain."""
    try:
        yield
    except psycopg.Error as error:
        explained = translate(error)
        if explained is None:
            raise
        raise explained from error


def translate(error: psycopg.Error) -> PgrefitError | None:
    """Explain a driver error; None where it is not one that a person can act upon."""
    if error.sqlstate is None:
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return _connection_lost(error) if lost else None
    explain = BY_STATE.get(error.sqlstate) or BY_CLASS.get(error.sqlstate[:2])
    return explain(error) if explain else None


def cannot_connect(error: psycopg.Error, conninfo: str) -> CannotConnect:
    """Explain why no session could be opened; no password is ever in the text."""
    known = _with_defaults(conninfo)
    reached = error.pgconn is not None and error.pgconn.used_password
    wanted = error.pgconn is not None and error.pgconn.needs_password
    advice = "check that the server runs there, accepts connections from here, and has that role and database"
    if wanted:
        advice = "give the password by .pgpass, PGPASSWORD or the connection string"
    elif reached:
        advice = "check the database's name, the role and its password"
    return CannotConnect(
        f"cannot connect to {_place(known)} as {known.get('user', '?')}, database {known.get('dbname', '?')}",
        why=_without_secrets(str(error).strip(), known),
        next_step=advice,
    )


def database_of(conninfo: str) -> str:
    """The database that a connection string leads to."""
    return _with_defaults(conninfo)["dbname"]


def _with_defaults(conninfo: str) -> dict[str, str]:
    """What libpq uses: its environment and defaults, then the connection string."""
    defaults = {o.keyword.decode(): o.val.decode() for o in Conninfo.get_defaults() if o.val is not None}
    given = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value not in {None, ""}}
    merged = defaults | given
    return {"dbname": merged.get("user", "?")} | merged


def _place(known: dict[str, str]) -> str:
    host = known.get("host") or known.get("hostaddr") or "the local socket"
    return f"{host}:{known['port']}" if "port" in known else host


def _without_secrets(text: str, known: dict[str, str]) -> str:
    for key in SECRETS & known.keys():
        text = text.replace(known[key], "***")
    return text


def _named(error: psycopg.Error) -> str:
    """The object that the server names in its diagnostics fields, or nothing."""
    diag = error.diag
    parts = (diag.schema_name, diag.table_name, diag.column_name or diag.constraint_name or diag.datatype_name)
    return ".".join(part for part in parts if part)


def _why(error: psycopg.Error) -> str:
    said = (error.diag.message_primary, error.diag.message_detail)
    return ": ".join(part for part in said if part) or str(error).strip()


def _missing_privilege(error: psycopg.Error) -> PgrefitError:
    what = " ".join(filter(None, ("the role may not do this", _named(error) and f"on {_named(error)}")))
    return MissingPrivilege(what, why=_why(error), next_step="grant the privilege, or connect as a role that has it")


def _lock_not_granted(error: psycopg.Error) -> PgrefitError:
    what = " ".join(filter(None, ("a lock was not granted in time", _named(error) and f"on {_named(error)}")))
    return LockNotGranted(what, why=_why(error), next_step="run again when the sessions that hold it are done")


def _connection_lost(error: psycopg.Error) -> PgrefitError:
    return ConnectionLost(
        "the connection to the server was lost", why=_why(error), next_step="run again once the server answers"
    )


def _no_entry(error: psycopg.Error) -> PgrefitError:
    return CannotConnect("the server does not let us in", why=_why(error), next_step="check role and password")


def _not_now(error: psycopg.Error) -> PgrefitError:
    return CannotConnect("the server accepts no session now", why=_why(error), next_step="try again in a while")


def _no_room(error: psycopg.Error) -> PgrefitError:
    return StoppedSafely("the server ran out of space", why=_why(error), next_step="make room, then run again")


def _out_of_time(error: psycopg.Error) -> PgrefitError:
    return StoppedSafely("the statement was cancelled", why=_why(error), next_step="run again, or allow it more time")


def _read_only(error: psycopg.Error) -> PgrefitError:
    return Refused(
        "the session is read-only, nothing was changed", why=_why(error), next_step="connect to the primary server"
    )


def _no_text(error: psycopg.Error) -> PgrefitError:
    return ServerUnsuitable(
        "the database holds bytes that are no text in UTF-8, in a name, a comment or a definition", why=_why(error),
        next_step="rename what is named so, rewrite the comment, or move to a database whose encoding is UTF8",
    )  # fmt: skip


def _in_use(error: psycopg.Error) -> PgrefitError:
    return Refused("it is in use by another session", why=_why(error), next_step="try again when nobody uses it")


Explain = Callable[[psycopg.Error], PgrefitError]

BY_STATE: dict[str, Explain] = {
    "28P01": _no_entry,
    "28000": _no_entry,
    "3D000": _no_entry,
    "42501": _missing_privilege,
    "55P03": _lock_not_granted,
    "40P01": _lock_not_granted,
    "53100": _no_room,
    "53300": _not_now,
    "57P03": _not_now,
    "57014": _out_of_time,
    "57P01": _connection_lost,
    "57P02": _connection_lost,
    "57P04": _connection_lost,
    "57P05": _connection_lost,
    "25P03": _connection_lost,
    "25P04": _connection_lost,
    "25006": _read_only,
    "55006": _in_use,
    "22021": _no_text,
}
BY_CLASS: dict[str, Explain] = {"08": _connection_lost}
