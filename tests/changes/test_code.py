"""Functions, triggers, sequences, enums, domains, comments and extensions: made, replaced, and taken back."""

from __future__ import annotations

import psycopg
import pytest

from changes.lawful import refusal, there_and_back
from pgrefit.changes.add_domain_constraint import AddDomainConstraint
from pgrefit.changes.add_enum_values import AddEnumValues
from pgrefit.changes.create_domain import CreateDomain
from pgrefit.changes.create_extension import CreateExtension
from pgrefit.changes.create_function import CreateFunction
from pgrefit.changes.create_trigger import CreateTrigger
from pgrefit.changes.set_comment import SetComment
from pgrefit.changes.set_sequence import SetSequence
from pgrefit.changes.touch_updated_at import TouchUpdatedAt
from pgrefit.model.change import Change, Phase, Way
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from step_runner import run_all, start

ITEM = Relation("shop", "item")
HOSTILE = Relation("shop", 'it"em %s {x}')
TABLE = """
    CREATE TABLE shop.item (id int PRIMARY KEY, a text, updated_at timestamptz);
    INSERT INTO shop.item SELECT n, 'x' FROM generate_series(1, 20) AS n;
    CREATE TABLE shop."it""em %s {x}" ("co""l %s" int PRIMARY KEY, CONSTRAINT "ch""k" CHECK ("co""l %s" > 0));
    COMMENT ON TABLE shop."it""em %s {x}" IS 'old';
    CREATE INDEX "in""dex" ON shop."it""em %s {x}" ("co""l %s");
    CREATE POLICY "po""licy" ON shop."it""em %s {x}";
    CREATE FUNCTION shop."tr""ig %s"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER "tr""g" BEFORE INSERT ON shop."it""em %s {x}" EXECUTE FUNCTION shop."tr""ig %s"();
    CREATE FUNCTION shop."f n"(a integer, b shop.item[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE SEQUENCE shop."s q";
    CREATE TYPE shop."en""um %s" AS ENUM ('a''s', '%s');
    CREATE DOMAIN shop."do""main %s" AS text;
    CREATE TABLE shop.uses (id int PRIMARY KEY, d shop."do""main %s");
    CREATE VIEW shop."v w" AS SELECT 1 AS "co""l";
    CREATE MATERIALIZED VIEW shop."m v" AS SELECT 1 AS one;
"""
FUNCTION = Relation("shop", "f n")


def function(text: str) -> CreateFunction:
    return CreateFunction(definition=Expression(text))


FUNCTIONS = [
    """
    CREATE FUNCTION shop."n""ew %s"(a int DEFAULT 1, VARIADIC b text[] DEFAULT '{}') RETURNS int
    LANGUAGE sql IMMUTABLE AS $$ SELECT 1 -- '%s' \\ {x}
    $$;
    """,
    "CREATE FUNCTION shop.n() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop.item; END",
    "CREATE FUNCTION shop.n() RETURNS bigint LANGUAGE sql SET search_path = shop AS 'SELECT count(*) FROM pg_class'",
    'CREATE FUNCTION shop.n() RETURNS SETOF shop."v w" LANGUAGE sql AS \'SELECT * FROM shop."v w"\'',
    "CREATE PROCEDURE shop.n(INOUT i int) LANGUAGE plpgsql AS $$ BEGIN COMMIT; i := i + 1; END $$",
    """
    CREATE FUNCTION shop."f n"(a int4, b shop.item[]) RETURNS integer LANGUAGE plpgsql STRICT COST 7
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN 2; END $$
    """,
    """
    -- a comment, CREATE and all
    CREATE OR REPLACE FUNCTION shop."f n"(a int, b shop.item[]) RETURNS int LANGUAGE sql
    AS 'UPDATE shop.item SET a = NULL; SELECT 3 FROM shop.uses FOR UPDATE'
    """,
]


@pytest.mark.parametrize("text", FUNCTIONS)
def test_functions_there_and_back(db18: psycopg.Connection, text: str) -> None:
    start(db18, TABLE)
    there_and_back(db18, function(text))


