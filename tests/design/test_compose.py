"""What is planned without a word of intent, and what is only noted."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgrefit import audit
from pgrefit.changes.add_column import AddColumn
from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.changes.reconcile_check import ReconcileCheck
from pgrefit.changes.repack_table import RepackTable
from pgrefit.changes.retype_columns import RetypeColumns
from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.design.compose import Composition, compose
from pgrefit.design.plan import make_plan
from pgrefit.errors import Refused
from pgrefit.model.intent import CheckColumn, Intent, Reference, Required
from pgrefit.model.names import Relation
from pgrefit.model.observation import Environment
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics
from rules.observing import observe


def composed(
    conn: psycopg.Connection, sql: str, intent: Intent | None = None, environments: tuple[Environment, ...] = ()
) -> Composition:
    conn.execute(sql.encode())
    observation = replace(observe(conn), environments=environments)
    return compose(observation.snapshot, audit.run(observation).findings, intent or Intent())


def test_what_stands_in_the_way_of_a_finding_does_not_stand_in_the_way_of_the_plan(db18: psycopg.Connection) -> None:
    db18.execute(
        """
        CREATE TABLE buyer (id int PRIMARY KEY);
        CREATE TABLE sale (id int, day date, buyer_id int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        CREATE TABLE gift (id int PRIMARY KEY, buyer_id int REFERENCES buyer);
        """
    )
    observation = observe(db18)
    index = CreateIndex(table=Relation("public", "sale"), keys=(IndexColumn(column="buyer_id"),), name="by_buyer")
    (there,) = (f for f in audit.run(observation).findings if f.rule == "foreign-key-without-index")
    found = compose(observation.snapshot, (replace(there, object="public.sale", remedy=(index,)), there), Intent())
    assert [str(change.table) for change in found.changes if isinstance(change, CreateIndex)] == ["public.gift"]
    assert [note for note in found.notes if note.startswith("not planned") and "public.sale is partitioned" in note]


TEXT_REFERENCE = """
    CREATE TABLE author (id uuid PRIMARY KEY);
    INSERT INTO author SELECT md5(n::text)::uuid FROM generate_series(1, 20) AS n;
    CREATE TABLE book (id int PRIMARY KEY, author_id text NOT NULL);
    INSERT INTO book SELECT n, md5((n % 20 + 1)::text)::uuid::text FROM generate_series(1, 95) AS n;
    INSERT INTO book VALUES (96, 'undefined');
    ANALYZE author, book;
"""


def test_rows_are_put_aside_only_where_someone_said_so(db18: psycopg.Connection) -> None:
    found = composed(db18, TEXT_REFERENCE)
    assert found.changes == ()
    (note,) = found.notes
    assert "public.book.author_id stays text" in note
    found = composed(db18, "", Intent(reference={"public.book.author_id": Reference(orphans="refuse")}))
    (change,) = found.changes
    assert isinstance(change, RetypeColumns)
    assert change.conversions[0].orphans == "refuse"


def test_values_kept_as_text_are_converted_only_on_request(db18: psycopg.Connection) -> None:
    found = composed(
        db18,
        """
        CREATE TABLE reading (id int PRIMARY KEY, taken text NOT NULL);
        INSERT INTO reading SELECT n, md5(n::text)::uuid::text FROM generate_series(1, 500) AS n;
        ANALYZE reading;
        """,
    )
    assert not [change for change in found.changes if isinstance(change, RetypeColumns)]
    (note,) = [note for note in found.notes if "public.reading.taken" in note]
    assert "uuid" in note
    assert "[[change]]" in note


def test_a_reference_that_is_never_empty_can_be_required(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE buyer (id int PRIMARY KEY);
        INSERT INTO buyer SELECT generate_series(1, 9);
        CREATE TABLE gift (id int PRIMARY KEY, buyer_id int REFERENCES buyer);
        INSERT INTO gift SELECT n, n % 9 + 1 FROM generate_series(1, 200) AS n;
        CREATE INDEX ON gift (buyer_id);
    """
    found = composed(db18, sql)
    assert found.changes == ()
    assert "name it under [required]" in found.notes[0]
    found = composed(db18, "", Intent(required={"public.gift.buyer_id": Required()}))
    assert found.changes == (SetNotNull(table=found.changes[0].table, column="buyer_id"),)  # type: ignore[attr-defined]


@pytest.mark.parametrize("elsewhere", ["entry_kind", "kind_is_known"])
def test_a_check_is_reconciled_under_the_name_that_it_has_here(db18: psycopg.Connection, elsewhere: str) -> None:
    make = "CREATE TABLE entry (id int PRIMARY KEY, kind text CONSTRAINT {} CHECK (kind IN ({})))"
    db18.execute(make.format(elsewhere, "'new', 'final'").encode())
    others = tuple(Environment(name=name, snapshot=take_snapshot(db18)) for name in ("one", "two"))
    db18.execute("DROP TABLE entry")
    wanted = Intent(check={"public.entry.kind": CheckColumn(values=("new", "final"), mapping={"draft": "new"})})
    found = composed(db18, make.format("entry_kind", "'draft', 'final'"), wanted, others)
    (change,) = found.changes
    assert isinstance(change, ReconcileCheck)
    assert (change.name, change.values) == ("entry_kind", ("new", "final"))


def test_two_indexes_get_two_names(db18: psycopg.Connection) -> None:
    found = composed(
        db18,
        """
        CREATE TABLE one (x int PRIMARY KEY, y int, UNIQUE (x, y));
        CREATE TABLE child (id int PRIMARY KEY, a_b int, a int, c int, b_c int,
                            FOREIGN KEY (a_b, c) REFERENCES one (x, y), FOREIGN KEY (a, b_c) REFERENCES one (x, y));
        """,
    )
    names = [change.index for change in found.changes if isinstance(change, CreateIndex)]
    assert len(set(names)) == 2


def test_a_change_may_build_on_a_column_that_one_before_it_adds(db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE public.note (id int PRIMARY KEY)")
    db = take_snapshot(db18)
    note = Relation("public", "note")
    add = AddColumn(table=note, column="mood", type="text")
    index = CreateIndex(table=note, keys=(IndexColumn(column="mood"),))
    assert len(make_plan(db, take_statistics(db18), (add, index), Intent()).steps) == 2
    with pytest.raises(Refused, match="cannot be made as it is"):
        make_plan(db, take_statistics(db18), (index, add), Intent())


def test_what_puts_a_table_in_the_place_of_another_wants_it_for_itself(db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE public.note (id int PRIMARY KEY, mood text)")
    note = Relation("public", "note")
    changes = (CreateIndex(table=note, keys=(IndexColumn(column="mood"),)), RepackTable(table=note))
    with pytest.raises(Refused, match=r"do not go together on public\.note"):
        make_plan(take_snapshot(db18), take_statistics(db18), changes, Intent())
