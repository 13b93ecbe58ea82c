"""What roles reach when they try, on policies of many shapes: each truth written down by hand."""

from collections.abc import Iterator

import psycopg
import pytest

from pgrefit.model.access import Persona, Reach
from pgrefit.observe.proof import prove
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.cluster import Cluster

ROLES = ("proof_owner", "proof_ann", "proof_group", "proof_apart", "proof_beyond", "proof_blind")
ANN = (("app.who", "ann"),)
TABLES = ("plain", "owned", "forced", "narrowed", "each_way", "unseen", "taken", "logged", "grouped", "nobody")
# Ten rows in each table: ann has 1 to 4, bob 5 to 7, nobody the rest.
ME = "owner = current_setting('app.who', true)"
SETUP = f"""
CREATE SCHEMA app;
CREATE TABLE app.log (at timestamptz DEFAULT now());
{
    "".join(
        f'''
CREATE TABLE app.{name} (id int PRIMARY KEY, owner text, body text);
INSERT INTO app.{name} SELECT n, CASE WHEN n < 5 THEN 'ann' WHEN n < 8 THEN 'bob' END, 'x'
    FROM generate_series(1, 10) AS n;
ALTER TABLE app.{name} OWNER TO proof_owner;
'''
        for name in TABLES
    )
}
{"".join(f"ALTER TABLE app.{name} ENABLE ROW LEVEL SECURITY;" for name in TABLES if name != "plain")}
CREATE POLICY mine ON app.owned USING ({ME});
ALTER TABLE app.forced FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.forced USING ({ME});
CREATE POLICY everything ON app.narrowed USING (true);
CREATE POLICY low ON app.narrowed AS RESTRICTIVE USING (id <= 5);
CREATE POLICY reads ON app.each_way FOR SELECT USING (true);
CREATE POLICY changes ON app.each_way FOR UPDATE USING ({ME});
CREATE POLICY drops ON app.each_way FOR DELETE USING (id = 1);
CREATE POLICY adds ON app.each_way FOR INSERT WITH CHECK ({ME});
CREATE POLICY reads ON app.unseen FOR SELECT USING ({ME});
CREATE POLICY changes ON app.unseen FOR UPDATE USING (true);
CREATE POLICY drops ON app.unseen FOR DELETE USING (true);
CREATE POLICY reads ON app.taken FOR SELECT USING (true);
CREATE POLICY changes ON app.taken FOR UPDATE USING (true) WITH CHECK ({ME});
CREATE FUNCTION app.noted() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS
    'INSERT INTO app.log DEFAULT VALUES RETURNING true';
CREATE POLICY reads ON app.logged FOR SELECT USING (id < 4 AND app.noted());
CREATE POLICY members ON app.grouped TO proof_group USING (id < 9);
CREATE VIEW app.all_of_owned AS SELECT id, body FROM app.owned;
CREATE VIEW app.own_of_owned WITH (security_invoker) AS SELECT id, body FROM app.owned;
CREATE VIEW app.low_of_owned AS SELECT id, body FROM app.owned WHERE id < 3 WITH CHECK OPTION;
CREATE VIEW app.sums AS SELECT count(*) AS n FROM app.owned;
CREATE FUNCTION app.leak() RETURNS SETOF app.owned LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM app.owned';
CREATE FUNCTION app.purge() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM app.owned';
CREATE FUNCTION app.not_for_all() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
REVOKE ALL ON FUNCTION app.not_for_all FROM PUBLIC;
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO proof_ann, proof_group, proof_beyond;
GRANT DELETE, UPDATE (body) ON app.unseen, app.plain TO proof_blind;
REVOKE ALL ON app.log FROM proof_ann, proof_group, proof_beyond
"""
Cells = dict[tuple[str, str, str], Reach]


