"""While a key and its references are retyped, there and back and to the end, clients write all the tables."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial

import psycopg
import pytest

from pgrefit.apply.executor import apply_plan
from pgrefit.apply.rollback import roll_back
from pgrefit.apply.settings import Settings
from pgrefit.changes.retype_key import RetypeKey
from pgrefit.design.plan import make_plan
from pgrefit.model.change import Phase
from pgrefit.model.intent import Intent
from pgrefit.model.names import Relation
from pgrefit.model.statistics import Statistics
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.connect import open_session
from pgrefit.pg.dump import dump_schema
from step_runner import dsn, start

SHAPE = """
CREATE TABLE shop.parent ({key} PRIMARY KEY, boss {type} REFERENCES shop.parent ON DELETE SET NULL, note text);
CREATE TABLE shop.one (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id {type} NOT NULL REFERENCES shop.parent ON DELETE CASCADE, note text);
CREATE INDEX ON shop.one (parent_id);
CREATE TABLE shop.two (parent_id {type} PRIMARY KEY REFERENCES shop.parent ON DELETE CASCADE, note text);
CREATE TABLE shop.three (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    two_id {type} REFERENCES shop.two ON DELETE SET NULL, note text);
CREATE VIEW shop.seen AS SELECT p.id, count(o.id) AS ones FROM shop.parent p LEFT JOIN shop.one o ON o.parent_id = p.id
    GROUP BY p.id;
INSERT INTO shop.parent (note) SELECT 'start ' || n FROM generate_series(1, 120) AS n;
UPDATE shop.parent SET boss = (SELECT min(id) FROM shop.parent);
INSERT INTO shop.one (parent_id, note) SELECT id, note FROM shop.parent, generate_series(1, 2);
INSERT INTO shop.two SELECT id, note FROM shop.parent;
INSERT INTO shop.three (two_id, note) SELECT parent_id, note FROM shop.two;
"""
KEYS = {
    "text to uuid": ("id text DEFAULT gen_random_uuid()::text", "text", "uuid"),
    "integer to bigint": ("id int GENERATED ALWAYS AS IDENTITY", "int", "bigint"),
}
SMALL = Settings(first_batch_rows=40, max_batch_rows=40)
WRITERS = 4


class Client(threading.Thread):
    """Inserts, updates and deletes families of rows, and remembers what must be there."""

    def __init__(self, open_: Callable[[], psycopg.Connection], seed: int) -> None:
        super().__init__(daemon=True)
        self.families: dict[str, str] = {}  # key of the parent, as text -> note of all four rows
        self.error = ""
        self.statements = 0
        self._open, self._draw, self._over = open_, random.Random(seed), threading.Event()

    def run(self) -> None:
        try:
            with self._open() as conn:
                while not self._over.wait(0.003):
                    deed = self._draw.choice([self.insert, self.insert, self.update, self.delete, self.read])
                    with conn.transaction():
                        done = deed(conn)
                    done()
                    self.statements += 1
        except Exception as error:  # noqa: BLE001
            self.error = f"{type(error).__name__}: {error}"

    def stop(self) -> None:
        self._over.set()
        self.join(30)
        assert not self.error, self.error
        assert self.statements > 20

    def insert(self, conn: psycopg.Connection) -> Callable[[], None]:
        note = str(self._draw.random())
        (key,) = conn.execute("INSERT INTO shop.parent (note) VALUES (%s) RETURNING id::text", (note,)).fetchone()
        conn.execute(f"INSERT INTO shop.one (parent_id, note) SELECT id, note FROM shop.parent WHERE id = '{key}'")
        conn.execute(f"INSERT INTO shop.two (parent_id, note) VALUES ('{key}', %s)", (note,))
        conn.execute(f"INSERT INTO shop.three (two_id, note) VALUES ('{key}', %s)", (note,))
        return lambda: self.families.__setitem__(key, note)

    def update(self, conn: psycopg.Connection) -> Callable[[], None]:
        if not self.families:
            return lambda: None
        key, note = self._draw.choice(sorted(self.families)), str(self._draw.random())
        conn.execute(f"UPDATE shop.parent SET note = %s, boss = '{key}' WHERE id = '{key}'", (note,))
        conn.execute(f"UPDATE shop.one SET note = %s, parent_id = '{key}' WHERE parent_id = '{key}'", (note,))
        conn.execute(f"UPDATE shop.two SET note = %s WHERE parent_id = '{key}'", (note,))
        conn.execute(f"UPDATE shop.three SET note = %s WHERE two_id = '{key}'", (note,))
        return lambda: self.families.__setitem__(key, note)

    def delete(self, conn: psycopg.Connection) -> Callable[[], None]:
        if len(self.families) < 5:
            return lambda: None
        key = self._draw.choice(sorted(self.families))
        conn.execute(f"DELETE FROM shop.three WHERE two_id = '{key}'")
        conn.execute(f"DELETE FROM shop.parent WHERE id = '{key}'")
        return lambda: self.families.pop(key) and None

    def read(self, conn: psycopg.Connection) -> Callable[[], None]:
        conn.execute("SELECT id, ones FROM shop.seen WHERE ones > 2 LIMIT 1").fetchall()
        return lambda: None


def families(conn: psycopg.Connection) -> dict[str, set[str]]:
    """Notes of the rows of each parent, over all tables."""
    rows = conn.execute(
        "SELECT p.id::text, ARRAY[p.note, o.note, t.note, h.note]"
        " FROM shop.parent p JOIN shop.one o ON o.parent_id = p.id"
        " JOIN shop.two t ON t.parent_id = p.id JOIN shop.three h ON h.two_id = t.parent_id"
        " WHERE p.note NOT LIKE 'start%'"
    ).fetchall()
    return {key: set(notes) for key, notes in rows}


@pytest.mark.parametrize("name", KEYS)
def test_four_clients_write_all_tables_all_the_while(db18: psycopg.Connection, name: str) -> None:
    key, type_, to_type = KEYS[name]
    start(db18, SHAPE.replace("{key}", key).replace("{type}", type_))
    before = dump_schema(dsn(db18))
    change = RetypeKey(table=Relation("shop", "parent"), columns=("id",), to_type=to_type)
    plan = make_plan(take_snapshot(db18), Statistics(), (change,), Intent())
    open_ = partial(open_session, dsn(db18), application="test")
    clients = [
        Client(partial(psycopg.connect, dsn(db18), autocommit=True, prepare_threshold=None), seed)
        for seed in range(WRITERS)
    ]
    for client in clients:
        client.start()
    apply_plan(open_, plan, until=Phase.SWITCH, settings=SMALL)
    time.sleep(0.3)
    roll_back(open_, plan, settings=SMALL)
    back = dump_schema(dsn(db18))
    assert apply_plan(open_, plan, settings=SMALL).state == "done"
    time.sleep(0.3)
    for client in clients:
        client.stop()
    assert back == before
    wanted = {key: {note} for client in clients for key, note in client.families.items()}
    assert families(db18) == wanted
    assert db18.execute("SELECT count(*) FROM shop.parent WHERE note LIKE 'start%'").fetchone() == (120,)
