"""Passwords that are stored as MD5 hashes."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Md5Role
from pgrefit.rules._ask import catalog, known
from pgrefit.rules.server._say import NOTHING, own_settings, settings, with_server

MAKES_MD5 = "password_encryption=md5"


@rule(
    code="SRV018",
    title="Password stored as MD5",
    why=(
        "Who reads such a hash, in a dump of the roles or on an old backup, can log in with it as it is; a coming"
        " version of PostgreSQL is to accept it no longer."
    ),
    example=NOTHING,
    given=with_server(md5_roles=(Md5Role(role="shop"),)),
    clean=NOTHING,
)
def md5_password(observation: Observation) -> Iterator[Finding]:
    """Roles with such a hash, and the setting that makes new ones.

    Source: https://www.postgresql.org/docs/current/auth-password.html; version 18 calls MD5 deprecated.
    """
    server = observation.server
    roles = tuple(one.role for one in server.md5_roles)
    yield from _by_own_setting(observation)
    makes_new = server.value("password_encryption") == "md5"
    if roles or makes_new:
        about = f"{len(roles)} {'role has its' if len(roles) == 1 else 'roles have their'} password stored as MD5"
        yield Finding(
            object=f"role {roles[0]}" if roles else "setting password_encryption",
            message=about + (", and so are new ones" if makes_new else "")
            if roles
            else "new passwords are stored as MD5",
            severity=Severity.WARNING,
            evidence=known((*settings(server, "password_encryption"), catalog("roles", roles))),
            advice="set password_encryption to scram-sha-256 and let each role set its password again; lines of"
            " pg_hba.conf that say md5 accept both",
        )


def _by_own_setting(observation: Observation) -> Iterator[Finding]:
    """Roles, and the database, whose own settings make new passwords so, whatever the server's say."""
    for owner, values in own_settings(observation):
        if MAKES_MD5 in values:
            yield Finding(
                object=owner,
                message="its own settings say password_encryption=md5: passwords that it sets are stored as MD5",
                severity=Severity.WARNING,
                evidence=(catalog("settings", tuple(values)),),
                advice="RESET password_encryption, and set those passwords again",
            )
