"""Values that leave a document or a table: what either version of the application writes, the other sees; and back."""

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
from pgrefit.apply import Settings, apply_plan, roll_back
from pgrefit.changes import examples, merge_table, split_table
from pgrefit.changes.extract_json import ExtractJson, JsonField
from pgrefit.changes.merge_table import MergeTable
from pgrefit.changes.split_table import SplitTable
from pgrefit.model.change import Change, Phase, Way
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import Runner, checksums, dsn, run_all, start

NOTE = Relation("shop", "note")
TYPES = ("text", "integer", "bigint", "numeric", "boolean", "uuid", "timestamptz", "date", "text[]")
UUID = "6f1b2a34-0c5d-4e6f-8a9b-0123456789ab"


def until(runner: Runner, change: Change, phase: Phase) -> None:
    """Run the steps of a change up to the end of a phase, then be an application again."""
    for step in runner.steps(change):
        if step.phase.order <= phase.order:
            runner.do(step)
            assert runner.proven(step), step.title
    runner.conn.execute("SELECT set_config('pgrefit.step', '', false)")


def state(conn: psycopg.Connection) -> tuple[str, dict[str, str]]:
    return dump_schema(dsn(conn), exclude_schemas=()), checksums(conn)


def said(change: Change, conn: psycopg.Connection) -> str:
    return "; ".join(f"{o.about}: {o.says}" for o in change.obstacles(take_snapshot(conn)))


# JSON keys


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
    assert not said(change, db18)
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
    found = said(change, db18)
    assert "weight.kg and weight lie within each other" in found
    assert "shop.note.id: the name is taken" in found
    assert found.count("a path is made of keys") == 2
    assert "no json" in said(ExtractJson(table=NOTE, column="id", fields=(WEIGHT,)), db18)


# Tables split and merged

SPLIT, MERGE = split_table.EXAMPLE.change, merge_table.EXAMPLE.change


@pytest.fixture
def article(db18: psycopg.Connection) -> psycopg.Connection:
    """A table whose columns move, after the switch."""
    until(start(db18, examples()["split_table"].start), SPLIT, Phase.SWITCH)
    return db18


def copied(conn: psycopg.Connection) -> bool:
    """Whether the table in the making holds what the old one does."""
    row = conn.execute(
        "SELECT count(*) = 0 FROM (SELECT id, body, picture, data::text FROM shop.article WHERE body IS NOT NULL) AS a"
        " FULL JOIN (SELECT id, body, picture, data::text FROM shop.article_text_pgrefit_new) AS b"
        " ON a.id = b.id AND a::text = b::text WHERE a.id IS NULL OR b.id IS NULL"
    ).fetchone()
    return row == (True,)


def test_split_both_versions_see_what_either_writes(article: psycopg.Connection) -> None:
    key = article.execute("INSERT INTO shop.article (name) VALUES ('new') RETURNING id").fetchone()[0]
    assert article.execute("SELECT * FROM shop.article_text WHERE id = %s", (key,)).fetchall() == []
    inserted = article.execute(
        "INSERT INTO shop.article_text (id, body) VALUES (%s, 'text') RETURNING id, body, picture, data", (key,)
    ).fetchall()
    assert inserted == [(key, "text", "none", None)]
    article.execute("UPDATE shop.article_text SET body = body || '!' WHERE id = %s", (key,))
    assert article.execute("SELECT body FROM shop.article WHERE id = %s", (key,)).fetchone() == ("text!",)
    article.execute("UPDATE shop.article SET body = 'old' WHERE id = %s", (key,))
    assert article.execute("SELECT body FROM shop.article_text WHERE id = %s", (key,)).fetchone() == ("old",)
    assert article.execute("DELETE FROM shop.article_text WHERE id = %s", (key,)).rowcount == 1
    assert article.execute("SELECT name, body FROM shop.article WHERE id = %s", (key,)).fetchone() == ("new", None)
    assert copied(article)


def test_split_refuses_what_the_table_will(article: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        article.execute("INSERT INTO shop.article_text (id, body) VALUES (1, 'second')")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        article.execute("INSERT INTO shop.article_text (id, body) VALUES (-1, 'of nothing')")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM shop.article WHERE id < 9", "TRUNCATE shop.article", "UPDATE shop.article SET id = DEFAULT",
     "UPDATE shop.article SET data = '{}'", "UPDATE shop.article SET id = id + 1"],
)  # fmt: skip
def test_split_copy_follows(article: psycopg.Connection, statement: str) -> None:
    article.execute(
        "ALTER TABLE shop.article ALTER id SET GENERATED BY DEFAULT, DROP CONSTRAINT article_pkey,"
        " ADD PRIMARY KEY (id) DEFERRABLE"
    )
    article.execute(statement)
    assert copied(article)


