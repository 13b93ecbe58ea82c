"""Ours beside auditors of others: on defects that were planted, on public schemas, and on very many tables."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.audit import corpus
from benchmarks.audit.peers import (
    check_postgres,
    db_verifier,
    dblinter,
    many,
    pg_analyse,
    pgrls,
    planted,
    plpgsql_check,
    postgres_mcp,
    public,
    schemalint,
    splinter,
)  # fmt: skip
from benchmarks.audit.peers.turns import available
from benchmarks.claims import Claim

from pgrefit.pg.binaries import available_versions
from pgrefit.pg.cluster import Cluster

PARTS = (
    splinter, pgrls, db_verifier, pg_analyse, dblinter, schemalint, postgres_mcp, check_postgres, plpgsql_check,
)  # fmt: skip
AUDITORS = tuple(part.AUDITOR for part in PARTS)
VERSION = corpus.VERSION  # all of them know it


def measure() -> Iterator[Claim]:
    """Claims with the others' figures beside; none where no auditor can be had."""
    if VERSION not in available_versions():
        print(f"other auditors are left out: PostgreSQL {VERSION} is not installed here")
        return
    ready = tuple(available(AUDITORS))
    if ready:
        with Cluster(VERSION) as cluster:
            yield from planted.measure(cluster, ready)
            yield from many.measure(cluster, ready)
        yield from public.measure(ready)
