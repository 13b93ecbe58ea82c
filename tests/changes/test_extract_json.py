"""Values that leave a document: what either version of the application writes, the other sees; and back."""

from __future__ import annotations

import json
import random
import time
from decimal import Decimal

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from apply.small_plan import opener
from changes.clients import Clients, plan_for
from changes.lawful import obstacles, state, until
from pgrefit.apply import Settings, apply_plan
from pgrefit.changes.extract_json import ExtractJson, JsonField
from pgrefit.model.change import Phase, Way
from pgrefit.model.names import Relation
from step_runner import Runner, dsn, run_all, start

NOTE = Relation("shop", "note")
TYPES = ("text", "integer", "bigint", "numeric", "boolean", "uuid", "timestamptz", "date", "text[]")
UUID = "6f1b2a34-0c5d-4e6f-8a9b-0123456789ab"


def extraction(*fields: JsonField, remove: bool = False) -> ExtractJson:
    return ExtractJson(table=NOTE, column="data", fields=fields, remove=remove)


def note_table(conn: psycopg.Connection, kind: str = "jsonb") -> Runner:
    return start(conn, f"CREATE TABLE shop.note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data {kind})")


WEIGHT = JsonField(path=("weight",), column="weight", type="integer")
CITY = JsonField(path=("to", "address", "city"), column="city")


@pytest.fixture
def notes(db18: psycopg.Connection) -> psycopg.Connection:
    """Some documents, with their columns filled and in step."""
    runner = note_table(db18)
    for document in ({"weight": 1}, {"weight": "heavy"}, {"weight": None}, {"more": 1}, ["a list"], None):
        db18.execute("INSERT INTO shop.note (data) VALUES (%s)", (Jsonb(document) if document else None,))
    until(runner, extraction(WEIGHT, CITY), Phase.MIGRATE)
    return db18


def test_old_version_writes_the_document(notes: psycopg.Connection) -> None:
    written = notes.execute(
        """INSERT INTO shop.note (data) VALUES ('{"weight": 5, "to": {"address": {"city": "Ulm"}}}')
        RETURNING weight, city"""
    ).fetchone()
    changed = notes.execute("""UPDATE shop.note SET data = '{"weight": 6}' WHERE id = 1 RETURNING weight""").fetchone()
    unfit = notes.execute("""UPDATE shop.note SET data = '{"weight": "x"}' WHERE id = 1 RETURNING weight""").fetchone()
    assert (written, changed, unfit) == ((5, "Ulm"), (6,), (None,))


@pytest.mark.parametrize(
    ("key", "values", "document"),
    [
        (1, "weight = 7", {"weight": 7}),
        (1, "weight = NULL", {"weight": None}),
        (2, "weight = 8", {"weight": 8}),
        (2, "city = NULL", {"weight": "heavy"}),
        (3, "city = 'Ulm'", {"weight": None, "to": {"address": {"city": "Ulm"}}}),
        (4, "weight = NULL", {"more": 1}),
        (5, "weight = 9", ["a list"]),
        (6, "weight = 9", {"weight": 9}),
        (1, """weight = 3, data = '{"weight": 4, "x": 1}'""", {"weight": 3, "x": 1}),
    ],
)
def test_new_version_writes_the_columns(notes: psycopg.Connection, key: int, values: str, document: object) -> None:
    row = notes.execute(f"UPDATE shop.note SET {values} WHERE id = {key} RETURNING data").fetchone()
    assert row == (document,)


def test_new_version_inserts_columns_alone(notes: psycopg.Connection) -> None:
    row = notes.execute("INSERT INTO shop.note (weight, city) VALUES (1, 'Ulm') RETURNING data").fetchone()
    assert row == ({"weight": 1, "to": {"address": {"city": "Ulm"}}},)


def test_a_null_and_a_missing_key_are_told_apart_after_the_way_back(db18: psycopg.Connection) -> None:
    runner = note_table(db18)
    db18.execute("""INSERT INTO shop.note (data) VALUES ('{"weight": null}'), ('{}'), ('{"weight": 2}'), (NULL)""")
    before = state(db18)
    steps = runner.steps(extraction(WEIGHT, CITY))
    online = [step for step in steps if step.undo is not Way.NO_RETURN and step.phase is not Phase.CONTRACT]
    runner.forward(tuple(online))
    db18.execute("SELECT set_config('pgrefit.step', '', false)")
    db18.execute("UPDATE shop.note SET weight = 4, city = 'Ulm' WHERE id = 3")
    db18.execute("UPDATE shop.note SET weight = weight, city = NULL")
    db18.execute("""UPDATE shop.note SET data = '{"weight": 2}' WHERE id = 3""")
    runner.back(tuple(online))
    assert state(db18) == before


