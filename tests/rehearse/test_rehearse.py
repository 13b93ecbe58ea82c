"""A whole rehearsal: a sound plan passes, and each way to be unsound is told."""

import psycopg
import pytest

from pgrefit.bench import Load
from pgrefit.model.change import Phase, Way, Work
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.measure import LoadReport
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, ReadModelChoice, RowSecurityCheck
from pgrefit.model.rehearsal import Rehearsal
from pgrefit.model.workload import Query, Workload
from pgrefit.rehearse import Clone, rehearse
from pgrefit.rehearse import check_names as verb

from .conftest import Executor, plan_of, step

THING = Relation("public", "Thing %s {x}")
EXCLUSIVE = Lock(THING, LockMode.ACCESS_EXCLUSIVE)
NAME = '"Thing %s {x}"'
ADD_COLUMN = step(f"ALTER TABLE {NAME} ADD COLUMN n int", f"ALTER TABLE {NAME} DROP COLUMN n", EXCLUSIVE)
FILL = step(f"UPDATE {NAME} SET n = 1", Way.NOTHING_LEFT, Lock(THING, LockMode.ROW_EXCLUSIVE), phase=Phase.MIGRATE)
INDEX = step(
    f"CREATE INDEX CONCURRENTLY thing_n ON {NAME} (n)", "DROP INDEX thing_n",
    Lock(THING, LockMode.SHARE_UPDATE_EXCLUSIVE), phase=Phase.MIGRATE, work=Work.BUILD, in_transaction=False,
)  # fmt: skip
DROP_OLD = step(f"ALTER TABLE {NAME} DROP COLUMN old", Way.NO_RETURN, EXCLUSIVE, phase=Phase.CONTRACT)
READ_OLD = Query(name="read old", version="before", sql=f"SELECT old FROM {NAME} WHERE id = $1", parameters="SELECT 1")
READ_NEW = Query(name="read new", version="after", sql=f"SELECT n FROM {NAME} WHERE id = $1", parameters="SELECT 1")
ADD = Query(
    name="add", group="write", sql=f"INSERT INTO {NAME} (kind) VALUES ($1) RETURNING id", parameters="SELECT 'a'"
)
WORKLOAD = Workload(queries=(READ_OLD, READ_NEW, ADD))


@pytest.fixture(autouse=True)
def shop(db18: psycopg.Connection) -> None:
    db18.execute(f"CREATE TABLE {NAME} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, old text)")
    db18.execute(f"INSERT INTO {NAME} (kind) SELECT 'k' || n FROM generate_series(1, 20000) AS n")


def rehearsed(clone: Clone, executor: Executor, plan: Plan, **more) -> Rehearsal:
    return rehearse(plan, clone, run=executor.run, undo=executor.undo, plan_hash="h", **{"workload": WORKLOAD, **more})


def failed(rehearsal: Rehearsal) -> dict[str, str]:
    return {check.name: check.detail for check in rehearsal.checks if not check.passed}


def test_a_sound_plan_passes_under_load(clone: Clone, executor: Executor, db18: psycopg.Connection) -> None:
    plan = plan_of(ADD_COLUMN, FILL, INDEX, DROP_OLD, tables=(THING,))
    found = rehearsed(
        clone, executor, plan, start_load=lambda: Load(clone.open, WORKLOAD.of("before"), clients=2).start()
    )
    assert failed(found) == {}
    assert found.passed
    assert {check.name for check in found.checks} == {
        verb.STEPS_RUN, verb.LOCKS_KEPT, verb.WORK_KEPT, verb.HOLDS_SHORT, verb.WAY_BACK, verb.OLD_WORKS,
        verb.NEW_WORKS, verb.NONE_FAILED, verb.NONE_LOST,
    }  # fmt: skip
    assert [(s.id, s.phase, s.down is None, s.rows) for s in found.steps] == [
        ("001", "expand", False, 7), ("002", "migrate", False, 7), ("003", "migrate", False, 7),
        ("004", "contract", True, 7),
    ]  # fmt: skip
    assert [s.taken for s in found.steps] == [s.declared for s in found.steps]
    assert all(s.up > 0 for s in found.steps)
    assert found.load.statements > 0
    assert any("Index public.thing_n took" in sentence for sentence in found.learnt)
    assert found.plan_hash == "h"
    assert found.server_version >= 180000


