"""What the server remembers of the statements that were run in a database (pg_stat_statements)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementStatistics:
    """One kind of statement, as one role ran it since the counters began; times in ms, blocks of 8 kB.

    `text` has $1, $2, … for the constants; it and `query_id` are empty where the role may not see them.
    """

    query_id: int | None
    text: str
    role: str = ""
    calls: int = 0
    total_ms: float = 0.0
    mean_ms: float = 0.0
    deviation_ms: float = 0.0
    rows: int = 0
    blocks_hit: int = 0
    blocks_read: int = 0
    blocks_dirtied: int = 0
    temporary_blocks: int = 0  # read and written
    wal_bytes: int = 0
