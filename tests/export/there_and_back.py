"""The journey that every tool has to make with an exported plan, and a larger plan than the small one."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.changes.quarantine_rows import QuarantineRows
from pgrefit.changes.retype_columns import Conversion, RetypeColumns
from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.model.change import Change, Phase
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.observe.snapshot import take_snapshot

ORDERS = Relation("shop", "orders")
SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.buyer (id uuid PRIMARY KEY, name text);
CREATE TABLE shop.orders (id int, line int, buyer text NOT NULL, total numeric, PRIMARY KEY (id, line));
CREATE INDEX orders_buyer ON shop.orders (buyer, total);
INSERT INTO shop.buyer SELECT md5(n::text)::uuid, 'buyer ' || n FROM generate_series(1, 20) AS n;
INSERT INTO shop.orders SELECT n, n % 3, upper(md5((n % 20 + 1)::text)), n % 50 - 1 FROM generate_series(1, 2000) AS n;
INSERT INTO shop.orders VALUES (3000, 1, 'nobody', 1), (3001, 1, md5('gone'), 2);
"""


def shop(conn: psycopg.Connection) -> Plan:
    """A column retyped with batches, rows put aside, an index built, a foreign key validated, NOT NULL."""
    conn.execute(SHOP)
    conn.execute("ALTER TABLE shop.orders ADD COLUMN friend uuid")
    conn.execute("UPDATE shop.orders SET friend = md5('3')::uuid WHERE id % 7 = 0")
    buyer = Relation("shop", "buyer")
    changes: tuple[Change, ...] = (
        QuarantineRows(table=ORDERS, condition=Expression("t.total < 0"), reason="less than nothing"),
        RetypeColumns(
            table=ORDERS,
            conversions=(Conversion(column="buyer", to_type="uuid", parent=buyer, parent_column="id"),),
        ),
        CreateIndex(table=ORDERS, keys=(IndexColumn(column="total", descending=True),)),
        AddForeignKey(table=ORDERS, columns=("friend",), parent=buyer, parent_columns=("id",)),
        SetNotNull(table=ORDERS, column="total"),
    )
    db = take_snapshot(conn)
    steps = [(change.title, step) for change in changes for step in change.steps(db)]
    steps.sort(key=lambda pair: pair[1].phase.order)
    return Plan(
        name="Shop: buyers", created="2026-11-21T12:00:00Z", database=conn.info.dbname, fingerprint="",
        server_version=conn.info.server_version,
        steps=tuple(PlanStep(id=f"{n * 10:03}", change=title, step=step) for n, (title, step) in enumerate(steps, 1)),
    )  # fmt: skip


def travel(stand, tool: str, out: Path, up: Callable[[], None], down: Callable[[], None]) -> None:
    """Up to the switch, all the way back, up again, and what is exported later to the end.

    `up` runs all that is there and was not run; `down` takes all of it back.
    """
    stand.export(tool, out, until=Phase.SWITCH)
    up()
    assert stand.image() == stand.switched
    down()
    assert stand.image() == stand.start
    up()
    assert stand.image() == stand.switched
    later = stand.export(tool, out)
    assert later.passed_over
    assert all("_contract_" in file.name for file in later.files if stand.plan.steps[-1].id in file.name)
    up()
    assert stand.image() == stand.done


def refuses(attempt: Callable[[], None]) -> None:
    """The last step has no return: the tool's way back says so, and the database stays as it is."""
    with pytest.raises((AssertionError, psycopg.Error), match="cannot be undone"):
        attempt()