def test_a_step_that_understates_its_lock_fails_the_rehearsal(clone: Clone, executor: Executor) -> None:
    understated = step(f"ALTER TABLE {NAME} ADD COLUMN n int", f"ALTER TABLE {NAME} DROP COLUMN n",
                       Lock(THING, LockMode.SHARE_ROW_EXCLUSIVE))  # fmt: skip
    found = rehearsed(clone, executor, plan_of(understated), workload=None)
    assert found.steps[0].problems == (f"takes ACCESS EXCLUSIVE on {THING}, declares SHARE ROW EXCLUSIVE",)
    assert verb.LOCKS_KEPT in failed(found)
    assert not found.passed


def test_an_undeclared_lock_outside_a_transaction_is_seen(clone: Clone, executor: Executor) -> None:
    secret = step(f"CREATE INDEX CONCURRENTLY thing_kind ON {NAME} (md5(md5(kind)))", "DROP INDEX thing_kind",
                  work=Work.BUILD, in_transaction=False)  # fmt: skip
    found = rehearsed(clone, executor, plan_of(secret), workload=None)
    assert found.steps[0].problems == (f"takes SHARE UPDATE EXCLUSIVE on {THING}, declares none",)


def test_tables_that_a_step_makes_need_no_declaration(clone: Clone, executor: Executor) -> None:
    found = rehearsed(clone, executor, plan_of(step("CREATE TABLE fresh (id int)", "DROP TABLE fresh")), workload=None)
    assert found.passed


@pytest.mark.parametrize(
    ("undo", "says"),
    [
        (Way.NOTHING_LEFT, "ADD COLUMN n integer"),
        (f"ALTER TABLE {NAME} DROP COLUMN n; UPDATE {NAME} SET kind = 'other' WHERE id = 7", "has other values"),
        (f"ALTER TABLE {NAME} DROP COLUMN n; DELETE FROM {NAME} WHERE id = 7", "has 19999 rows, had 20000"),
        ("DROP TABLE nowhere", 'table "nowhere" does not exist'),
    ],
)
def test_a_wrong_undo_is_detected(clone: Clone, executor: Executor, undo: str | Way, says: str) -> None:
    wrong = step(f"ALTER TABLE {NAME} ADD COLUMN n int", undo, EXCLUSIVE)
    found = rehearsed(clone, executor, plan_of(wrong, tables=(THING,)), workload=None)
    assert says.removeprefix("ADD COLUMN ") in failed(found)[verb.WAY_BACK]


def test_a_step_that_fails_is_told_and_the_rest_is_left(clone: Clone, executor: Executor) -> None:
    started = []
    found = rehearsed(clone, executor, plan_of(step("SELECT 1/0")), start_load=lambda: started.append(1))
    assert failed(found) == {verb.STEPS_RUN: "division by zero"}
    assert started == []


def test_breaking_the_old_application_before_contract_is_told(clone: Clone, executor: Executor) -> None:
    rename = step(f"ALTER TABLE {NAME} RENAME COLUMN old TO n", f"ALTER TABLE {NAME} RENAME COLUMN n TO old", EXCLUSIVE,
                  phase=Phase.SWITCH)  # fmt: skip
    broken = failed(rehearsed(clone, executor, plan_of(rename)))
    assert broken.keys() == {verb.OLD_WORKS}
    assert broken[verb.OLD_WORKS].startswith('after switch: read old: column "old" does not exist')


def test_the_old_application_may_find_its_shape_in_the_compatible_schema(clone: Clone, executor: Executor) -> None:
    rename = step(
        f'CREATE SCHEMA "Old, %s"; ALTER TABLE {NAME} RENAME COLUMN old TO n;'
        f' CREATE VIEW "Old, %s".{NAME} AS SELECT id, kind, n AS old FROM {NAME}',
        f'DROP SCHEMA "Old, %s" CASCADE; ALTER TABLE {NAME} RENAME COLUMN n TO old',
        EXCLUSIVE, phase=Phase.SWITCH,
    )  # fmt: skip
    found = rehearsed(clone, executor, plan_of(rename, compatible_schema="Old, %s", tables=(THING,)))
    assert failed(found) == {}


