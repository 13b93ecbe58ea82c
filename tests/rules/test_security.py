"""Row security and privileges: what the server itself says of the cases that look alike."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.snapshot import Role, Snapshot
from pgrefit.rules.security._truth import is_always_true
from rules.observing import findings, measured, observe, rule_named
from step_runner import run_all

MEMBERS = """
    CREATE TABLE member (team int, name text, PRIMARY KEY (team, name));
    CREATE TABLE task (id int PRIMARY KEY, team int, name text);
    INSERT INTO member VALUES (1, 'pg_monitor'); INSERT INTO task VALUES (1, 1, 'pg_monitor');
    ALTER TABLE member ENABLE ROW LEVEL SECURITY; ALTER TABLE task ENABLE ROW LEVEL SECURITY;
    GRANT ALL ON member, task TO pg_monitor;
"""
MINE = "name = current_user"
MINE_ONCE = "name = (SELECT current_user)"
OF_TEAM = "team IN (SELECT m.team FROM member AS m)"
SEES_TASK = "EXISTS (SELECT FROM task AS t WHERE t.team = member.team)"


@pytest.mark.parametrize(
    ("policies", "statement", "recursive"),
    [
        (f"CREATE POLICY a ON member USING ({OF_TEAM});", "SELECT FROM member", True),
        (f"CREATE POLICY a ON member USING ({MINE}); CREATE POLICY b ON task USING ({OF_TEAM});", "TABLE task", False),
        (f"CREATE POLICY a ON member USING ({SEES_TASK}); CREATE POLICY b ON task USING ({OF_TEAM});",
         "TABLE task", True),
        ((f"CREATE POLICY a ON member FOR SELECT USING ({MINE});"
         f" CREATE POLICY b ON member FOR INSERT WITH CHECK ({OF_TEAM});"),
         "INSERT INTO member VALUES (1, 'other')", False),
        ((f"CREATE POLICY a ON member FOR SELECT USING ({MINE_ONCE});"
         f" CREATE POLICY b ON member FOR INSERT WITH CHECK ({OF_TEAM});"),
         "INSERT INTO member VALUES (1, 'other')", True),
        (("CREATE VIEW v WITH (security_invoker) AS SELECT * FROM member; GRANT SELECT ON v TO pg_monitor;"
         " CREATE POLICY a ON member USING (team IN (SELECT v.team FROM v));"), "TABLE member", True),
        (("CREATE VIEW v AS SELECT * FROM member; GRANT SELECT ON v TO pg_monitor;"
         " CREATE POLICY a ON member USING (team IN (SELECT v.team FROM v));"), "TABLE member", False),
        ((f"CREATE POLICY a ON member TO pg_monitor USING ({SEES_TASK});"
         f" CREATE POLICY b ON task TO pg_signal_backend USING ({OF_TEAM}); CREATE POLICY c ON task USING (true);"),
         "TABLE member", False),
    ],
)  # fmt: skip
def test_recursion_is_what_the_server_calls_so(
    db18: psycopg.Connection, policies: str, statement: str, *, recursive: bool
) -> None:
    found = findings(db18, "recursive-policy", MEMBERS + policies)
    assert bool(found) == recursive
    db18.execute("SET ROLE pg_monitor")
    if recursive:
        with pytest.raises(psycopg.errors.InvalidObjectDefinition, match="infinite recursion"):
            db18.execute(statement.encode())
    else:
        db18.execute(statement.encode())
    db18.execute("RESET ROLE")


@pytest.mark.parametrize(
    ("condition", "always"),
    [
        ("true", True), ("1 = 1", True), ("id = id", True), ("name IS NOT DISTINCT FROM name", True),
        ("'a' = 'a'", True), ("(SELECT true)", True), ("name IS NULL OR name IS NOT NULL", True),
        ("id IS NOT NULL", True), ("NOT false", True), ("2 > 1 AND (id <= id OR name = 'x')", True),
        ("false", False), ("1 = 2", False), ("name = name || ''", False), ("name IS NOT NULL", False),
        ("name = current_user", False), ("NOT true", False), ("id = 1", False), ("current_user IS NOT NULL", True),
        ("(SELECT count(*) FROM letter) > 0", False), ("true AND name = 'x'", False),
        ("name = 'x' OR NOT name = 'x'", True), ("name = 'x' OR NOT name = 'y'", False), ("EXISTS (SELECT 1)", True),
        ("EXISTS (SELECT 1 FROM letter)", False), ("name = ANY (ARRAY['x', name])", True), ("name LIKE '%'", True),
        ("name LIKE '%x'", False), ("name IN ('x', 'y')", False), ("COALESCE(true, false)", True),
        ("current_user = current_user", True), ("coalesce(name, 'x') = 'x'", False),
    ],
)  # fmt: skip
def test_what_is_always_true(db18: psycopg.Connection, condition: str, *, always: bool) -> None:
    db18.execute("CREATE TABLE letter (id int NOT NULL, name text)")
    db18.execute(f"CREATE POLICY p ON letter USING ({condition})".encode())
    row = db18.execute("SELECT pg_get_expr(polqual, polrelid) FROM pg_policy").fetchone()
    assert row is not None
    assert is_always_true(Expression(row[0]), {"id"}) == always


LETTERS = """
    CREATE TABLE letter (id int PRIMARY KEY, owner text NOT NULL);
    ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
    GRANT ALL ON letter TO PUBLIC;
