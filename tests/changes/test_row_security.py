"""Policies, privileges, roles and functions with rights of their own: what they let through, and the exact way back."""

from __future__ import annotations

import psycopg
import pytest

from changes.lawful import refusal, there_and_back
from pgrefit.changes.create_definer_function import CreateDefinerFunction
from pgrefit.changes.create_policy import CreatePolicy
from pgrefit.changes.create_role import CreateRole
from pgrefit.changes.drop_policy import DropPolicy
from pgrefit.changes.enable_row_security import EnableRowSecurity
from pgrefit.changes.grant_privileges import GrantPrivileges
from pgrefit.changes.replace_policy import ReplacePolicy
from pgrefit.changes.revoke_privileges import RevokePrivileges
from pgrefit.model.change import Change
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy
from pgrefit.observe.snapshot import take_snapshot
from step_runner import Runner, run_all, start

NOTE = Relation("shop", "note")
HOSTILE = Relation("shop", 'no"te %s')
TABLE = """
    CREATE TABLE shop.note (id int PRIMARY KEY, owner text, body text, day date);
    INSERT INTO shop.note SELECT n, 'pg_monitor', 'x', now() FROM generate_series(1, 20) AS n;
    CREATE POLICY mine ON shop.note FOR UPDATE TO pg_monitor, pg_read_all_data USING (owner = CURRENT_USER);
    COMMENT ON POLICY mine ON shop.note IS 'it''s mine';
    CREATE TABLE shop."no""te %s" (id int PRIMARY KEY, "ow""ner" text);
    INSERT INTO shop."no""te %s" SELECT n FROM generate_series(1, 20) AS n;
    CREATE POLICY "po""licy" ON shop."no""te %s" USING ("ow""ner" = '%s');
    CREATE SEQUENCE shop."s q";
    CREATE FUNCTION shop."f n"(a integer, OUT b shop.note) LANGUAGE sql AS 'SELECT NULL::shop.note';
    CREATE VIEW shop.notes AS SELECT id FROM shop.note;
"""
MINE = Expression("owner = CURRENT_USER")
TRUE = Expression("true")
FUNCTION = Relation("shop", "f n")


@pytest.mark.parametrize(
    "change",
    [
        CreatePolicy(table=NOTE, name='n"ew %s', command="insert", permissive=False, check=MINE, comment="%s's"),
        CreatePolicy(table=NOTE, name="all", roles=("pg_monitor", "pg_read_all_data"), using=MINE, check=TRUE),
        CreatePolicy(table=NOTE, name="everybody", command="delete", roles=("public",), using=MINE),
        DropPolicy(table=NOTE, name="mine"),
        DropPolicy(table=HOSTILE, name='po"licy'),
        ReplacePolicy(table=NOTE, policy=Policy(name="mine", command="update", using=MINE, check=TRUE)),
        ReplacePolicy(table=NOTE, policy=Policy(name="mine", command="update", roles=("pg_monitor",), using=MINE)),
        ReplacePolicy(table=HOSTILE, policy=Policy(name='po"licy', command="all", permissive=False, using=TRUE)),
        EnableRowSecurity(table=HOSTILE, force=True, policies=(Policy(name="%s", command="all", using=TRUE),)),
    ],
    ids=lambda change: change.title,
)
def test_policies_there_and_back(db18: psycopg.Connection, change: Change) -> None:
    start(db18, TABLE)
    there_and_back(db18, change)


def test_policies_come_before_row_security(db18: psycopg.Connection) -> None:
    start(db18, TABLE + "GRANT SELECT ON shop.note TO pg_monitor; GRANT USAGE ON SCHEMA shop TO pg_monitor")
    change = EnableRowSecurity(table=NOTE, policies=(Policy(name="read", command="select", using=MINE),))
    steps = run_all(db18, change)
    assert [step.phase.value for step in steps] == ["expand", "switch"]
    assert "shop.notes" in steps[-1].hazard, "the view reads the table with its owner's rights"
    db18.execute("SET ROLE pg_monitor")
    assert db18.execute("SELECT count(*) FROM shop.note").fetchone() == (20,)
    db18.execute("RESET ROLE; UPDATE shop.note SET owner = 'x' WHERE id > 7; SET ROLE pg_monitor")
    assert db18.execute("SELECT count(*) FROM shop.note").fetchone() == (7,)