def test_split_copy_follows_rows_that_triggers_change_again(article: psycopg.Connection) -> None:
    article.execute(
        """
        CREATE FUNCTION shop.again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE shop.article SET body = 'by trigger' WHERE id = NEW.id; RETURN NULL; END $$;
        CREATE TRIGGER a AFTER UPDATE OF body ON shop.article FOR EACH ROW WHEN (pg_trigger_depth() = 0)
            EXECUTE FUNCTION shop.again();
        UPDATE shop.article SET body = 'by client' WHERE id = 1;
        """
    )
    assert article.execute("SELECT body FROM shop.article WHERE id = 1").fetchone() == ("by trigger",)
    assert copied(article)


def test_split_in_an_older_snapshot_fails_rather_than_leaves_a_row_behind(db18: psycopg.Connection) -> None:
    runner = start(db18, examples()["split_table"].start)
    until(runner, SPLIT, Phase.EXPAND)
    with psycopg.connect(dsn(db18)) as client:
        client.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        client.execute("SELECT count(*) FROM shop.article")
        steps = [step for step in runner.steps(SPLIT) if step.phase is Phase.MIGRATE]
        runner.do(steps[0])
        with pytest.raises(psycopg.errors.SerializationFailure):
            client.execute("DELETE FROM shop.article WHERE id = 1")
    assert copied(db18)


def test_split_ends_as_two_tables(db18: psycopg.Connection) -> None:
    start(db18, examples()["split_table"].start)
    whole = "SELECT id, name, body, picture, data::text FROM shop.article {} ORDER BY id"
    before = db18.execute(whole.format("")).fetchall()
    run_all(db18, SPLIT)
    assert db18.execute(whole.format("JOIN shop.article_text USING (id)")).fetchall() == before
    db = take_snapshot(db18)
    made = db.table(Relation("shop", "article_text"))
    assert [c.name for c in db.table(Relation("shop", "article")).columns] == ["id", "name", "price"]
    assert {i.name.name for i in made.indexes} == {"article_text_pkey", "article_picture"}
    assert {c.name for c in made.checks} == {"named"}
    assert made.column("picture").default is not None
    assert made.column("body").not_null
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        db18.execute("INSERT INTO shop.article_text (id, body) VALUES (-1, 'of nothing')")


