"""Mistakes that guides to safe migrations warn of, and what they advise: which of them a linter tells apart."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.claims import Claim, Peer
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import Scale

TESTS = Path(__file__).parents[2] / "tests"
# These two fire on nearly every statement, good or bad, and tell nothing apart.
LEFT_OUT = "require-timeout-settings,prefer-robust-stmts"


class Pair(Protocol):
    """A mistake, the rule that is to find it, and the advised way."""

    rule: str
    bad: str
    good: str


def measure(scale: Scale, ledger: Ledger) -> Iterator[Claim]:
    """The examples are those of the tests."""
    del ledger
    sys.path.insert(0, str(TESTS))
    said: Callable[..., dict[str, str]] = importlib.import_module("lint.linting").said
    examples = importlib.import_module("lint.test_examples")
    pairs: Sequence[Pair] = examples.PAIRS
    found = [pair.rule for pair in pairs if pair.rule in said(pair.bad, before=examples.BEFORE)]
    alarms = [pair.rule for pair in pairs if said(pair.good, before=examples.BEFORE)]
    for pair in pairs:
        if pair.rule not in found:
            print(f"lint: not found: {pair.rule}")
    squawk = _squawk(pairs) if scale.downloads else ()
    yield Claim(
        id="lint-bad-found", measure="published mistakes in migrations that lint finds", unit=f"of {len(pairs)}",
        value=len(found), bound="=", limit=len(pairs), against=squawk[:1],
    )  # fmt: skip
    yield Claim(
        id="lint-false-alarms", measure="advised ways that lint finds fault with", unit=f"of {len(pairs)}",
        value=len(alarms), bound="=", limit=0, against=squawk[1:],
    )  # fmt: skip


def _squawk(pairs: Sequence[Pair]) -> tuple[Peer, ...]:
    """The same of squawk, in an environment of its own; whatever rule it names counts."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [f"{folder}/bin/pip", "install", "--quiet", "squawk-cli"]
        if subprocess.run(pip, capture_output=True, check=False).returncode:
            print("squawk is left out: pip cannot install squawk-cli")
            return ()
        names = _rules_named(Path(folder))
        bad, good = sum(bool(names(p.bad)) for p in pairs), sum(bool(names(p.good)) for p in pairs)
        version = subprocess.run([f"{folder}/bin/squawk", "--version"], capture_output=True, text=True, check=True)
    who = version.stdout.strip()
    return Peer(f"{who}, any rule but {LEFT_OUT}", bad), Peer(who, good)


def _rules_named(folder: Path) -> Callable[[str], set[str]]:
    def names(text: str) -> set[str]:
        file = folder / "migration.sql"
        file.write_text(text)
        argv = [f"{folder}/bin/squawk", "--reporter", "json", "--exclude", LEFT_OUT, str(file)]
        said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
        return {found["rule_name"] for found in json.loads(said or "[]")}

    return names