def test_a_table_without_policies_is_a_hazard(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.note (id int PRIMARY KEY)")
    (step,) = runner.steps(EnableRowSecurity(table=NOTE))
    assert "no policy: nobody but its owner and superusers" in step.hazard
    runner.do(step)
    assert not runner.steps(EnableRowSecurity(table=NOTE))
    (force,) = runner.steps(EnableRowSecurity(table=NOTE, force=True))
    assert force.do == ('ALTER TABLE "shop"."note" FORCE ROW LEVEL SECURITY',)


def test_the_same_policy_again_takes_no_step(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLE)
    policy = Policy(
        name="mine", command="update", roles=("pg_read_all_data", "pg_monitor"), using=Expression(f"({MINE})")
    )
    assert not runner.steps(ReplacePolicy(table=NOTE, policy=policy))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (CreatePolicy(table=NOTE, name="mine", using=MINE), "has a policy mine already"),
        (CreatePolicy(table=NOTE, name="x", command="insert", using=MINE), "has WITH CHECK alone"),
        (CreatePolicy(table=NOTE, name="x", command="select", check=MINE), "has USING alone"),
        (CreatePolicy(table=NOTE, name="x", using=Expression("owner =")), "USING is not readable"),
        (CreatePolicy(table=NOTE, name="x", using=Expression("id IN (SELECT id FROM staff)")), "names staff without"),
        (DropPolicy(table=NOTE, name="x"), "has no policy x"),
        (ReplacePolicy(table=NOTE, policy=Policy(name="x", command="all")), "has no policy x"),
        (EnableRowSecurity(table=NOTE, policies=(Policy(name="mine", command="all"),)), "has a policy mine already"),
        (EnableRowSecurity(table=Relation("shop", "gone")), "no such table"),
        (GrantPrivileges(on=NOTE, privileges=("execute",), roles=("x",)), "has no privilege EXECUTE"),
        (GrantPrivileges(on=NOTE, columns=("z",), privileges=("select",), roles=("x",)), "no such column"),
        (GrantPrivileges(privileges=("select",), roles=("x",)), "a schema is named by `schema`"),
        (GrantPrivileges(kind="schema", schema="gone", privileges=("usage",), roles=("x",)), "no such schema"),
        (
            GrantPrivileges(kind="function", on=FUNCTION, arguments="b text", privileges=("execute",), roles=("x",)),
            "no such function",
        ),
        (
            RevokePrivileges(on=NOTE, columns=("id",), privileges=("select",), roles=("pg_signal_backend",)),
            "taking columns from that has no effect",
        ),
        (CreateRole(name="pg_mine"), "keeps for itself"),
        (CreateRole(name="postgres"), "may log in"),
        (CreateRole(name="x" * 64), "longer than 63"),
    ],
)  # fmt: skip
def test_obstacles(db18: psycopg.Connection, change: Change, says: str) -> None:
    start(db18, TABLE + "GRANT SELECT ON shop.note TO pg_signal_backend")
    assert says in refusal(db18, change)


ROLES = ("pg_monitor", "public", "pg_read_all_data")