@pytest.fixture(scope="module")
def app(cluster18: Cluster) -> Iterator[psycopg.Connection]:
    cluster18.create_database("proof")
    with psycopg.connect(cluster18.dsn("proof"), autocommit=True) as conn:
        for role in ROLES:
            conn.execute(f"CREATE ROLE {role}")
        conn.execute("ALTER ROLE proof_beyond BYPASSRLS; ALTER ROLE proof_apart NOINHERIT")
        conn.execute("GRANT proof_group TO proof_apart")
        conn.execute(SETUP.encode())
        yield conn
    cluster18.drop_database("proof")
    with psycopg.connect(cluster18.dsn(), autocommit=True) as conn:
        for role in ROLES:
            conn.execute(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def proven(app: psycopg.Connection) -> Cells:
    who = [Persona(role, ANN) for role in ROLES]
    found = prove(app, take_snapshot(app), who, runtime_ms=5000)
    return {(r.persona.partition(";")[0].removeprefix("proof_"), r.table.name, r.command): r for r in found}


TRUTH = {  # rows that each reads, changes and deletes
    ("ann", "plain"): (10, 10, 10), ("ann", "owned"): (4, 4, 4), ("owner", "owned"): (10, 10, 10),
    ("ann", "forced"): (4, 4, 4), ("owner", "forced"): (4, 4, 4), ("beyond", "forced"): (10, 10, 10),
    ("ann", "narrowed"): (5, 5, 5), ("ann", "each_way"): (10, 4, 1), ("ann", "unseen"): (4, 4, 4),
    ("ann", "taken"): (10, 10, 0), ("ann", "grouped"): (0, 0, 0), ("group", "grouped"): (8, 8, 8),
    ("ann", "nobody"): (0, 0, 0), ("ann", "all_of_owned"): (10, 10, 10), ("ann", "own_of_owned"): (4, 4, 4),
    ("ann", "low_of_owned"): (2, 2, 2),
}  # fmt: skip
LET_IN = {  # copies, of as many as are there
    ("ann", "plain"): 10, ("ann", "owned"): 4, ("ann", "each_way"): 4, ("ann", "narrowed"): 5, ("ann", "unseen"): 0,
    ("ann", "nobody"): 0, ("beyond", "owned"): 10, ("owner", "forced"): 4, ("ann", "low_of_owned"): 2,
}  # fmt: skip


def test_tables_of_truth(proven: Cells) -> None:
    found = {who: tuple(proven[*who, command].rows for command in ("select", "update", "delete")) for who in TRUTH}
    assert found == TRUTH
    assert all(proven[*who, command].executed for who in TRUTH for command in ("select", "update", "delete"))


def test_what_is_asked_read_only_is_what_happens(proven: Cells) -> None:
    assert {key: cell.differs for key, cell in proven.items() if cell.differs}.keys() == {
        (role, "logged", "select") for role in ("ann", "group")
    }


def test_copies_that_are_let_in(proven: Cells) -> None:
    """A copy that its key refuses was let in by the policies."""
    assert {who: proven[*who, "insert"].rows for who in LET_IN} == LET_IN
    assert [who for who in LET_IN if proven[*who, "insert"].refused] == [who for who in LET_IN if not LET_IN[who]]
    assert {proven[*who, "insert"].of for who in LET_IN} == {10, 2}


def test_what_is_changed_without_being_seen(proven: Cells) -> None:
    assert proven["ann", "unseen", "delete"].blind == 10
    assert proven["ann", "unseen", "update"].blind == 10
    assert proven["ann", "owned", "delete"].blind is None
    blind = proven["blind", "plain", "delete"]
    assert (blind.rows, blind.blind, blind.refused) == (None, 10, "cannot be counted: it may not read the table")
    assert proven["blind", "plain", "update"].blind == 10


def test_rows_that_may_be_changed_only_into_ones_own(proven: Cells) -> None:
    cell = proven["ann", "taken", "update"]
    assert cell.rows == 10
    assert "owner = current_setting('app.who'" in cell.condition


def test_a_policy_with_side_effects_is_told_apart_from_a_defect(proven: Cells) -> None:
    cell = proven["ann", "logged", "select"]
    assert cell.rows == 3
    assert cell.writes == ("app.log",)
    assert "read-only transaction" in cell.differs
    assert "a policy calls app.noted, which may answer otherwise each time" in cell.differs
    assert "a policy or trigger changes app.log" in cell.differs


def test_who_inherits_nothing_reaches_nothing(proven: Cells) -> None:
    assert ("apart", "grouped", "select") in proven
    assert proven["apart", "grouped", "select"].refused == "no privilege"


def test_through_functions_with_their_owners_rights(proven: Cells) -> None:
    assert proven["ann", "leak", "call"].rows == 10
    assert (proven["ann", "purge", "call"].rows, proven["ann", "purge", "call"].writes) == (None, ("app.owned",))
    assert ("ann", "not_for_all", "call") not in proven


def test_a_view_that_takes_no_rows_says_so(proven: Cells) -> None:
    assert "cannot delete from view" in proven["ann", "sums", "delete"].refused
    assert proven["ann", "all_of_owned", "update"].writes == ("app.owned",)


def test_nothing_stays(app: psycopg.Connection, proven: Cells) -> None:
    assert proven
    for table in TABLES:
        found = app.execute(f"SELECT count(*), min(body), max(body) FROM app.{table}").fetchone()
        assert found == (10, "x", "x")
    assert app.execute("SELECT count(*) FROM app.log").fetchone() == (0,)
    assert app.execute(
        "SELECT current_user = session_user, current_setting('session_replication_role')"
    ).fetchone() == (
        True,
        "origin",
    )


def test_a_partitioned_table_with_keys_and_computed_columns(db18: psycopg.Connection) -> None:
    db18.execute("CREATE ROLE proof_parts")
    db18.execute(
        """
        CREATE TABLE kind (id int PRIMARY KEY);
        CREATE TABLE part (id bigint GENERATED ALWAYS AS IDENTITY, kind int NOT NULL REFERENCES kind, n int,
                           twice int GENERATED ALWAYS AS (n * 2) STORED, PRIMARY KEY (id, kind), CHECK (n > 0))
            PARTITION BY LIST (kind);
        CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
        CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
        INSERT INTO kind VALUES (1), (2);
        INSERT INTO part (kind, n) SELECT 1 + n % 2, n FROM generate_series(1, 8) AS n;
        ALTER TABLE part ENABLE ROW LEVEL SECURITY;
        CREATE POLICY one ON part USING (kind = 1);
        CREATE VIEW parts AS SELECT * FROM part;
        GRANT ALL ON part, kind, parts TO proof_parts
        """
    )
    try:
        found = {(r.table.name, r.command): r
                 for r in prove(db18, take_snapshot(db18), [Persona("proof_parts")], runtime_ms=5000)}  # fmt: skip
    finally:
        db18.execute("DROP TABLE part, kind CASCADE; DROP ROLE proof_parts")
    assert [found["part", command].rows for command in ("select", "insert", "update", "delete")] == [4, 4, 4, 4]
    assert found["part", "update"].writes == ()
    assert found["kind", "delete"].rows == 2  # the foreign key of others is no right of its own
    assert found["parts", "insert"].rows == 8
    assert not [cell.differs for cell in found.values() if cell.differs]


def test_nothing_beyond_the_copy_is_touched(cluster15: Cluster) -> None:
    cluster15.create_database("proof_far")
    try:
        with psycopg.connect(cluster15.dsn("proof_far"), autocommit=True) as conn:
            conn.execute(
                """
                CREATE EXTENSION postgres_fdw;
                CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '192.0.2.1', port '1');
                CREATE TABLE near (id int);
                INSERT INTO near VALUES (1);
                CREATE TABLE half (id int) PARTITION BY RANGE (id);
                CREATE FOREIGN TABLE far PARTITION OF half FOR VALUES FROM (1) TO (9) SERVER nowhere;
                CREATE VIEW over_far AS SELECT id FROM far;
                CREATE VIEW over_all AS SELECT o.id FROM over_far AS o, near;
                CREATE FUNCTION sends() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM near';
                CREATE ROLE proof_far;
                GRANT ALL ON ALL TABLES IN SCHEMA public TO proof_far
                """
            )
            found = prove(conn, take_snapshot(conn), [Persona("proof_far")], runtime_ms=5000)
            conn.execute("DROP OWNED BY proof_far; DROP ROLE proof_far")
    finally:
        cluster15.drop_database("proof_far")
    assert {(r.table.name, r.command) for r in found} == {
        ("near", "select"), ("near", "insert"), ("near", "update"), ("near", "delete"), ("sends", "call"),
    }  # fmt: skip
    assert [r.refused for r in found if r.command == "call"] == ["not called: what it does may reach beyond the copy"]
