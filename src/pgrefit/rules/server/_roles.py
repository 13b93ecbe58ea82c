"""Whose a role is: the user's, or the platform's on which the server is hosted."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Role

PLATFORM = ("rds", "cloudsql", "azure", "azuresu", "neon", "cloud_admin", "supabase", "zenith")
PLATFORM_NAMES = {
    "supabase": {"authenticator", "pgbouncer", "dashboard_user", "pgsodium_keymaker", "postgres", "anon"},
    "neon": {"web_access"},
}  # fmt: skip


def own_logins(observation: Observation) -> Iterator[Role]:
    """The user's roles that log in."""
    return (role for role in observation.snapshot.roles if role.can_login and not _of_platform(observation, role))


def _of_platform(observation: Observation, role: Role) -> bool:
    hosted = observation.server.hosted
    return hosted is not None and (role.name.startswith(PLATFORM) or role.name in PLATFORM_NAMES.get(hosted, set()))