def test_a_replaced_function_keeps_owner_grants_comment_and_callers(db: psycopg.Connection) -> None:
    start(db, """
        CREATE FUNCTION shop.f(a numeric) RETURNS numeric LANGUAGE sql STABLE SET work_mem = '1MB' AS 'SELECT $1';
        COMMENT ON FUNCTION shop.f IS 'it''s one';
        REVOKE ALL ON FUNCTION shop.f FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION shop.f TO pg_monitor;
        CREATE VIEW shop.v AS SELECT shop.f(1);
    """)  # fmt: skip
    change = function("CREATE FUNCTION shop.f(a decimal) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT $1 * 2'")
    there_and_back(db, change)
    run_all(db, change)
    assert db.execute("SELECT * FROM shop.v").fetchone() == (2,)
    assert not list(change.steps(take_snapshot(db))), "it is so already"
    (found,) = take_snapshot(db).functions
    assert found.comment == "it's one"
    assert {g.grantee for g in found.grants} == {"postgres", "pg_monitor"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("CREATE FUNCTION", "not readable"),
        ("SELECT 1; SELECT 2", "not one CREATE FUNCTION"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "has no schema"),
        ("CREATE FUNCTION gone.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "there is no schema gone"),
        ("CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELEC 1'", "cannot be read"),
        ("CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM item'", "names item without a schema"),
        ("CREATE FUNCTION shop.\"f n\"(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'", "calls become ambiguous"),
        ("CREATE FUNCTION shop.\"f n\"(a int, b shop.item[]) RETURNS text LANGUAGE sql AS 'SELECT 1'", "other result"),
        ("CREATE FUNCTION shop.\"f n\"(x int, b shop.item[]) RETURNS int LANGUAGE sql AS 'SELECT 1'", "other names"),
        (
            "CREATE FUNCTION shop.\"f n\"(a int, b shop.item[] DEFAULT '{}') RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "defaults of parameters",
        ),
    ],
)  # fmt: skip
def test_functions_that_are_refused(db18: psycopg.Connection, text: str, says: str) -> None:
    start(db18, TABLE)
    assert says in refusal(db18, function(text))


TRIGGER = Relation("shop", 'tr"ig %s')


