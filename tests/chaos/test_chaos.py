"""Random refits under random clients with random kills. `make chaos RUNS=500` is the long form."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chaos.trial import Tally, Trial
from chaos.world import World, worlds
from pgrefit.pg.cluster import Cluster

RUNS = int(os.environ.get("PGREFIT_CHAOS", "16"))
# A run is a race: what failed is run again from hypothesis' own database, but not made smaller.
CHAOS = settings(
    max_examples=RUNS // 2, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A server that may go down."""
    with Cluster(18, settings={"max_connections": "60", "log_min_messages": "fatal"}) as cluster:
        yield cluster


@pytest.fixture
def tally() -> Iterator[Tally]:
    counted = Tally()
    yield counted
    print(f"\nchaos: {counted}", flush=True)  # noqa: T201 - said to who runs it


def test_comes_through(own: Cluster, tally: Tally) -> None:
    """The end is that of one straight run; every row is as its shadow; no client has seen an error."""

    @CHAOS
    @given(world=worlds(), seed=st.integers(0, 10**9))
    def one(world: World, seed: int) -> None:
        Trial(own, world, seed, tally).run()

    one()


def test_comes_back(own: Cluster, tally: Tally) -> None:
    """From any step; with the rows that were written meanwhile."""

    @CHAOS
    @given(world=worlds(), seed=st.integers(0, 10**9), back=st.floats(0, 0.999))
    def one(world: World, seed: int, back: float) -> None:
        Trial(own, world, seed, tally, back).run()

    one()
