"""Policies, privileges and roles that say something else than was meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.server import NamedPassword, PasswordEnd, Server
from pgrefit.model.snapshot import Role, Snapshot
from pgrefit.observe.passwords import named_passwords
from rules.observing import findings, observe, rule_named

OWN = "owner = current_user"
LETTER = """
    CREATE TABLE letter (id int PRIMARY KEY, owner text NOT NULL, state text NOT NULL, team int NOT NULL);
    CREATE TABLE member (team int, name text, PRIMARY KEY (team, name));
    CREATE TABLE usher (name text PRIMARY KEY);
    ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT, UPDATE, DELETE ON letter TO pg_monitor;
"""


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (f"FOR UPDATE USING ({OWN}) WITH CHECK (state = 'draft')", "give their rows to another"),
        (f"FOR UPDATE USING ({OWN}) WITH CHECK (state = 'draft' AND {OWN})", ""),
        (f"FOR UPDATE USING ({OWN} AND state = 'draft')", ""),
        ("FOR INSERT WITH CHECK (state = 'draft')", "in the name of another"),
        ("FOR INSERT WITH CHECK (owner <> 'nobody' AND team > 0)", "in the name of another"),
        ("USING (EXISTS (SELECT FROM member m WHERE m.name = current_user AND m.team = team))", "m.team with itself"),
        ("USING (EXISTS (SELECT FROM member m WHERE m.name = current_user AND m.team = letter.team))", ""),
        ("USING (EXISTS (SELECT FROM member m WHERE m.name = current_user))", "does not compare team"),
        ("USING (EXISTS (SELECT FROM member m WHERE m.name = current_user AND m.team = 1))", ""),
        ("USING (EXISTS (SELECT FROM usher u WHERE u.name = current_user))", ""),
        ("USING (owner = coalesce(current_setting('a.b', true), owner))", "every row through where current_setting"),
        ("USING (current_setting('a.b', true) IS NULL OR owner = current_setting('a.b', true))", "every row through"),
        ("USING (current_setting('a.b', true) = '' OR owner = current_setting('a.b', true))", "every row through"),
        ("USING (owner = coalesce(current_setting('a.b', true), ''))", ""),
        ("USING (owner = current_user OR state IS NULL)", ""),
    ],
)
def test_slips_of_policies(db18: psycopg.Connection, policy: str, said: str) -> None:
    reading = f"CREATE POLICY seen ON letter FOR SELECT USING ({OWN}); CREATE POLICY p ON letter {policy};"
    found = findings(db18, "policy-always-true", LETTER + reading)
    assert [said in str(one.message) for one in found] == ([True] if said else [])


def test_a_trigger_may_look_after_the_owner(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE POLICY p ON letter FOR UPDATE USING ({OWN}) WITH CHECK (state = 'draft');
        CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.owner := OLD.owner; RETURN NEW; END $$;
        CREATE TRIGGER kept BEFORE UPDATE ON letter FOR EACH ROW EXECUTE FUNCTION kept();
    """
    assert not findings(db18, "policy-always-true", LETTER + sql)


@pytest.mark.parametrize(("condition", "found"), [
    ("auth.uid() IS NOT NULL", 1), ("auth.role() = 'authenticated'", 1), ("(SELECT auth.uid()) IS NOT NULL", 1),
    ("auth.role() = 'admin'", 0), ("auth.uid() IS NOT NULL AND auth.uid() = owner", 0),
])  # fmt: skip
def test_any_login_may_change_it(db18: psycopg.Connection, condition: str, found: int) -> None:
    sql = f"""
        CREATE SCHEMA auth;
        CREATE FUNCTION auth.uid() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('a.sub', true) $$;
        CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('a.role', true) $$;
        CREATE POLICY seen ON letter FOR SELECT TO pg_monitor USING ({OWN});
        CREATE POLICY p ON letter FOR DELETE TO pg_monitor USING ({condition});
    """
    assert len(findings(db18, "policy-always-true", LETTER + sql)) == found