"""


@pytest.mark.parametrize(
    ("policies", "severity"),
    [
        ("CREATE POLICY a ON letter USING (owner = current_user) WITH CHECK (true);", Severity.WARNING),
        ("CREATE POLICY a ON letter USING (true);", Severity.ERROR),
        ("CREATE POLICY a ON letter FOR INSERT WITH CHECK (true);", Severity.INFO),
        (("CREATE POLICY a ON letter FOR INSERT WITH CHECK (true);"
         " CREATE POLICY b ON letter FOR SELECT USING (owner = current_user);"), Severity.WARNING),
        (("CREATE POLICY a ON letter FOR SELECT USING (true);"
         " CREATE POLICY b ON letter FOR SELECT USING (owner = current_user);"), Severity.WARNING),
        ("CREATE POLICY a ON letter FOR SELECT USING (true); CREATE POLICY b ON letter USING (owner = current_user);",
         None),
    ],
)  # fmt: skip
def test_how_bad_it_is_that_a_policy_is_always_true(
    db18: psycopg.Connection, policies: str, severity: Severity | None
) -> None:
    found = findings(db18, "policy-always-true", LETTERS + policies)
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_where_nothing_is_granted_yet_a_policy_is_judged_by_itself(db18: psycopg.Connection) -> None:
    """A schema is often loaded without its grants; one that was granted to others alone is not open."""
    db18.execute(LETTERS.replace("GRANT ALL ON letter TO PUBLIC", "CREATE POLICY a ON letter USING (true)").encode())
    (found,) = findings(db18, "policy-always-true")
    assert found.severity is Severity.WARNING
    assert "whoever is granted it" in found.message
    assert findings(db18, "policy-always-true", "GRANT SELECT, UPDATE ON letter TO pg_monitor") == ()


@pytest.mark.parametrize(
    ("view", "passes"),
    [
        ("CREATE VIEW shown WITH (security_barrier) AS SELECT owner FROM letter;", True),
        ("CREATE VIEW shown WITH (security_barrier) AS SELECT owner FROM letter WHERE owner <> 'x';", False),
        ("CREATE VIEW shown WITH (security_invoker) AS SELECT owner FROM letter;", False),
    ],
)
def test_a_barrier_that_hides_nothing_is_none(db18: psycopg.Connection, view: str, passes: bool) -> None:
    sql = LETTERS.replace("GRANT ALL ON letter TO PUBLIC;", view)
    assert bool(findings(db18, "view-past-row-security", sql)) is passes


def test_in_a_select_of_no_table_is_asked_once(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION mine() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.who') $$;
        CREATE FUNCTION me() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('app.who') $$;
        CREATE POLICY a ON letter FOR SELECT USING (owner IN (SELECT mine()));
        CREATE POLICY b ON letter FOR UPDATE USING (me() IN (SELECT mine()) AND owner = 'x');
    """
    (found,) = findings(db18, "per-row-policy-call", LETTERS + sql)
    assert measured(found)["policies"] == ("b",)


