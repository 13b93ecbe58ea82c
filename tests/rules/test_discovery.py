"""References that no foreign key declares are found in schemas of many styles, and nothing else is."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.model.finding import Finding
from rules.observing import findings, measured
from rules.small_schemas import SCHEMAS, Pair

PRECISION, RECALL = 0.95, 0.90


def pairs(found: tuple[Finding, ...]) -> dict[Pair, Finding]:
    """Column and key to the finding that names them."""
    said: dict[Pair, Finding] = {}
    for finding in found:
        measures = measured(finding)
        table = finding.object.partition(" (")[0]
        if "columns" in measures:
            columns, keys = measures["columns"], measures["key"]
            assert isinstance(columns, tuple)
            assert isinstance(keys, tuple)
            said |= {(f"{table}.{c}", str(k)): finding for c, k in zip(columns, keys, strict=True)}
        else:
            said[finding.object, str(measures["key"])] = finding
    return said


@pytest.mark.parametrize("name", SCHEMAS)
def test_hidden_references_are_found(db18: psycopg.Connection, name: str) -> None:
    schema = SCHEMAS[name]
    said = pairs(findings(db18, "missing-foreign-key", schema.sql))
    right = said.keys() & schema.pairs
    told = {"wrong": sorted(said.keys() - schema.pairs), "missed": sorted(schema.pairs - said.keys())}
    assert len(right) >= PRECISION * len(said), told
    assert len(right) >= RECALL * len(schema.pairs), told
    counted = {pair[0]: measured(said[pair])["orphans"] for pair in right}
    assert counted == {column: schema.orphans.get(column, 0) for column in counted}
