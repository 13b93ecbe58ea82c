"""Row security, asked."""

import psycopg
import pytest

from pgrefit.model.names import Relation
from pgrefit.model.plan import RowSecurityCheck
from pgrefit.rehearse.truth_table import identities, quarantined, shared, truth_table

NOTE = Relation("public", "note")
CHECK = RowSecurityCheck(
    roles=("rt_user", "rt_service", "rt_stranger"), tables=(NOTE,), identities="SELECT owner FROM note",
    setting="app.who", claim="{identity}", sample=2,
)  # fmt: skip
SCHEMA = """
DO $$ BEGIN CREATE ROLE rt_user; CREATE ROLE rt_service BYPASSRLS; CREATE ROLE rt_stranger;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
CREATE TABLE note (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text, body text);
CREATE TABLE reply (note int REFERENCES note ON DELETE CASCADE);
INSERT INTO note (owner) VALUES ('ann'), ('ann'), ('bob'), ('b''ob " %s');
INSERT INTO reply VALUES (1);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE, DELETE ON note TO rt_user, rt_service;
CREATE POLICY reads ON note FOR SELECT USING (owner = current_setting('app.who', true));
CREATE POLICY changes ON note FOR UPDATE USING (owner = current_setting('app.who', true));
"""


@pytest.fixture
def db(db: psycopg.Connection) -> psycopg.Connection:
    db.execute(SCHEMA)
    return db


def ask(db: psycopg.Connection):
    return truth_table(db, CHECK, ("", "ann", "bob", "b'ob \" %s"), quarantined(db))


def test_cells_count_what_each_may_reach_and_leave_nothing_behind(db: psycopg.Connection) -> None:
    rows = {cell[:2] + cell[3:4]: cell[4] for cell in ask(db).cells}
    assert rows["rt_user", "", "SELECT"] == 0
    assert rows["rt_user", "ann", "SELECT"] == rows["rt_user", "ann", "UPDATE"] == 2
    assert rows["rt_user", "b'ob \" %s", "SELECT"] == 1
    assert rows["rt_user", "ann", "DELETE"] == 0
    assert rows["rt_service", "", "DELETE"] == 4
    assert ("rt_service", "ann", "DELETE") not in rows, "whom policies do not bind is asked once"
    assert {cell[4:] for cell in ask(db).cells if cell[0] == "rt_stranger"} == {(-1, "42501")}
    assert db.execute("SELECT count(*), (SELECT count(*) FROM reply) FROM note").fetchone() == (4, 1)
    assert db.execute("SELECT current_user = session_user, current_setting('session_replication_role')").fetchone() == (
        True,
        "origin",
    )


def test_a_policy_in_another_form_decides_the_same(db: psycopg.Connection) -> None:
    before = ask(db)
    db.execute("ALTER POLICY reads ON note USING (owner = (SELECT current_setting('app.who', true)))")
    assert before.differences(ask(db)) == ()


def test_a_policy_that_decides_otherwise_is_found(db: psycopg.Connection) -> None:
    before = ask(db)
    db.execute(
        "ALTER POLICY changes ON note USING (owner = 'ann' AND current_setting('app.who', true) = 'ann' AND id > 1)"
    )
    assert before.differences(ask(db)) == (
        "rt_user / ann / public.note / UPDATE",
        "rt_user / b'ob \" %s / public.note / UPDATE",
        "rt_user / bob / public.note / UPDATE",
    )


def test_as_many_rows_but_other_ones_are_a_difference(db: psycopg.Connection) -> None:
    db.execute("ALTER POLICY reads ON note USING (id = 1)")
    before = ask(db)
    db.execute("ALTER POLICY reads ON note USING (id = 2)")
    assert "rt_user / ann / public.note / SELECT" in before.differences(ask(db))


def test_rows_in_quarantine_are_left_out_on_both_sides(db: psycopg.Connection) -> None:
    db.execute("CREATE SCHEMA pgrefit; CREATE TABLE pgrefit.quarantine (source text, key text[])")
    db.execute("INSERT INTO pgrefit.quarantine VALUES ('public.note', '{1}')")
    left_out = quarantined(db)
    before = truth_table(db, CHECK, ("", "ann", "bob"), left_out)
    db.execute("DELETE FROM note WHERE id = 1")
    assert before.differences(truth_table(db, CHECK, ("", "ann", "bob"), left_out)) == ()
    assert ("rt_user", "bob", "public.note", "SELECT", 1) in {cell[:5] for cell in before.cells}


def test_identities_are_a_stable_sample_and_nobody(db: psycopg.Connection) -> None:
    first = identities(db, CHECK)
    assert first == identities(db, CHECK)
    assert len(first) == 3
    assert first[0] == ""


def test_after_its_time_no_further_identity_is_asked_and_the_rest_still_compares(db: psycopg.Connection) -> None:
    whole = ask(db)
    part = truth_table(db, CHECK, ("", "ann", "bob"), {}, seconds=0.0)
    assert {cell[1] for cell in part.cells} == {""}
    assert part.differences(shared(whole, part)) == ()