@pytest.mark.parametrize("already", ["", "ALL", "GRANT OPTION"])
@pytest.mark.parametrize(
    ("on", "names"),
    [
        ("TABLE shop.note", {"on": NOTE, "privileges": ("select", "delete")}),
        ("TABLE shop.note", {"on": NOTE, "privileges": ("select", "update"), "columns": ("id", "day")}),
        ("TABLE shop.notes", {"on": Relation("shop", "notes"), "privileges": ("select",)}),
        ('SEQUENCE shop."s q"', {"kind": "sequence", "on": Relation("shop", "s q"), "privileges": ("usage",)}),
        (
            'FUNCTION shop."f n"',
            {"kind": "function", "on": FUNCTION, "arguments": "a integer, OUT b shop.note", "privileges": ("execute",)},
        ),
        ("SCHEMA shop", {"kind": "schema", "schema": "shop", "privileges": ("usage", "create")}),
    ],
    ids=["table", "columns", "view", "sequence", "function", "schema"],
)
def test_privileges_there_and_back(db18: psycopg.Connection, on: str, names: dict[str, object], already: str) -> None:
    """Given and taken: whatever was held before is held again, in the same order, with the right to grant it."""
    start(db18, TABLE)
    what = " ,".join(f"{p} (id, day)" if "columns" in names else p for p in names["privileges"])  # type: ignore[attr-defined]
    if already:
        option = "WITH GRANT OPTION" if already == "GRANT OPTION" else ""
        db18.execute(f"GRANT {what} ON {on} TO pg_read_all_data {option}".encode())
        db18.execute(f"GRANT {what} ON {on} TO pg_signal_backend, pg_checkpoint, pg_monitor".encode())
    if already != "ALL":
        new = GrantPrivileges(roles=("pg_monitor", "pg_read_all_data"), grantable=True, **names)  # type: ignore[arg-type]
        there_and_back(db18, new)
    if already:
        there_and_back(db18, RevokePrivileges(roles=ROLES, **names))  # type: ignore[arg-type]


def test_privileges_of_columns_go_with_those_of_the_table_and_come_back(db: psycopg.Connection) -> None:
    start(db, TABLE + """
        GRANT SELECT, INSERT ON shop.note TO pg_monitor, pg_checkpoint;
        GRANT SELECT (day) ON shop.note TO pg_monitor WITH GRANT OPTION;
        GRANT SELECT (day), UPDATE (day) ON shop.note TO pg_checkpoint;
    """)  # fmt: skip
    there_and_back(db, RevokePrivileges(on=NOTE, privileges=("select",), roles=("pg_checkpoint", "pg_monitor")))


def test_what_was_granted_meanwhile_stays(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLE + "GRANT SELECT ON shop.note TO pg_monitor, pg_checkpoint")
    steps = runner.steps(RevokePrivileges(on=NOTE, privileges=("select",), roles=("pg_monitor",)))
    runner.forward(steps)
    db18.execute("GRANT INSERT ON shop.note TO pg_signal_backend; REVOKE ALL ON shop.note FROM pg_checkpoint")
    runner.back(steps)
    held = {(g.grantee, g.privilege) for g in take_snapshot(db18).table(NOTE).grants if g.grantee != "postgres"}
    assert held == {("pg_monitor", "SELECT"), ("pg_signal_backend", "INSERT")}


def test_public_no_longer_calls_a_function(db: psycopg.Connection) -> None:
    """By default everybody may, which no access list says."""
    start(db, TABLE)
    arguments = "a integer, OUT b shop.note"
    change = RevokePrivileges(
        kind="function", on=FUNCTION, arguments=arguments, privileges=("execute",), roles=("public",)
    )
    there_and_back(db, change)


def test_what_is_held_already_takes_no_step(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLE + "GRANT SELECT ON shop.note TO pg_monitor")
    assert not runner.steps(GrantPrivileges(on=NOTE, privileges=("SELECT",), roles=("pg_monitor", "postgres")))
    assert not runner.steps(RevokePrivileges(on=NOTE, privileges=("insert",), roles=("pg_monitor",)))


