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


def test_a_schema_for_each_of_many_tenants(db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE plan (id int PRIMARY KEY); INSERT INTO plan SELECT generate_series(1, 5)")
    for number in range(40):
        db18.execute(
            f"""
            CREATE SCHEMA tenant_{number};
            CREATE TABLE tenant_{number}.customer (id int PRIMARY KEY, plan_id int);
            INSERT INTO tenant_{number}.customer SELECT n, n % 5 + 1 FROM generate_series(1, 20) AS n;
            CREATE TABLE tenant_{number}.invoice (id int PRIMARY KEY, customer_id int);
            INSERT INTO tenant_{number}.invoice SELECT n, n % 20 + 1 FROM generate_series(1, 50) AS n;
            """.encode()
        )
    db18.execute("ANALYZE")
    found = {(f.object, measured(f)["key"]) for f in findings(db18, "missing-foreign-key")}
    assert found == {
        pair
        for tenant in (f"tenant_{number}" for number in range(40))
        for pair in (
            (f"{tenant}.customer.plan_id", "public.plan.id"),
            (f"{tenant}.invoice.customer_id", f"{tenant}.customer.id"),
        )
    }