def test_functions_that_query_for_each_row(db18: psycopg.Connection) -> None:
    sql = """
        INSERT INTO letter SELECT n, 'me', 'sent', 1 FROM generate_series(1, 1500) AS n;
        CREATE FUNCTION in_team(wanted int) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
        BEGIN RETURN EXISTS (SELECT FROM member WHERE team = wanted AND name = session_user); END $$;
        CREATE FUNCTION draft(state text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN RETURN state = 'draft'; END $$;
        CREATE POLICY of_state ON letter USING (draft(state));
        CREATE POLICY cheap ON letter FOR UPDATE USING (owner = current_user AND in_team(team));
        CREATE POLICY of_team ON letter FOR SELECT USING (in_team(team));
        ANALYZE letter;
    """
    assert [f.object for f in findings(db18, "policy-subselect-per-row", LETTER + sql)] == [
        "public.letter, policy of_team"
    ]


def test_an_index_for_each_way_to_see_a_row(db18: psycopg.Connection) -> None:
    sql = f"""
        ALTER TABLE letter ADD COLUMN reader text;
        INSERT INTO letter SELECT n, 'user ' || n, 'sent', 1, 'user ' || n FROM generate_series(1, 1500) AS n;
        CREATE INDEX ON letter (owner);
        CREATE POLICY either ON letter USING ({OWN} OR reader = current_user);
        ANALYZE letter;
    """
    assert [f.object for f in findings(db18, "policy-column-without-index", LETTER + sql)] == ["public.letter.reader"]


