"""The benchmark of refits online, at its smallest: all of it runs, and what does not hang on speed holds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pgrefit.pg.cluster import available_versions

ROOT = Path(__file__).parents[2]
SOUND = {
    "failed-statements", "lost-or-diverged-rows", "kill-survival", "rollback-lost-rows", "rollback-catalog-equal",
    "partition-conversion-under-inserts", "lint-bad-found", "lint-false-alarms",
}  # fmt: skip
FAST = {
    "longest-stall", "client-p99-full-speed", "client-p99-throttled", "backfill-rate-idle", "backfill-rate-under-load",
    "backfill-flat", "wal-per-row", "write-cost-in-sync-insert", "write-cost-in-sync-update", "repack-stall",
}  # fmt: skip


@pytest.mark.skipif(15 not in available_versions(), reason="PostgreSQL 15 is not installed here")
def test_every_claim_is_measured_and_nothing_is_lost(tmp_path: Path) -> None:
    out = tmp_path / "online.json"
    argv = [sys.executable, "-m", "benchmarks.online", "--short", "--out", str(out)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    document = json.loads(out.read_text()) if out.exists() else pytest.fail(done.stderr)
    assert document["format"] == "pgrefit/claims/1"
    claims = {claim["id"]: claim for claim in document["claims"]}
    assert set(claims) == SOUND | FAST
    assert [id_ for id_ in sorted(SOUND) if not claims[id_]["met"]] == [], done.stdout
    assert done.returncode == (0 if all(claim["met"] for claim in claims.values()) else 1)