def test_an_update_without_using_finds_no_row(db18: psycopg.Connection) -> None:
    sql = "CREATE POLICY a ON letter FOR UPDATE WITH CHECK (owner = current_user);"
    (found,) = findings(db18, "policy-without-condition", LETTERS + sql)
    assert "lets nothing through" in found.message


def test_a_helper_that_only_reads_is_called_once_a_statement(db18: psycopg.Connection) -> None:
    """Most are declared volatile, for nobody said otherwise; one that writes is called for each row on purpose."""
    sql = """
        CREATE FUNCTION me() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
        DECLARE found_name text;
        BEGIN
            SELECT rolname INTO found_name FROM pg_roles WHERE rolname = session_user;
            RETURN found_name;
        END $$;
        CREATE FUNCTION drawn() RETURNS text LANGUAGE sql AS $$ SELECT random()::text $$;
        CREATE TABLE seen (at timestamptz);
        CREATE FUNCTION noted() RETURNS text LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO seen VALUES (now()); RETURN session_user; END $$;
        CREATE POLICY a ON letter FOR SELECT USING (owner = me());
        CREATE POLICY b ON letter FOR DELETE USING (owner = drawn());
        CREATE POLICY c ON letter FOR UPDATE USING (owner = noted());
    """
    (found,) = findings(db18, "per-row-policy-call", LETTERS + sql)
    assert measured(found)["policies"] == ("a",)
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "per-row-policy-call") == ()


PARTS = """
    CREATE TABLE sale (id int, day date, owner text) PARTITION BY RANGE (day);
    CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE sale_2 PARTITION OF sale FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    ALTER TABLE sale ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON sale USING (owner = current_user);
    GRANT SELECT ON sale TO PUBLIC;
"""


def test_parts_that_are_granted_are_a_way_round(db18: psycopg.Connection) -> None:
    assert findings(db18, "table-without-row-security", PARTS) == ()
    db18.execute("GRANT SELECT ON sale_1, sale_2 TO PUBLIC")
    (found,) = findings(db18, "table-without-row-security")
    assert (found.object, measured(found)["open parts"]) == ("public.sale", ("public.sale_1", "public.sale_2"))


def with_roles(db: Snapshot, *roles: Role) -> Snapshot:
    return replace(db, roles=(*db.roles, *roles))


def judged(conn: psycopg.Connection, name: str, *roles: Role, owner: str = "") -> tuple[Finding, ...]:
    """What a rule finds with more roles in the cluster, and the tables owned by one of them."""
    rule = rule_named(name)
    observation = observe(conn, rule)
    db = with_roles(observation.snapshot, *roles)
    tables = tuple(replace(t, owner=owner or t.owner) for t in db.tables)
    found = audit.run(replace(observation, snapshot=replace(db, tables=tables)), [rule])
    assert not found.crashed
    return found.findings


API = (Role(name="anon"), Role(name="authenticated"))


def test_the_roles_of_an_api_are_all_the_world(db18: psycopg.Connection) -> None:
    """Without a table with row security in the schema there is nothing to compare with but the API."""
    db18.execute("CREATE TABLE note (id int PRIMARY KEY); GRANT SELECT, INSERT ON note TO PUBLIC")
    assert judged(db18, "table-without-row-security") == ()
    rule = rule_named("table-without-row-security")
    observation = observe(db18, rule)
    (note,) = observation.snapshot.tables
    granted = replace(note, grants=tuple(replace(grant, grantee=grant.grantee or "anon") for grant in note.grants))
    db = replace(with_roles(observation.snapshot, *API), tables=(granted,))
    (found,) = audit.run(replace(observation, snapshot=db), [rule]).findings
    assert found.severity is Severity.ERROR