def test_the_new_application_must_work_after_the_switch(clone: Clone, executor: Executor) -> None:
    assert failed(rehearsed(clone, executor, plan_of())) == {verb.NEW_WORKS: 'read new: column "n" does not exist'}


def test_policies_that_decide_otherwise_are_told(clone: Clone, executor: Executor, db18: psycopg.Connection) -> None:
    db18.execute(f"ALTER TABLE {NAME} ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON {NAME} USING (id < 5)")
    db18.execute(
        "DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;"
        f" GRANT SELECT ON {NAME} TO reader"
    )
    check = RowSecurityCheck(roles=("reader",), tables=(THING,), identities="SELECT 'x'")
    wider = step(f"ALTER POLICY p ON {NAME} USING (id < 6)", f"ALTER POLICY p ON {NAME} USING (id < 5)", EXCLUSIVE)
    same = step(f"ALTER POLICY p ON {NAME} USING (5 > id)", f"ALTER POLICY p ON {NAME} USING (id < 5)", EXCLUSIVE)
    told = failed(rehearsed(clone, executor, plan_of(wider, row_security=check), workload=None))
    assert told == {verb.SAME_ROWS: f"reader /  / {THING} / SELECT; reader / x / {THING} / SELECT"}
    executor.undo(clone.open, plan_of(), on_event=lambda _: None)
    assert failed(rehearsed(clone, executor, plan_of(same, row_security=check), workload=None)) == {}


class Clients:
    """Clients of which one statement failed and one row vanished."""

    def __init__(self) -> None:
        self.switched = False

    def switch(self, workload: Workload, open_) -> None:
        self.switched = [query.name for query in workload.queries] == ["read new", "add"]

    def stop(self) -> LoadReport:
        return LoadReport(seconds=1, statements=10, failed=1, first_error="add: gone")

    def lost(self, conn, workload: Workload) -> tuple[tuple[str, str], ...]:
        return (("add", "17"),)


def test_what_clients_suffered_fails_the_rehearsal(clone: Clone, executor: Executor) -> None:
    clients = Clients()
    found = rehearsed(clone, executor, plan_of(ADD_COLUMN), start_load=lambda: clients)
    assert failed(found) == {verb.NONE_FAILED: "add: gone", verb.NONE_LOST: "add: 17"}
    assert clients.switched


@pytest.mark.parametrize("chosen", ["view", "materialized view"])
def test_read_models_are_measured_in_both_forms(
    clone: Clone, executor: Executor, chosen: str, db18: psycopg.Connection
) -> None:
    select = f"SELECT kind, count(*) AS n FROM {NAME} GROUP BY kind"
    choice = ReadModelChoice(name=Relation("public", "kinds"), select=select, key=("kind",), chosen=chosen)
    make = step(f"CREATE {chosen} kinds AS {select}", f"DROP {chosen} kinds")
    unique = step("CREATE UNIQUE INDEX ON kinds (kind)", Way.NOTHING_LEFT, work=Work.BUILD)
    index = [unique] if chosen != "view" else []
    query = Query(
        name="q", version="after", sql="SELECT n FROM kinds WHERE kind = $1", parameters="VALUES ('k1'), ('k2')"
    )
    found = rehearsed(
        clone, executor, plan_of(make, *index, read_models=(choice,)), workload=Workload(queries=(query,))
    )
    assert failed(found) == {}
    view, materialized = found.alternatives
    assert (view.form, materialized.form) == ("view", "materialized view")
    assert (view.chosen, materialized.chosen) == (chosen == "view", chosen != "view")
    assert view.p95 > 0
    assert materialized.p95 > 0
    assert (view.bytes, view.upkeep) == (0, 0.0)
    assert materialized.bytes > 100_000
    assert materialized.upkeep > 0
    assert db18.execute("SELECT FROM pg_namespace WHERE nspname = 'pgrefit_alternatives'").fetchall() == []
