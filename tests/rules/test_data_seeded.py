"""How much of what is wrong in the data the audit finds, and how much of what it says is true."""

from __future__ import annotations

import random
from collections import Counter

import psycopg
import pytest

from pgrefit.model.finding import Finding
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules import all_rules
from rules.observing import observe, report
from rules.seeded_defects import DEFECTS
from rules.seeding import seed

RULES = [rule for rule in all_rules() if rule.theme == "data"]


def told(finding: Finding, snapshot: Snapshot) -> set[tuple[str, str, str]]:
    """The columns that a finding is about; one that groups several names them in its evidence or its message."""
    tables = {str(table.name): table for table in snapshot.tables}
    by_column = {t.name.column(c.name): (t.name.name, c.name) for t in tables.values() for c in t.columns}
    if finding.object in by_column:
        return {(finding.rule, *by_column[finding.object])}
    table = tables[finding.object]
    named = {c.name for c in table.columns for e in finding.evidence if c.name in _named(e.measure, e.value)}
    return {(finding.rule, table.name.name, name) for name in named}


def _named(measure: str, value: object) -> set[str]:
    return {measure, measure.rsplit(", ", maxsplit=1)[-1], *(map(str, value) if isinstance(value, tuple) else ())}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_finds_what_is_wrong_and_little_else(db18: psycopg.Connection, number: int) -> None:
    seeded = seed(db18, random.Random(number), tables=9, rows=400)
    snapshot = observe(db18, *RULES).snapshot
    said = set().union(*(told(finding, snapshot) for finding in report(db18, *RULES).findings))
    right = said & seeded.expected
    missed, wrong = seeded.expected - said, said - seeded.expected
    assert seeded.decoys >= 0.6 * len(seeded.expected)
    assert len(right) >= 0.95 * len(seeded.expected), f"missed: {sorted(missed)}"
    assert len(right) >= 0.90 * len(said), f"wrong: {sorted(wrong)}"


def test_all_rules_are_seeded() -> None:
    """Each rule of the folder has a defect that it must find."""
    rng = random.Random(0)
    seeded = Counter(rule for maker in DEFECTS for _ in range(8) for column in maker(rng, 400) for rule in column.rules)
    assert {rule.name for rule in RULES} <= seeded.keys()