def test_what_a_platform_owns_is_its_own_affair(db18: psycopg.Connection) -> None:
    db18.execute(
        "CREATE SCHEMA storage; CREATE TABLE storage.objects (id int PRIMARY KEY);"
        " ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY"
    )
    assert len(judged(db18, "row-security-without-policy")) == 1
    assert judged(db18, "row-security-without-policy", *API) == ()


@pytest.mark.parametrize(
    ("grants", "login", "binds_nobody"),
    [
        ("SELECT", Role(name="shop", can_login=True), True),
        ("GRANT SELECT ON letter TO pg_monitor", Role(name="shop", can_login=True), False),
        ("ALTER TABLE letter FORCE ROW LEVEL SECURITY", Role(name="shop", can_login=True), False),
        ("SELECT", Role(name="shop"), False),  # nobody logs in as the owner
        ("SELECT", Role(name="shop", can_login=True, superuser=True), False),  # nobody was let in yet
        ("ALTER TABLE letter FORCE ROW LEVEL SECURITY", Role(name="shop", can_login=True, bypass_rls=True), True),
    ],
)
def test_row_security_that_binds_nobody(
    db18: psycopg.Connection, grants: str, login: Role, *, binds_nobody: bool
) -> None:
    db18.execute(LETTERS.replace("GRANT ALL ON letter TO PUBLIC", "SELECT").encode())
    db18.execute("CREATE POLICY a ON letter USING (owner = current_setting('app.user'))")
    db18.execute(grants.encode())
    assert bool(judged(db18, "row-security-binds-nobody", login, owner="shop")) == binds_nobody


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("SET search_path = pg_catalog, pg_temp", 0),
        ('SET search_path = "$user", public', 1),  # "$user" is the owner: nobody chose that
        ('SET search_path = "$user", public, pg_temp', 0),
        ("SET search_path = pg_temp, pg_catalog", 1),
        ('SET search_path = "a, open_house", pg_temp', 0),
        ("SET search_path = open_house", 1),
        ("SET work_mem = '8MB'", 1),
    ],
)
def test_search_paths_in_which_others_have_a_say(db18: psycopg.Connection, setting: str, found: int) -> None:
    sql = f"""
        CREATE SCHEMA open_house; GRANT CREATE ON SCHEMA open_house TO PUBLIC;
        CREATE FUNCTION promote() RETURNS void LANGUAGE sql SECURITY DEFINER {setting} AS 'SELECT';
    """
    assert len(findings(db18, "mutable-search-path", sql)) == found


def test_a_schema_that_others_build_in_is_not_shut_without_a_word(db18: psycopg.Connection) -> None:
    sql = """
        CREATE SCHEMA shop; GRANT USAGE, CREATE ON SCHEMA shop TO PUBLIC;
        CREATE TABLE shop.sale (id int PRIMARY KEY); ALTER TABLE shop.sale OWNER TO pg_monitor;
    """
    (found,) = findings(db18, "schema-open-to-all", sql)
    assert found.remedy == ()
    assert "pg_monitor" in found.advice


def test_views_upon_views(db18: psycopg.Connection) -> None:
    sql = """
        CREATE POLICY own ON letter USING (owner = current_user);
        CREATE VIEW inner_one AS SELECT * FROM letter;
        CREATE VIEW outer_one AS SELECT id FROM inner_one;
        CREATE VIEW invoking WITH (security_invoker = true) AS SELECT * FROM letter;
        CREATE VIEW partial AS SELECT * FROM letter WHERE id > 10;
        GRANT SELECT ON outer_one, invoking, partial TO PUBLIC;
    """
    found = {f.object: f.severity for f in findings(db18, "view-past-row-security", LETTERS + sql)}
    assert found == {"public.outer_one": Severity.ERROR, "public.partial": Severity.WARNING}


