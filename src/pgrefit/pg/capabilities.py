"""Asks a server what it is and what we may do there."""

from __future__ import annotations

from typing import Any

from pgrefit.model.capabilities import Capabilities
from pgrefit.pg.connect import Session, through_pooler
from pgrefit.pg.queries import fetch_dicts


def probe(conn: Session) -> Capabilities:
    """Capabilities of the connected role in the connected database."""
    row: dict[str, Any] = fetch_dicts(conn, "capabilities")[0]
    for key in ("extensions", "extensions_available"):
        row[key] = frozenset(row[key])
    return Capabilities(pooler=through_pooler(conn), **row)