def test_removed_keys_are_remembered_and_can_be_put_back(db18: psycopg.Connection) -> None:
    runner = note_table(db18, "json")
    texts = ('{"weight": null,  "a": 1}', '{"b": {}}', '{"weight": 2}', '{"weight": "heavy"}')
    for text in texts:
        db18.execute("INSERT INTO shop.note (data) VALUES (%s)", (text,))
    *_, remove = run_all(db18, extraction(WEIGHT, remove=True))
    left = [row[0] for row in db18.execute("SELECT data FROM shop.note ORDER BY id").fetchall()]
    assert left == [{"a": 1}, {"b": {}}, {}, {"weight": "heavy"}]
    runner.undo(remove)
    back = [row[0] for row in db18.execute("SELECT data::text FROM shop.note ORDER BY id").fetchall()]
    assert back == list(texts)


def test_what_does_not_convert_is_listed_with_all_reasons(db18: psycopg.Connection) -> None:
    note_table(db18)
    db18.execute(
        """INSERT INTO shop.note (data) VALUES ('{"weight": "heavy", "day": "2025-02-30"}'), ('{"weight": 1}')"""
    )
    run_all(db18, extraction(WEIGHT, JsonField(path=("day",), column="day", type="date")))
    rows = db18.execute("SELECT key, reason, value::jsonb FROM pgrefit.reject").fetchall()
    reason = "weight does not convert to integer; day does not convert to date"
    assert rows == [(["1"], reason, {"weight": "heavy", "day": "2025-02-30"})]


VALUES = {
    "text": [("a\n", "a\n"), (5, "5"), (True, "true"), ("", ""), ({"a": 1}, None), (["a"], None)],
    "integer": [(2147483647, 2147483647), ("-7", -7), (2147483648, None), (1.5, None), ("1 ", None), (True, None)],
    "bigint": [(9223372036854775807, 9223372036854775807), (9223372036854775808, None), ("+4", 4)],
    "numeric": [(1.25, Decimal("1.25")), ("1e3", Decimal(1000)), ("1,5", None), ("9" * 1001, None), ("1e9999", None)],
    "boolean": [(True, True), ("false", False), (1, None), ("t", None)],
    "uuid": [(UUID, UUID), (UUID.upper(), UUID), ("{" + UUID + "}", None), ("6f1b", None)],
    "timestamptz": [
        ("2025-03-04T05:06:07Z", "2025-03-04 05:06:07+00"), ("2025-03-04 05:06+05:30", "2025-03-03 23:36:00+00"),
        ("2025-03-04T05:06:07", None), ("2025-02-29T00:00:00Z", None), ("2025-03-04T24:00:00Z", None), ("now", None),
    ],
    "date": [("2024-02-29", "2024-02-29"), ("2025-02-29", None), ("0000-01-01", None), ("2025-13-01", None),
             ("9999-12-31", "9999-12-31"), ("today", None), ("20250101", None)],
    "text[]": [(["a", None, "b,c"], ["a", None, "b,c"]), ([], []), ([1], None), ("a", None), ([["a"]], None)],
}  # fmt: skip
CASES = [(kind, value, wanted) for kind, values in VALUES.items() for value, wanted in values]


@pytest.mark.parametrize("kind", ["json", "jsonb"])
def test_values_convert_or_stay(db18: psycopg.Connection, kind: str) -> None:
    """The same where the document is read in a batch and where a writer brings it."""
    runner = note_table(db18, kind)
    documents = [json.dumps({f"a {kind}": value}) for kind, value, _ in CASES]
    for document in documents:
        db18.execute("INSERT INTO shop.note (data) VALUES (%s)", (document,))
    fields = [JsonField(path=(f"a {t}",), column=f"a {t}", type=t) for t in TYPES]  # type: ignore[arg-type]
    until(runner, extraction(*fields), Phase.MIGRATE)
    db18.execute("SET timezone = 'UTC'")
    for document in documents:
        db18.execute("INSERT INTO shop.note (data) VALUES (%s)", (document,))
    texts = {"timestamptz", "date", "uuid"}
    for number, (type_, value, wanted) in enumerate(CASES, 1):
        cast = "::text" if type_ in texts else ""
        query = f'SELECT "a {type_}"{cast} FROM shop.note WHERE id IN ({number}, {number + len(CASES)})'
        assert db18.execute(query).fetchall() == [(wanted,)] * 2, (type_, value)


