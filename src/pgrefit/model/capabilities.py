"""What a server is and what the connected role may do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hosted = Literal["rds", "cloudsql", "azure", "supabase", "neon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Found by asking, not by comparing versions."""

    server_version_num: int
    version: str
    role: str
    superuser: bool
    reads_all_stats: bool
    monitors: bool
    creates_databases: bool
    creates_schemas: bool
    in_recovery: bool
    pooler: bool
    attver: bool
    hosted: Hosted | None
    extensions: frozenset[str]
    extensions_available: frozenset[str]

    @property
    def major(self) -> int:
        """Major version, such as 16."""
        return self.server_version_num // 10000
