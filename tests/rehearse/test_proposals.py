"""What the team proposed, tried on the clone."""

import psycopg

from conftest import dsn
from pgrefit.model.plan import Proposal
from pgrefit.pg.dump import dump_schema
from pgrefit.rehearse import Clone
from pgrefit.rehearse.proposals import try_proposals

SCHEMA = """
CREATE TABLE attempt (id int PRIMARY KEY, video text, score int);
INSERT INTO attempt VALUES (1, 'f1f7e6a0-0000-4000-8000-000000000001', 1), (2, 'intro-video', 2);
"""


def tried(clone: Clone, *statements: str):
    return try_proposals(clone.open, tuple(Proposal(name=f"p{n}", sql=sql) for n, sql in enumerate(statements)))


def test_the_servers_error_is_reported_and_nothing_is_left_behind(clone: Clone, db18: psycopg.Connection) -> None:
    db18.execute(SCHEMA)
    before = dump_schema(dsn(db18))
    cast, index, again, drop, select = tried(
        clone,
        "ALTER TABLE attempt ALTER COLUMN video TYPE uuid USING video::uuid;",
        "CREATE INDEX byv ON attempt (video)",
        "CREATE INDEX byv ON attempt (score)",
        "ALTER TABLE attempt DROP COLUMN score;",
        "SELECT score FROM attempt",
    )
    assert (cast.runs, cast.error, cast.lock) == (False, 'invalid input syntax for type uuid: "intro-video"', "")
    assert (index.runs, index.lock, index.error) == (True, "SHARE", "")
    assert (again.runs, again.error) == (False, 'relation "byv" already exists')
    assert (drop.runs, drop.lock) == (True, "ACCESS EXCLUSIVE")
    assert select.error == 'column "score" does not exist', "later ones build on earlier ones"
    assert index.elapsed > 0
    assert dump_schema(dsn(db18)) == before


def test_locks_are_those_of_the_statement_even_where_an_earlier_one_holds_more(
    clone: Clone, db18: psycopg.Connection
) -> None:
    db18.execute(SCHEMA)
    _, index, dependent = tried(
        clone, "ALTER TABLE attempt ADD COLUMN n int", "CREATE INDEX ON attempt (video)", "CREATE INDEX ON attempt (n)"
    )
    assert index.lock == "SHARE"
    assert dependent.lock in {"", "SHARE"}


def test_a_proposal_cannot_commit_itself(clone: Clone, db18: psycopg.Connection) -> None:
    db18.execute(SCHEMA)
    before = dump_schema(dsn(db18))
    both, hidden, concurrent = tried(
        clone,
        "BEGIN; CREATE TABLE a (); COMMIT;",
        "CREATE TABLE b (); COMMIT; NOT SQL",
        "CREATE INDEX CONCURRENTLY ON attempt (video)",
    )
    assert both.runs
    assert not hidden.runs
    assert concurrent.error.startswith("not tried, because it cannot be taken back: CREATE INDEX CONCURRENTLY")
    assert dump_schema(dsn(db18)) == before