def test_rows_by_a_function_of_the_owner(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE POLICY own ON letter USING ({OWN});
        CREATE FUNCTION found(wanted text) RETURNS SETOF letter LANGUAGE sql STABLE SECURITY DEFINER
            SET search_path = '' AS $$ SELECT * FROM public.letter WHERE state = wanted $$;
        CREATE FUNCTION mine() RETURNS SETOF letter LANGUAGE sql STABLE SECURITY DEFINER
            SET search_path = '' AS $$ SELECT * FROM public.letter WHERE owner = session_user $$;
        REVOKE ALL ON FUNCTION found, mine FROM PUBLIC; GRANT EXECUTE ON FUNCTION found, mine TO pg_monitor;
    """
    (found,) = findings(db18, "definer-function-for-everybody", LETTER + sql)
    assert found.object == "public.found(wanted text)"


def test_a_tenant_is_no_person(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE membership (tenant text, user_id text, role text CHECK (role IN ('user', 'admin')),
                                 PRIMARY KEY (tenant, user_id));
        ALTER TABLE membership ENABLE ROW LEVEL SECURITY;
        GRANT UPDATE ON membership TO pg_monitor;
        CREATE POLICY p ON membership USING (tenant = current_setting('a.tenant'));
    """
    assert not findings(db18, "self-granted-rights", sql)
    own = "DROP POLICY p ON membership; CREATE POLICY p ON membership USING (user_id = current_user)"
    assert len(findings(db18, "self-granted-rights", own)) == 1


def test_a_member_of_the_owner_passes(db18: psycopg.Connection) -> None:
    db18.execute("CREATE ROLE builder; CREATE ROLE visitor; GRANT builder TO visitor")
    try:
        sql = f"ALTER TABLE letter OWNER TO builder; CREATE POLICY p ON letter TO visitor USING ({OWN})"
        (found,) = findings(db18, "row-security-binds-nobody", LETTER + sql)
        assert "member of builder" in found.message
        assert not findings(db18, "row-security-binds-nobody", "ALTER TABLE letter FORCE ROW LEVEL SECURITY")
    finally:
        db18.execute("DROP TABLE letter, member, usher; DROP ROLE visitor, builder")


def test_passwords_that_are_names(db18: psycopg.Connection) -> None:
    db18.execute("SET password_encryption = 'md5'; CREATE ROLE old_kiosk LOGIN PASSWORD 'old_kiosk'; SET"
                 " password_encryption = 'scram-sha-256'; CREATE ROLE kiosk LOGIN PASSWORD 'kiosk';"
                 " CREATE ROLE desk LOGIN PASSWORD 'other'")  # fmt: skip
    try:
        rows = db18.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL").fetchall()
        stored = [{"role": role, "stored": kept} for role, kept in rows]
        assert {one.role for one in named_passwords(stored)} == {"kiosk", "old_kiosk"}
        assert list(named_passwords([{"role": "odd", "stored": "SCRAM-SHA-256$x"}])) == []
    finally:
        db18.execute("DROP ROLE old_kiosk, kiosk, desk")


NOW = datetime(2026, 1, 15, tzinfo=UTC)
OVER, SOON = PasswordEnd(role="ann", at=NOW - timedelta(90)), PasswordEnd(role="ann", at=NOW + timedelta(3))


@pytest.mark.parametrize(("rule", "role", "server", "found"), [
    ("application-as-superuser", Role(name="shop_web", superuser=True, can_login=True), Server(), 1),
    ("application-as-superuser", Role(name="shop_dba", superuser=True, can_login=True), Server(), 0),
    ("application-as-superuser", Role(name="shop_web", create_role=True, can_login=True), Server(), 1),
    ("application-as-superuser", Role(name="ann", superuser=True, can_login=True), Server(), 0),
    ("application-as-superuser", Role(name="shop_web", superuser=True), Server(), 0),
    ("password-like-name", Role(name="shop_web"), Server(named_passwords=(NamedPassword(role="shop_web"),)), 1),
    ("password-about-to-end", Role(name="ann"), Server(password_ends=(OVER,)), 1),
    ("password-about-to-end", Role(name="ann"), Server(password_ends=(SOON,)), 0),
])  # fmt: skip
def test_roles(db18: psycopg.Connection, rule: str, role: Role, server: Server, found: int) -> None:
    known = observe(db18, rule_named(rule))
    snapshot = Snapshot(database="shop", server_version=180000, roles=(role,))
    given = replace(known, snapshot=snapshot, server=replace(server, version_num=180000, observed_at=NOW))
    assert len(audit.run(given, [rule_named(rule)]).findings) == found


def test_conditions_of_indexes_in_other_words(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE task (id int PRIMARY KEY, name text, done boolean, gone boolean);
        CREATE INDEX ON task (name) WHERE done AND gone IS NOT NULL;
        CREATE INDEX ON task (name) WHERE NOT gone IS NULL AND done = true;
        CREATE INDEX ON task (name) WHERE NOT done;
        CREATE INDEX ON task (id, name DESC); CREATE INDEX ON task (id DESC, name);
    """
    assert len(findings(db18, "duplicate-index", sql)) == 2


def test_one_of_few_kinds_may_be_empty(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE slot (id int PRIMARY KEY, room int NOT NULL, shift int, number int, UNIQUE (room, shift),
                           UNIQUE (room, number));
        INSERT INTO slot SELECT n, (n - 1) / 4, CASE WHEN n % 4 > 1 THEN n % 4 END, CASE WHEN n % 4 > 1 THEN n END
            FROM generate_series(1, 400) AS n;
        ANALYZE slot;
    """
    (found,) = findings(db18, "unique-key-over-nullable-column", sql)
    assert found.object == "public.slot_room_shift_key"


def test_unique_in_some_rows_where_it_is_so_in_all(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE account (id int PRIMARY KEY, email text UNIQUE, login text, gone boolean);
        CREATE UNIQUE INDEX account_live ON account (email) WHERE NOT gone;
        CREATE UNIQUE INDEX ON account (login) WHERE NOT gone;
    """
    assert [f.object for f in findings(db18, "implied-unique-key", sql)] == ["public.account_live"]


def test_a_role_with_policies_of_its_own_that_bypasses_them(db18: psycopg.Connection) -> None:
    db18.execute("CREATE ROLE visitor BYPASSRLS; CREATE ROLE robot BYPASSRLS")
    try:
        sql = f"""
            CREATE POLICY own ON letter TO visitor USING ({OWN});
            CREATE POLICY any_row ON letter TO robot USING (true);
        """
        assert [f.object for f in findings(db18, "row-security-binds-nobody", LETTER + sql)] == ["role visitor"]
    finally:
        db18.execute("DROP TABLE letter, member, usher; DROP ROLE visitor, robot")


def test_mostly_null_before_other_columns(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE task (id int PRIMARY KEY, blocker int, gone_at timestamptz, kind int);
        CREATE INDEX task_blocker ON task (blocker, kind);
        CREATE INDEX task_live ON task (gone_at, kind);
        CREATE INDEX task_kind ON task (kind, blocker);
        INSERT INTO task SELECT n, CASE WHEN n % 50 = 0 THEN n END, CASE WHEN n % 50 = 0 THEN now() END, n % 70
            FROM generate_series(1, 2000) AS n;
        ANALYZE task;
    """
    assert [f.object for f in findings(db18, "mostly-null-index", sql)] == ["public.task_blocker"]


def test_a_function_that_changes_rows_of_others(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE POLICY own ON letter USING ({OWN});
        CREATE FUNCTION sent(wanted int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ UPDATE public.letter SET state = 'sent' WHERE id = wanted $$;
        CREATE FUNCTION noted(wanted int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ INSERT INTO public.letter VALUES (wanted, session_user, 'new', 1) $$;
        REVOKE ALL ON FUNCTION sent, noted FROM PUBLIC; GRANT EXECUTE ON FUNCTION sent, noted TO pg_monitor;
    """
    (found,) = findings(db18, "definer-function-for-everybody", LETTER + sql)
    assert found.object == "public.sent(wanted integer)"


def test_what_everybody_reads_a_function_may_show(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE price (day date PRIMARY KEY, amount int);
        ALTER TABLE price ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON price TO PUBLIC;
        CREATE POLICY seen ON price FOR SELECT USING (true);
        CREATE FUNCTION price_of(wanted date) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = ''
            AS $$ SELECT amount FROM public.price WHERE day = wanted $$;
    """
    assert not findings(db18, "definer-function-for-everybody", sql)


def test_views_upon_views_that_ask_as_their_reader(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE POLICY own ON letter USING ({OWN});
        CREATE VIEW inner_view WITH (security_invoker) AS SELECT * FROM letter;
        CREATE VIEW outer_view AS SELECT id, state FROM inner_view;
        CREATE MATERIALIZED VIEW per_letter AS
            SELECT l.id, l.state, count(*) FROM letter AS l JOIN member AS m USING (team) GROUP BY l.id;
        CREATE MATERIALIZED VIEW per_team AS SELECT l.team, count(*) FROM letter AS l GROUP BY l.team;
        GRANT SELECT ON outer_view, per_letter, per_team TO pg_monitor;
    """
    assert [f.object for f in findings(db18, "view-past-row-security", LETTER + sql)] == ["public.per_letter"]


def test_triggers_on_tables_with_policies(db18: psycopg.Connection) -> None:
    sql = f"CREATE POLICY own ON letter USING ({OWN}); GRANT TRIGGER ON letter TO pg_monitor"
    (found,) = findings(db18, "truncate-past-row-security", LETTER + sql)
    assert "make triggers" in found.message
    (found,) = findings(db18, "truncate-past-row-security", "GRANT TRUNCATE ON letter TO pg_monitor")
    assert "TRUNCATE it" in found.message


def test_whose_rows_they_are_is_no_row_of_theirs(db18: psycopg.Connection) -> None:
    sql = f"""
        CREATE POLICY own ON letter USING ({OWN});
        CREATE TABLE person (owner text PRIMARY KEY, town text);
        CREATE TABLE wish (owner text PRIMARY KEY REFERENCES person, sum int);
        GRANT SELECT ON person, wish TO pg_monitor;
    """
    assert [f.object for f in findings(db18, "table-without-row-security", LETTER + sql)] == ["public.wish"]


def test_arrays_of_the_keys_of_a_tree(db18: psycopg.Connection) -> None:
    sql = """
        CREATE DOMAIN labels AS text[];
        CREATE TABLE part (id int PRIMARY KEY, inside int REFERENCES part, above int[], uses int[], tags labels);
        CREATE INDEX part_above ON part (above);
        CREATE INDEX part_uses ON part (uses);
        CREATE INDEX part_tags ON part (tags);
        INSERT INTO part SELECT n, nullif(n / 9, 0), ARRAY[n / 9, n], ARRAY[n % 7], '{a}'
            FROM generate_series(1, 500) AS n;
        ANALYZE part;
    """
    assert {f.object for f in findings(db18, "btree-on-array", sql)} == {"public.part_uses", "public.part_tags"}


def test_notes_of_what_has_not_changed(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE sale (id int PRIMARY KEY, state text);
        CREATE TABLE history (id int, before text, after text);
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO history VALUES (NEW.id, OLD.state, NEW.state); RETURN NULL; END $$;
        CREATE TRIGGER noted AFTER UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION noted();
        CREATE TRIGGER only_state AFTER UPDATE OF state ON sale FOR EACH ROW EXECUTE FUNCTION noted();
    """
    assert [f.object for f in findings(db18, "condition-inside-trigger", sql)] == ["public.sale.noted"]