def test_a_definer_that_only_its_owner_may_call_yet(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION promote() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT';
        REVOKE ALL ON FUNCTION promote FROM PUBLIC;
    """
    (found,) = findings(db18, "mutable-search-path", sql)
    assert found.severity is Severity.INFO


def test_a_definer_in_a_schema_of_which_nothing_is_granted_yet(db18: psycopg.Connection) -> None:
    sql = """
        CREATE SCHEMA shop; CREATE TABLE shop.sale (id int PRIMARY KEY);
        CREATE FUNCTION shop.clear() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS 'DELETE FROM shop.sale';
    """
    (found,) = findings(db18, "definer-function-for-everybody", sql)
    assert found.severity is Severity.INFO
    elsewhere = "CREATE SCHEMA api; CREATE TABLE api.t (id int PRIMARY KEY); GRANT USAGE ON SCHEMA api TO PUBLIC"
    assert findings(db18, "definer-function-for-everybody", elsewhere) == ()


OWN_ROWS = "ON letter FOR SELECT TO {r} USING (owner = current_user)"


@pytest.mark.parametrize(
    ("policies", "found"),
    [
        ([OWN_ROWS, "ON letter FOR UPDATE TO {r} USING (true)"], True),
        (["ON letter FOR UPDATE TO {r} USING (owner = current_user) WITH CHECK (true)"], True),
        (["ON letter TO {r} USING (true)"], True),  # row security for nothing
        (["ON letter TO {r}_admin USING (true)"], False),
        ([OWN_ROWS, "ON letter TO {r}_boss USING (true)"], False),
    ],
)
def test_a_role_that_is_let_past_the_rows_it_is_held_to(
    db18: psycopg.Connection, policies: list[str], *, found: bool
) -> None:
    role = f"of_{db18.info.dbname}"
    names = (role, f"{role}_admin", f"{role}_boss")
    db18.execute(LETTERS.replace("GRANT ALL ON letter TO PUBLIC", "SELECT").encode())
    db18.execute(";".join(f"CREATE ROLE {name}; GRANT ALL ON letter TO {name}" for name in names).encode())
    try:
        sql = ";".join(f"CREATE POLICY p{n} {policy.format(r=role)}" for n, policy in enumerate(policies))
        assert bool(findings(db18, "policy-always-true", sql)) == found
    finally:
        db18.execute(";".join(f"DROP OWNED BY {name}; DROP ROLE {name}" for name in names).encode())


def test_definer_functions_that_look_at_their_caller(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION is_me(who text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT who = session_user $$;
        CREATE FUNCTION drop_mine(which int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
        BEGIN
            IF NOT public.is_me((SELECT owner FROM public.letter WHERE id = which)) THEN RAISE EXCEPTION 'no'; END IF;
            DELETE FROM public.letter WHERE id = which;
        END $$;
        CREATE FUNCTION accept(invitation_token text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ DELETE FROM public.letter WHERE owner = invitation_token $$;
        CREATE FUNCTION drop_any(which int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ DELETE FROM public.letter WHERE id = which $$;
        CREATE SCHEMA private;
        CREATE FUNCTION private.drop_any(which int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ DELETE FROM public.letter WHERE id = which $$;
    """
    found = findings(db18, "definer-function-for-everybody", LETTERS + sql)
    assert [f.object for f in found] == ["public.drop_any(which integer)"]


def test_restrictive_policies_alone_show_nothing(db18: psycopg.Connection) -> None:
    sql = "CREATE POLICY a ON letter AS RESTRICTIVE USING (true);"
    (found,) = findings(db18, "row-security-without-policy", LETTERS + sql)
    assert (found.severity, "restrictive" in found.message) == (Severity.WARNING, True)
    db18.execute("INSERT INTO letter VALUES (1, 'pg_monitor'); SET ROLE pg_monitor")
    assert db18.execute("SELECT count(*) FROM letter").fetchone() == (0,)
    db18.execute("RESET ROLE")


def test_metadata_that_a_helper_reads(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION is_admin() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
        BEGIN RETURN current_setting('request.jwt.claims')::json #>> '{user_metadata,admin}' = 'yes'; END $$;
        CREATE POLICY a ON letter USING (is_admin());
    """
    (found,) = findings(db18, "policy-trusts-client", LETTERS + sql)
    assert measured(found) == {"policy a": "user_metadata"}


@pytest.mark.parametrize(("rights", "found"), [("INVOKER", 1), ("DEFINER", 0)])
def test_a_policy_that_asks_itself_by_way_of_a_function(db18: psycopg.Connection, rights: str, found: int) -> None:
    sql = f"""
        CREATE FUNCTION own() RETURNS SETOF int LANGUAGE sql STABLE SECURITY {rights}
            AS 'SELECT id FROM letter WHERE owner = session_user';
        CREATE POLICY a ON letter FOR SELECT USING (id IN (SELECT own()));
    """
    assert len(findings(db18, "recursive-policy", LETTERS + sql)) == found


def test_a_policy_may_hide_that_it_is_true_in_a_function(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE letter (id int PRIMARY KEY, owner name);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE FUNCTION fine() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
        CREATE FUNCTION asks() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN current_user = 'ann'; END $$;
        GRANT ALL ON letter TO PUBLIC;
        CREATE POLICY one ON letter FOR DELETE USING (asks());
    """
    assert findings(db18, "policy-always-true", sql) == ()
    (found,) = findings(db18, "policy-always-true", "CREATE POLICY two ON letter FOR UPDATE USING (fine())")
    assert "PUBLIC may change any row" in found.message


def test_who_is_a_member_is_subject_to_both_policies(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE letter (id int PRIMARY KEY, owner name, open boolean);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        CREATE POLICY one ON letter FOR SELECT TO pg_read_all_settings USING (owner = current_user);
        CREATE POLICY two ON letter FOR SELECT TO pg_monitor USING (open);
        GRANT SELECT ON letter TO pg_read_all_settings;
    """
    assert findings(db18, "overlapping-policies", sql) == ()


def test_in_the_schema_of_a_role_each_table_of_another_is_told(db18: psycopg.Connection) -> None:
    sql = """
        CREATE ROLE mixed_owner; CREATE SCHEMA shop AUTHORIZATION mixed_owner;
        CREATE TABLE shop.a (id int PRIMARY KEY); CREATE TABLE shop.b (id int PRIMARY KEY);
        ALTER TABLE shop.b OWNER TO mixed_owner;
    """
    (found,) = findings(db18, "mixed-owners", sql)
    assert measured(found)["owned by postgres"] == ("shop.a",)
    db18.execute("DROP SCHEMA shop CASCADE; DROP ROLE mixed_owner")


def test_the_database_may_be_open_too(db18: psycopg.Connection) -> None:
    name = db18.info.dbname
    (found,) = findings(db18, "schema-open-to-all", f'GRANT CREATE ON DATABASE "{name}" TO PUBLIC')
    assert found.object == f"database {name}"


def test_secrets_in_other_words(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE konto (id int PRIMARY KEY, haslo text, contrasena text, mot_de_passe text, haslo_zmieniono text);
        GRANT SELECT ON konto TO PUBLIC;
    """
    (found,) = findings(db18, "secret-open-to-all", sql)
    assert measured(found)["columns"] == ("haslo", "contrasena", "mot_de_passe")


def test_a_policy_for_reading_that_is_true_after_all(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE letter (id int PRIMARY KEY, owner name, body text);
        ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON letter TO PUBLIC;
        CREATE POLICY own ON letter FOR SELECT USING (owner = current_user OR body IS NOT NULL);
    """
    assert findings(db18, "policy-always-true", sql) == ()
    (found,) = findings(
        db18, "policy-always-true", "ALTER POLICY own ON letter USING (owner = current_user OR id = id)"
    )
    assert "own: shows every row" in found.message