@pytest.mark.parametrize(
    "document",
    [r'{"weight": 1, "x": "\u0000"}', r'{"weight": 1, "x": "\ud800"}', '{"weight": 1, "x": 1e999999}',
     r'{"weight": 1, "x": "\\\ud83d\\\ude00"}'],
)  # fmt: skip
def test_json_that_jsonb_refuses_stays_as_it_is(db18: psycopg.Connection, document: str) -> None:
    """No statement of the application fails over it, neither the batch nor a write to the column."""
    runner = note_table(db18, "json")
    db18.execute("INSERT INTO shop.note (data) VALUES (%s)", (document,))
    until(runner, extraction(WEIGHT), Phase.MIGRATE)
    db18.execute("INSERT INTO shop.note (data) VALUES (%s)", (document,))
    rows = db18.execute("UPDATE shop.note SET weight = 3 RETURNING data::text").fetchall()
    assert rows == [(document,)] * 2


def test_json_with_emoji_escapes_is_read(db18: psycopg.Connection) -> None:
    runner = note_table(db18, "json")
    until(runner, extraction(WEIGHT), Phase.MIGRATE)
    row = db18.execute(
        "INSERT INTO shop.note (data) VALUES (%s) RETURNING weight", (r'{"weight": 1, "x": "\\ \ud83d\ude00 e4567"}',)
    ).fetchone()
    assert row == (1,)


@pytest.mark.parametrize("name", ['we"ird Tablé', "select", "x" * 63, "%s{x}", "it's \\ $$ a.b", "a,b}"])
def test_json_with_hostile_names(db18: psycopg.Connection, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    other = name[:60] + "o"
    db18.execute(f"CREATE SCHEMA {quoted}".encode())
    db18.execute(f"CREATE TABLE {quoted}.{quoted} (id int PRIMARY KEY, {quoted} jsonb)".encode())
    document = sql.Literal(Jsonb({name: {name: "v"}})).as_string()
    db18.execute(f"INSERT INTO {quoted}.{quoted} VALUES (1, {document})".encode())
    field = JsonField(path=(name, name), column=other)
    change = ExtractJson(table=Relation(name, name), column=name, fields=(field,), remove=True)
    before = state(db18)
    assert not "; ".join(obstacles(db18, change))
    runner = Runner(db18)
    steps = runner.steps(change)
    runner.forward(steps[:3])
    runner.back(steps[:3])
    assert state(db18)[1] == before[1]
    run_all(db18, change)
    assert db18.execute(f"SELECT * FROM {quoted}.{quoted}".encode()).fetchall() == [(1, {name: {}}, "v")]


def test_json_paths_that_cannot_be_written_back_are_refused(db18: psycopg.Connection) -> None:
    note_table(db18)
    inner = JsonField(path=("weight", "kg"), column="id", type="numeric")
    change = extraction(WEIGHT, inner, JsonField(path=("list", "0"), column="first"), JsonField(path=(), column="x"))
    found = "; ".join(obstacles(db18, change))
    assert "weight.kg and weight lie within each other" in found
    assert "shop.note.id the name is taken" in found
    assert found.count("a path is made of keys") == 2
    assert "no json" in "; ".join(obstacles(db18, ExtractJson(table=NOTE, column="id", fields=(WEIGHT,))))


QUICK = Settings(first_batch_rows=20, max_batch_rows=20)


def test_json_while_both_versions_write(db18: psycopg.Connection) -> None:
    note_table(db18)
    db18.execute(
        """INSERT INTO shop.note (data) SELECT jsonb_build_object('weight', n) FROM generate_series(1, 200) AS n"""
    )

    def old(conn: psycopg.Connection, draw: random.Random) -> None:
        document = Jsonb({"weight": draw.choice([1, 2, "heavy", None]), "to": {"address": {"city": "x"}}})
        conn.execute("UPDATE shop.note SET data = %s WHERE id = %s", (document, draw.randrange(1, 200)))
        conn.execute("INSERT INTO shop.note (data) VALUES (%s)", (document,))

    def new(conn: psycopg.Connection, draw: random.Random) -> None:
        key = draw.randrange(1, 200)
        conn.execute("UPDATE shop.note SET weight = %s, city = 'y' WHERE id = %s", (draw.randrange(9), key))
        conn.execute("INSERT INTO shop.note (weight) VALUES (5)")

    with Clients(dsn(db18), old, old):
        apply_plan(opener(db18), plan_for(db18, extraction(WEIGHT, CITY)), until=Phase.SWITCH, settings=QUICK)
        with Clients(dsn(db18), new):
            time.sleep(0.3)
    apart = db18.execute(
        "SELECT count(*) FROM shop.note WHERE city IS DISTINCT FROM data #>> '{to,address,city}' OR weight::text"
        " IS DISTINCT FROM CASE jsonb_typeof(data -> 'weight') WHEN 'number' THEN data ->> 'weight' END"
    ).fetchone()
    assert apart == (0,)
