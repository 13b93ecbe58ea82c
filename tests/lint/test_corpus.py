"""Migrations that projects have published: all are read, nothing crashes, no alarm is about a table just made."""

import os
import time
from pathlib import Path

import pytest

from pgrefit.lint import lint, read_sources

CORPUS = Path(os.environ.get("PGREFIT_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
FOLDERS = sorted(CORPUS.glob("*/migrations"))
SECONDS = 60  # on a machine that is busy with other tests


@pytest.mark.skipif(not FOLDERS, reason=f"no corpus at {CORPUS}: set PGREFIT_CORPUS")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_public_migrations_are_linted_whole(folder: Path) -> None:
    began = time.monotonic()
    sources = read_sources([folder])
    found = lint(sources)
    assert time.monotonic() - began < SECONDS
    assert found.crashed == ()
    assert found.of("syntax") == ()
    assert found.files == len(sources) > 0
    assert found.statements >= found.files / 2
