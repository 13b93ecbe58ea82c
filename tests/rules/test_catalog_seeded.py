"""How much of what is wrong in a catalog the audit finds, and how much of what it says is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgrefit.pg.cluster import Cluster

ROOT = Path(__file__).parents[2]


def test_finds_what_was_planted_and_little_else(cluster18: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.audit.defects.judging import first, judge, second

    run = judge(cluster18, [*first(), *second()], copies=1, seed=7)
    defects, found = sum(score.defects for score in run.scores), sum(score.found for score in run.scores)
    decoys, false = sum(score.decoys for score in run.scores), sum(score.false for score in run.scores)
    assert not run.crashed
    assert decoys >= defects / 2
    assert found >= 0.98 * defects, [(truth.rules[0], truth.variant) for truth in run.missed]
    assert found >= 0.98 * (found + false), [(finding.rule, finding.object) for finding in run.false]