def test_split_carries_privileges_and_comments(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.t (a int, b text, c text COLLATE "C", d text, PRIMARY KEY (b, a));
        COMMENT ON COLUMN shop.t.c IS 'said';
        ALTER TABLE shop.t ALTER c SET STORAGE EXTERNAL, ALTER c SET STATISTICS 7;
        DROP ROLE IF EXISTS split_reader; CREATE ROLE split_reader; GRANT USAGE ON SCHEMA shop TO split_reader;
        GRANT SELECT ON shop.t TO split_reader; GRANT UPDATE (c) ON shop.t TO split_reader;
        """,
    )
    run_all(db18, SplitTable(table=Relation("shop", "t"), columns=("c",), into=Relation("shop", "u")))
    made = take_snapshot(db18).table(Relation("shop", "u"))
    column = made.column("c")
    assert (column.comment, column.storage, column.statistics_target) == ("said", "external", 7)
    assert column.collation.endswith('"C"')
    assert [(g.grantee, g.privilege) for g in column.grants] == [("split_reader", "UPDATE")]
    assert ("split_reader", "SELECT") in {(g.grantee, g.privilege) for g in made.grants}
    db18.execute("DROP OWNED BY split_reader; DROP ROLE split_reader")


@pytest.mark.parametrize(
    ("ddl", "says"),
    [
        ("CREATE VIEW shop.v AS SELECT body FROM shop.article", "view shop.v depends on it"),
        ("CREATE INDEX mixed ON shop.article (body, price)", "index mixed"),
        ("ALTER TABLE shop.article ENABLE ROW LEVEL SECURITY", "row security"),
        ("ALTER TABLE shop.article ADD UNIQUE (body)", "article_body_key"),
        ("ALTER TABLE shop.article ADD CHECK (body <> name)", "constraint article_check"),
        ("CREATE TABLE shop.article_text ()", "shop.article_text: the name is taken"),
        ("CREATE TABLE shop.heir () INHERITS (shop.article)", "no plain table"),
        ("ALTER TABLE shop.article DROP COLUMN picture", "there is no such column"),
    ],
)
def test_split_refuses_what_it_does_not_carry(db18: psycopg.Connection, ddl: str, says: str) -> None:
    start(db18, examples()["split_table"].start)
    db18.execute(ddl)
    assert says in said(SPLIT, db18)


@pytest.fixture
def person(db18: psycopg.Connection) -> psycopg.Connection:
    """A table that was merged into another, after the switch."""
    until(start(db18, examples()["merge_table"].start), MERGE, Phase.SWITCH)
    return db18


def merged_equal(conn: psycopg.Connection, side: str) -> bool:
    row = conn.execute(
        "SELECT count(*) = 0 FROM (SELECT id, passport_number AS n, passport_country AS c, passport_note::text AS t"
        " FROM shop.person WHERE passport_number IS NOT NULL) AS a FULL JOIN"
        f" (SELECT person_id AS id, number AS n, country AS c, note::text AS t FROM shop.{side}) AS b"
        " ON a.id = b.id AND a::text = b::text WHERE a.id IS NULL OR b.id IS NULL"
    ).fetchone()
    return row == (True,)


PASSPORT_WRITES = (
    "INSERT INTO shop.passport (person_id, number) VALUES (1, 'N1'), (3, 'N3')",
    "UPDATE shop.passport SET number = number || '!', note = NULL WHERE person_id < 9",
    "DELETE FROM shop.passport WHERE person_id > 50",
)


def test_merge_before_the_switch_the_table_at_the_side_is_followed(db18: psycopg.Connection) -> None:
    until(start(db18, examples()["merge_table"].start), MERGE, Phase.MIGRATE)
    for statement in (*PASSPORT_WRITES, "UPDATE shop.passport SET person_id = 5 WHERE person_id = 4"):
        db18.execute(statement)
        assert merged_equal(db18, "passport"), statement
    db18.execute("TRUNCATE shop.passport")
    assert db18.execute("SELECT count(passport_number) FROM shop.person").fetchone() == (0,)


def test_merge_after_the_switch_both_versions_write(person: psycopg.Connection) -> None:
    for statement in PASSPORT_WRITES:
        assert person.execute(statement).rowcount > 0
        assert merged_equal(person, "passport")
        assert merged_equal(person, "passport_pgrefit_old")
    person.execute("UPDATE shop.person SET passport_number = 'by the new one' WHERE id IN (7, 8)")
    person.execute("UPDATE shop.person SET passport_number = NULL WHERE id = 10")
    person.execute("DELETE FROM shop.person WHERE id = 12")
    assert merged_equal(person, "passport_pgrefit_old")
    row = person.execute("SELECT country FROM shop.passport WHERE person_id = 1").fetchone()
    assert row == ("de",)
    with pytest.raises(psycopg.errors.UniqueViolation):
        person.execute("INSERT INTO shop.passport (person_id, number) VALUES (2, 'again')")


def test_merge_goes_back_with_what_was_written_meanwhile(db18: psycopg.Connection) -> None:
    runner = start(db18, examples()["merge_table"].start)
    before = dump_schema(dsn(db18), exclude_schemas=())
    steps = tuple(step for step in runner.steps(MERGE) if step.phase is not Phase.CONTRACT)
    runner.forward(steps)
    db18.execute("SELECT set_config('pgrefit.step', '', false)")
    db18.execute("UPDATE shop.person SET passport_number = 'by the new one' WHERE id = 7")
    db18.execute("INSERT INTO shop.passport (person_id, number) VALUES (9, 'by the old one')")
    runner.back(steps)
    rows = db18.execute("SELECT number FROM shop.passport WHERE person_id IN (7, 9) ORDER BY person_id").fetchall()
    assert rows == [("by the new one",), ("by the old one",)]
    assert dump_schema(dsn(db18), exclude_schemas=()) == before


@pytest.mark.parametrize(
    ("ddl", "says"),
    [
        ("ALTER TABLE shop.passport DROP CONSTRAINT passport_person_id_fkey", "no valid foreign key"),
        ("ALTER TABLE shop.passport ALTER number DROP NOT NULL", "could not be told from none"),
        ("CREATE VIEW shop.v AS SELECT number FROM shop.passport", "depends on it"),
        ("ALTER TABLE shop.passport ADD CHECK (number <> '')", "passport_number_check"),
        ("ALTER TABLE shop.person ADD passport_note text", "the name is taken"),
        ("CREATE TABLE shop.stamp (id int REFERENCES shop.passport)", "stamp_id_fkey"),
        ("GRANT SELECT ON shop.person TO PUBLIC", "PUBLIC may read only one"),
        ("ALTER TABLE shop.passport ENABLE ROW LEVEL SECURITY", "row security"),
    ],
)
def test_merge_refuses_what_it_does_not_carry(db18: psycopg.Connection, ddl: str, says: str) -> None:
    start(db18, examples()["merge_table"].start)
    db18.execute(ddl)
    assert says in said(MERGE, db18)


HOSTILE = ['we"ird Tablé', "select", "é" * 31, "%s{x}", "it's \\ $$ a.b"]


@pytest.mark.parametrize("name", HOSTILE)
def test_split_and_merged_again_with_hostile_names(db18: psycopg.Connection, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    more = name.encode()[:60].decode(errors="ignore") + "m"
    db18.execute(
        f"""
        CREATE SCHEMA {quoted};
        CREATE TABLE {quoted}.{quoted} (id int, {quoted} text, "{more.replace('"', '""')}" text NOT NULL,
                                        PRIMARY KEY (id, {quoted}));
        INSERT INTO {quoted}.{quoted} SELECT n, 'k', 'v' || n FROM generate_series(1, 20) AS n;
        """.encode()
    )
    whole, into = Relation(name, name), Relation(name, more)
    before = checksums(db18)
    split = SplitTable(table=whole, columns=(more,), into=into)
    assert not said(split, db18)
    run_all(db18, split)
    merge = MergeTable(table=whole, partner=into)
    assert not said(merge, db18)
    run_all(db18, merge)
    assert checksums(db18) == before


# Through the executor, with clients at work

QUICK = Settings(first_batch_rows=20, max_batch_rows=20)


class Articles:
    """What clients wrote: the body of each article of their own; those with ids below 10 are everybody's."""

    def __init__(self) -> None:
        self.bodies: dict[int, str] = {}

    def old(self, conn: psycopg.Connection, draw: random.Random) -> None:
        body = str(draw.random())
        if draw.random() < 0.4 or not self.bodies:
            row = conn.execute(
                "INSERT INTO shop.article (name, body) VALUES ('o', %s) RETURNING id", (body,)
            ).fetchone()
            self.bodies[row[0]] = body
        elif draw.random() < 0.3:
            conn.execute("UPDATE shop.article SET body = %s WHERE id = %s", (body, draw.randrange(1, 10)))
        else:
            key = draw.choice(list(self.bodies))
            conn.execute("UPDATE shop.article SET body = %s, price = 1 WHERE id = %s", (body, key))
            self.bodies[key] = body
            if draw.random() < 0.3:
                conn.execute("DELETE FROM shop.article WHERE id = %s", (key,))
                del self.bodies[key]

    def new(self, conn: psycopg.Connection, draw: random.Random) -> None:
        body = str(draw.random())
        if draw.random() < 0.4 or not self.bodies:
            with conn.transaction():
                row = conn.execute("INSERT INTO shop.article (name) VALUES ('n') RETURNING id").fetchone()
                conn.execute("INSERT INTO shop.article_text (id, body) VALUES (%s, %s)", (row[0], body))
            self.bodies[row[0]] = body
        elif draw.random() < 0.3:
            conn.execute("UPDATE shop.article_text SET body = %s WHERE id = %s", (body, draw.randrange(1, 10)))
        else:
            key = draw.choice(list(self.bodies))
            conn.execute("UPDATE shop.article_text SET body = %s WHERE id = %s", (body, key))
            self.bodies[key] = body

    def lost(self, conn: psycopg.Connection, table: str) -> list[int]:
        there = dict(conn.execute(f"SELECT id, body FROM shop.{table}").fetchall())
        return [key for key, body in self.bodies.items() if there.get(key) != body]


def test_split_while_both_versions_write(db18: psycopg.Connection) -> None:
    """There, back, and there to the end: no statement fails, no row is lost, no copy differs."""
    start(db18, examples()["split_table"].start)
    plan, open_ = plan_for(db18, SPLIT), opener(db18)
    before = dump_schema(dsn(db18))
    mine, theirs = Articles(), Articles()
    with Clients(dsn(db18), mine.old):
        apply_plan(open_, plan, until=Phase.SWITCH, settings=QUICK)
        with Clients(dsn(db18), theirs.new):
            time.sleep(0.5)
        assert not theirs.lost(db18, "article")
    assert copied(db18)
    with Clients(dsn(db18), mine.old):
        roll_back(open_, plan, settings=QUICK)
    assert dump_schema(dsn(db18)) == before
    assert not mine.lost(db18, "article")
    assert not theirs.lost(db18, "article")
    with Clients(dsn(db18), mine.old):
        apply_plan(open_, plan, until=Phase.SWITCH, settings=QUICK)
    with Clients(dsn(db18), theirs.new):
        assert apply_plan(open_, plan, settings=QUICK).state == "done"
    assert not mine.lost(db18, "article_text")
    assert not theirs.lost(db18, "article_text")


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
