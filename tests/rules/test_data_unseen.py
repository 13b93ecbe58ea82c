"""Defects in data that were written down before any rule was read, in one language: a small form of what the benchmark
of the audit measures on many worlds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))  # the benchmarks are beside the tests, and not installed

from benchmarks.audit.data_defects.run import judged, scores, told
from benchmarks.audit.data_defects.score import TELLS
from benchmarks.audit.data_defects.shelf import KINDS

from pgrefit.pg.cluster import Cluster

WORLD = 27  # in pinyin
MOST_ROWS = 800
RECALL, PRECISION = 0.95, 0.90
# Each in a database of its own, so that two processes of the suite share the work.
PARTS = [tuple(TELLS)[part::2] for part in range(2)]


@pytest.mark.parametrize("defects", PARTS, ids=["odd", "even"])
def test_finds_what_is_wrong_with_exact_counts_and_little_else(cluster18: Cluster, defects: tuple[str, ...]) -> None:
    worlds = judged(cluster18, [WORLD], only=defects, most_rows=MOST_ROWS)
    found = scores(worlds)
    planted, right, wrong = (sum(getattr(score, part) for score in found) for part in ("planted", "right", "wrong"))
    problems = "\n".join(told(worlds))
    assert sum(score.found for score in found) >= RECALL * planted, problems
    assert right >= PRECISION * (right + wrong), problems


@pytest.mark.parametrize("defect", TELLS)
def test_each_defect_occurs_in_several_ways_and_has_look_alikes(defect: str) -> None:
    ways, alikes = (sum(kind.defect == defect and kind.decoy == decoy for kind in KINDS) for decoy in (False, True))
    assert ways >= 3
    assert alikes >= max(3, ways - 3)


def test_there_are_about_as_many_look_alikes_as_defects() -> None:
    decoys = sum(kind.decoy for kind in KINDS)
    assert decoys >= 0.95 * (len(KINDS) - decoys)