@pytest.mark.parametrize(
    "change",
    [
        CreateTrigger(table=HOSTILE, name='n"ew %s', function=TRIGGER, events=("insert", "delete"), timing="after",
                      arguments=("it's", "%s"), when=None, comment="%s"),
        CreateTrigger(table=HOSTILE, name="n", function=TRIGGER, events=("truncate",), row=False),
        CreateTrigger(table=HOSTILE, name="n", function=TRIGGER, events=("update",), columns=('co"l %s',),
                      when=Expression('OLD."co""l %s" > 3')),
        TouchUpdatedAt(table=ITEM),
        SetSequence(sequence=Relation("shop", "s q"), table=HOSTILE, column='co"l %s'),
        CreateDomain(name=Relation("shop", 'n"ew %s'), base=Expression("numeric(5,2)"), not_null=True,
                     default=Expression("7"), checks={'c"k %s': Expression("VALUE > 0")}, comment="%s"),
        AddDomainConstraint(domain=Relation("shop", 'do"main %s'), name='n"w %', condition=Expression("VALUE <> '%'")),
        SetComment(kind="table", on=HOSTILE, comment=""),
        SetComment(kind="column", on=HOSTILE, member='co"l %s', comment="it's %s {x} \\ é"),
        SetComment(kind="column", on=Relation("shop", "v w"), member='co"l', comment="c"),
        SetComment(kind="constraint", on=HOSTILE, member='ch"k', comment="c"),
        SetComment(kind="trigger", on=HOSTILE, member='tr"g', comment="c"),
        SetComment(kind="policy", on=HOSTILE, member='po"licy', comment="c"),
        SetComment(kind="index", on=Relation("shop", 'in"dex'), comment="c"),
        SetComment(kind="view", on=Relation("shop", "v w"), comment="c"),
        SetComment(kind="materialized view", on=Relation("shop", "m v"), comment="c"),
        SetComment(kind="sequence", on=Relation("shop", "s q"), comment="c"),
        SetComment(kind="function", on=FUNCTION, arguments="a integer, b shop.item[]", comment="c"),
        SetComment(kind="type", on=Relation("shop", 'en"um %s'), comment="c"),
        SetComment(kind="domain", on=Relation("shop", 'do"main %s'), comment="c"),
        SetComment(kind="schema", schema="shop", comment="c"),
    ],
    ids=lambda change: change.title,
)  # fmt: skip
def test_there_and_back(db18: psycopg.Connection, change: Change) -> None:
    start(db18, TABLE)
    there_and_back(db18, change)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (CreateTrigger(table=ITEM, name="t", function=TRIGGER, events=()), "has no event"),
        (CreateTrigger(table=ITEM, name="t", function=TRIGGER, events=("truncate",)), "TRUNCATE is of none"),
        (CreateTrigger(table=ITEM, name="t", function=TRIGGER, events=("insert",), columns=("a",)), "not for updates"),
        (CreateTrigger(table=HOSTILE, name='tr"g', function=TRIGGER, events=("insert",)), "already"),
        (TouchUpdatedAt(table=ITEM, column="a"), "holds no moment"),
        (TouchUpdatedAt(table=ITEM, column="b"), "no such column"),
        (SetSequence(sequence=Relation("shop", "gone")), "no such sequence"),
        (SetSequence(sequence=Relation("shop", "s q"), restart=True), "belongs to no column"),
        (SetSequence(sequence=Relation("shop", "s q"), type="integer"), "may be beyond integer"),
        (SetSequence(sequence=Relation("shop", "s q"), table=ITEM), "takes a table and a column"),
        (AddEnumValues(type=Relation("shop", 'en"um %s'), values=("x",), before="y"), "has no value y"),
        (AddEnumValues(type=Relation("shop", 'en"um %s'), values=("x" * 64,)), "1 to 63 bytes"),
        (AddEnumValues(type=Relation("shop", 'do"main %s'), values=("x",)), "no such enum"),
        (CreateDomain(name=ITEM, base=Expression("text")), "the name is taken"),
        (CreateDomain(name=Relation("shop", "d"), base=Expression("x"), checks={"c": Expression("VALUE >")}), "readab"),
        (AddDomainConstraint(domain=ITEM, name="c", condition=Expression("true")), "no such domain"),
        (SetComment(kind="column", on=ITEM, comment="c"), "takes a member"),
        (SetComment(kind="view", on=ITEM, comment="c"), "no such view"),
        (SetComment(kind="schema", on=ITEM, comment="c"), "a schema by `schema`"),
        (SetComment(kind="function", on=FUNCTION, arguments="); DROP TABLE shop.item; --", comment="c"), "no such"),
        (CreateExtension(name="x", schema="gone"), "there is no schema gone"),
        (CreateExtension(name="plpgsql", schema="shop"), "is there already, in schema pg_catalog"),
    ],
)  # fmt: skip
def test_obstacles(db18: psycopg.Connection, change: Change, says: str) -> None:
    start(db18, TABLE)
    assert says in refusal(db18, change)


@pytest.mark.parametrize(
    ("type_", "more"),
    [("timestamptz", ", j json"), ("timestamp(3)", ""), ("date", ", g int GENERATED ALWAYS AS (id + 1) STORED")],
)
def test_an_update_touches_the_row(db: psycopg.Connection, type_: str, more: str) -> None:
    start(db, f"CREATE TABLE shop.item (id int PRIMARY KEY, a text, changed {type_}{more})")
    db.execute("INSERT INTO shop.item VALUES (1, 'x'), (2, 'x')")
    run_all(db, TouchUpdatedAt(table=ITEM, column="changed"))
    db.execute(
        "UPDATE shop.item SET a = 'y' WHERE id = 1; UPDATE shop.item SET a = 'y', changed = '2020-02-02' WHERE id = 2"
    )
    rows = db.execute("SELECT changed > now() - interval '2 days' FROM shop.item ORDER BY id").fetchall()
    assert rows == [(True,), (False,)], "a statement that sets the column itself is left alone"