def test_a_role_is_dropped_only_by_whom_it_was_made(db18: psycopg.Connection) -> None:
    runner = start(db18, "")
    name = 'ro"le %s {x} é'
    change = CreateRole(name=name, member_of=("pg_monitor",))
    there_and_back(db18, change)
    steps = runner.steps(change)
    runner.forward(steps)
    assert not runner.steps(change), "another database finds it there"
    role = next(role for role in take_snapshot(db18).roles if role.name == name)
    assert (role.can_login, role.member_of) == (False, ("pg_monitor",))
    runner.back(steps)
    assert name not in {role.name for role in take_snapshot(db18).roles}


def test_a_definer_function_is_for_those_named_alone(db: psycopg.Connection) -> None:
    start(db, TABLE + "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO pg_checkpoint")
    change = CreateDefinerFunction(
        name=Relation("shop", 'cou"nt %s'), arguments=Expression("\"of\" text, least numeric(5, 2)[] DEFAULT '{}'"),
        returns=Expression("TABLE (n bigint)"), language="plpgsql", execute=("pg_monitor", "pg_read_all_data"),
        body="BEGIN RETURN QUERY SELECT count(*) FROM shop.note AS s WHERE s.owner = \"of\"; END", volatility="stable",
    )  # fmt: skip
    assert "not readable" in refusal(db, change), "least is a word of the grammar"


@pytest.mark.parametrize("language", ["sql", "plpgsql"])
def test_a_definer_function_runs_with_its_owners_rights(db18: psycopg.Connection, language: str) -> None:
    start(db18, TABLE + """
        ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO pg_checkpoint;
        GRANT USAGE ON SCHEMA shop TO PUBLIC
    """)  # fmt: skip
    select = 'SELECT count(*) FROM shop.note AS s WHERE s.owner = "of"'
    change = CreateDefinerFunction(
        name=Relation("shop", 'cou"nt %s'), arguments=Expression("\"of\" text, x numeric(5, 2)[] DEFAULT '{}'"),
        returns=Expression("TABLE (n bigint)"), language=language, execute=("pg_monitor",), volatility="stable",  # type: ignore[arg-type]
        body=select if language == "sql" else f"BEGIN RETURN QUERY {select}; END",
    )  # fmt: skip
    there_and_back(db18, change)
    run_all(db18, change)
    call = 'SELECT * FROM shop."cou""nt %s"(\'pg_monitor\')'
    db18.execute("SET ROLE pg_monitor")
    assert db18.execute(call.encode()).fetchone() == (20,)
    db18.execute("SET ROLE pg_checkpoint")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db18.execute(call.encode())


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("execute", ("public",), "not to be called by everybody"),
        ("search_path", ("pg_temp", "pg_catalog"), "name it last"),
        ("search_path", ("$user", "pg_catalog"), "a schema of its caller"),
        ("search_path", (), "no search_path"),
        ("body", "SELECT FROM WHERE", "cannot be read"),
        ("returns", "int)", "not readable"),
        ("name", Relation("shop", "there"), "is there already"),
        ("name", Relation("gone", "x"), "there is no schema gone"),
    ],
)
def test_definer_functions_that_are_refused(db18: psycopg.Connection, field: str, value: object, says: str) -> None:
    start(db18, "CREATE FUNCTION shop.there() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    fields = {"name": Relation("shop", "x"), "returns": "int", "body": "SELECT 1", field: value}
    assert says in refusal(db18, CreateDefinerFunction(**fields))  # type: ignore[arg-type]


def test_hazards_say_who_sees_more_or_less(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLE + "ALTER TABLE shop.note ENABLE ROW LEVEL SECURITY")
    said = {
        CreatePolicy(table=NOTE, name="x", using=MINE): "everybody may see or write more rows",
        CreatePolicy(table=NOTE, name="x", using=MINE, permissive=False): "everybody may see or write fewer rows",
        CreatePolicy(table=HOSTILE, name="x", using=TRUE): "no effect until row security",
        DropPolicy(table=NOTE, name="mine"): "the only policy",
    }
    for change, says in said.items():
        (step,) = Runner(runner.conn).steps(change)
        assert says in step.hazard
