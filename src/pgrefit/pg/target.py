"""Which database is meant: the argument, pgrefit's own settings, DATABASE_URL, or what libpq itself would take."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from pgrefit.errors import BadIntent, UsageError
from pgrefit.model.toml import line_of, nearest
from pgrefit.pg.errors import SECRETS

OWN_FILE = "pgrefit.toml"
ENV_ADVICE = 'write [env.NAME] with database = "…"'
ADVICE = "write postgresql://user@host:port/database, or host=… port=… dbname=… user=…"
SHOWN = ("service", "host", "hostaddr", "port", "dbname", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A database to connect to, and what said so. `dsn` may hold a password: show `masked` instead."""

    dsn: str = field(repr=False)
    source: str

    @property
    def masked(self) -> str:
        """The connection string without any secret."""
        parts = conninfo_to_dict(self.dsn) or _from_environment()
        return make_conninfo("", **{key: value for key, value in parts.items() if key not in SECRETS})


def resolve(dsn: str | None, *, env_name: str | None = None, cwd: Path | None = None) -> Target:
    """Find the database that is meant; `env_name` picks `[env.NAME]` of the configuration.

    Raises UsageError for a connection string that cannot be read or an environment that is not there.
    """
    if dsn and env_name:
        raise UsageError("both a connection string and --env are given", next_step="give one of them")
    if dsn:
        return _target(dsn, "the argument")
    # A database named on the command line goes before one from the shell's environment.
    if not env_name and (value := os.environ.get("PGREFIT_DSN")):
        return _target(value, "PGREFIT_DSN")
    if found := _from_configuration((cwd or Path.cwd()).resolve(), env_name):
        return found
    if value := os.environ.get("DATABASE_URL"):
        return _target(value, "DATABASE_URL")
    return Target(dsn="", source="libpq's environment and defaults")


def _target(dsn: str, source: str) -> Target:
    dsn = _plain_scheme(dsn)
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # The driver quotes what it could not read, and that may hold a password.
        raise UsageError(f"{source} is not a PostgreSQL connection string", next_step=ADVICE) from None
    if _is_ambiguous(dsn) or not _are_ports(str(parts.get("port") or "")):
        # Parts of a password would be taken for the host, the port or the database, and shown.
        raise UsageError(
            f"{source} cannot be taken apart: a character in it has a meaning of its own, or its port is no number",
            next_step="write %40 for @, %2F for /, %3A for : and %3F for ? in user, password and database",
        )
    return Target(dsn=dsn, source=source)


def _is_ambiguous(dsn: str) -> bool:
    """Whether more than one @ stands before the parameters of a URL, or one after the first slash."""
    _, is_url, rest = dsn.partition("://")
    place = rest.partition("?")[0]
    return bool(is_url) and ("@" in place.partition("@")[2] or "@" in place.partition("/")[2])


def _are_ports(text: str) -> bool:
    return all(port.isascii() and port.isdigit() for port in text.split(",") if port)


def _plain_scheme(dsn: str) -> str:
    """Drop the driver that frameworks put into the scheme: postgresql+psycopg://."""
    scheme, colon, rest = dsn.partition("://")
    return scheme.partition("+")[0] + colon + rest if colon and scheme.startswith("postgres") else dsn


def _from_environment() -> dict[str, str]:
    options = {option.keyword.decode(): option.val for option in Conninfo.get_defaults()}
    return {key: value.decode() for key in SHOWN if (value := options.get(key))}


def _from_configuration(folder: Path, env_name: str | None) -> Target | None:
    """Look in the nearest folder upwards whose configuration says anything to pgrefit."""
    for place in (folder, *folder.parents):
        for path, settings in settings_in(place):
            if found := _chosen(path, settings, env_name):
                return found
    if env_name:
        raise UsageError(
            f"no environment {env_name!r}: there is no pgrefit.toml and no [tool.pgrefit] here or above",
            next_step=f'write [env.{env_name}] with database = "…" into pgrefit.toml',
        )
    return None


def settings_in(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The configuration in a folder: the file, and what it says to pgrefit. BadIntent where it cannot be read."""
    own, project = folder / OWN_FILE, folder / "pyproject.toml"
    found = [(own, _read(own))] if own.is_file() else []
    if project.is_file() and (table := _read(project).get("tool", {}).get("pgrefit")):
        found.append((project, table))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        settings = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadIntent(f"{path} cannot be read", why=str(error), next_step="mend the file") from error
    own = settings if path.name == OWN_FILE else settings.get("tool", {}).get("pgrefit", {})
    above = [] if path.name == OWN_FILE else ["tool", "pgrefit"]
    _check_keys(path, text, own, above, ("database", "env", "audit"))
    for name, table in own.get("env", {}).items():
        _check_keys(path, text, table, [*above, "env", name], ("database",))
    return settings


def _check_keys(path: Path, text: str, table: object, above: list[str], known: tuple[str, ...]) -> None:
    """Raise BadIntent at a key that means nothing, or at a table that is none."""
    if not isinstance(table, dict):
        raise BadIntent(f"{path}:{line_of(text, above)}: {'.'.join(above)} is not a table")
    for key in cast("dict[str, object]", table):
        if key not in known:
            raise BadIntent(
                f"{path}:{line_of(text, [*above, key])}: unknown key {key!r}", next_step=nearest(key, known)
            )
        if key == "env" and not isinstance(table[key], dict):
            raise BadIntent(f'{path}:{line_of(text, [*above, key])}: "env" is not a table', next_step=ENV_ADVICE)


def _chosen(path: Path, settings: dict[str, Any], env_name: str | None) -> Target | None:
    table, where = settings, path.name
    if env_name:
        environments = settings.get("env", {})
        if env_name not in environments:
            known = ", ".join(sorted(environments)) or "none"
            raise UsageError(f"{path} has no environment {env_name!r}", why=f"it has: {known}")
        table, where = environments[env_name], f"{path.name} [env.{env_name}]"
    database = table.get("database")
    if database is None and not env_name:
        return None
    if not isinstance(database, str):
        raise BadIntent(f'{where}: "database" is not a string', next_step=ADVICE)
    return _target(database, where)