def test_an_update_that_changes_nothing_touches_nothing(db18: psycopg.Connection) -> None:
    start(db18, TABLE)
    run_all(db18, TouchUpdatedAt(table=ITEM))
    db18.execute("UPDATE shop.item SET a = a")
    assert db18.execute("SELECT count(*) FROM shop.item WHERE updated_at IS NOT NULL").fetchone() == (0,)


SERIAL = """
    CREATE TABLE shop.item (id serial PRIMARY KEY, other int);
    INSERT INTO shop.item SELECT n, n * 2 FROM generate_series(1, 20) AS n;
    CREATE SEQUENCE shop."s q" AS smallint MAXVALUE 900 START 5;
"""
ITS = Relation("shop", "item_id_seq")


def test_a_sequence_goes_on_after_its_column_and_comes_back(db: psycopg.Connection) -> None:
    runner = start(db, SERIAL)
    (step,) = steps = runner.steps(SetSequence(sequence=ITS, restart=True))
    assert not runner.proven(step)
    runner.forward(steps)
    assert runner.proven(step)
    assert db.execute("INSERT INTO shop.item DEFAULT VALUES RETURNING id").fetchone() == (21,)
    db.execute("DELETE FROM shop.item WHERE id > 20")
    runner.back(steps)
    assert db.execute("SELECT last_value FROM shop.item_id_seq").fetchone() == (21,), "21 was given out"
    db.execute("SELECT setval('shop.item_id_seq', 3)")
    runner.forward(steps)
    runner.back(steps)
    assert db.execute("SELECT last_value, is_called FROM shop.item_id_seq").fetchone() == (3, True)


def test_a_sequence_never_goes_back(db18: psycopg.Connection) -> None:
    runner = start(db18, SERIAL)
    (step,) = runner.steps(SetSequence(sequence=ITS, restart=True))
    db18.execute("SELECT setval('shop.item_id_seq', 100)")
    assert runner.proven(step)
    runner.do(step)
    assert db18.execute("SELECT nextval('shop.item_id_seq')").fetchone() == (101,)


def test_without_an_index_the_column_is_read(db18: psycopg.Connection) -> None:
    start(db18, SERIAL)
    change = SetSequence(sequence=Relation("shop", "s q"), table=ITEM, column="other", restart=True, type="bigint")
    there_and_back(db18, change)


def test_enum_values_stay_and_so_come_last(db: psycopg.Connection) -> None:
    runner = start(db, "CREATE TYPE shop.\"en\"\"um %s\" AS ENUM ('a''s', '%s')")
    change = AddEnumValues(type=Relation("shop", 'en"um %s'), values=("b%s", "a's", "c"), before="%s")
    (step,) = runner.steps(change)
    assert (step.undo, step.phase) == (Way.NO_RETURN, Phase.CONTRACT)
    assert not runner.proven(step)
    runner.do(step)
    assert runner.proven(step)
    (found,) = take_snapshot(db).types
    assert found.values == ("a's", "b%s", "c", "%s")
    assert not runner.steps(change)


def test_a_domain_that_rows_violate_is_not_validated(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE DOMAIN shop.d AS int; CREATE TABLE shop.t (a shop.d); INSERT INTO shop.t VALUES (-1)")
    change = AddDomainConstraint(domain=Relation("shop", "d"), name="c", condition=Expression("VALUE > 0"))
    add, validate = runner.steps(change)
    runner.do(add)
    assert not runner.proven(validate)
    with pytest.raises(psycopg.errors.CheckViolation):
        runner.do(validate)
    with pytest.raises(psycopg.errors.CheckViolation):
        db18.execute("INSERT INTO shop.t VALUES (-2)")
    runner.undo(add)
    assert "writers of shop.t wait" in validate.hazard
