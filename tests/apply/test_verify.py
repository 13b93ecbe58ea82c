"""Verify: what holds, what was taken over, and every row of before accounted for."""

from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from apply.small_plan import ITEM, add_column, check, opener, plan_of, small_plan, step, validate
from pgrefit.apply import apply_plan, read_run, verify
from pgrefit.changes import _proof as proof
from pgrefit.changes._batches import remembering_batches
from pgrefit.model.change import Phase, Way, Work
from pgrefit.model.ddl import Expression, ddl
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Constraint, Table

KEYED = Relation("public", "keyed")


@pytest.fixture
def legacy(cluster18, shop):
    """A copy of the shop as it was."""
    name = f"{shop.info.dbname}_before"

    @contextmanager
    def copy():
        source = shop.info.dbname
        shop.close()
        cluster18.create_database(name, source)
        with (
            psycopg.connect(cluster18.dsn(name), autocommit=True) as before,
            psycopg.connect(cluster18.dsn(source), autocommit=True) as now,
        ):
            yield now, before

    yield copy
    cluster18.drop_database(name)


def failed(verification):
    return {check.name: check.detail for check in verification.checks if not check.passed}


def said(verification, name):
    return next(check.detail for check in verification.checks if check.name == name)


def test_passes_after_a_whole_plan_with_every_row_accounted_for(legacy):
    with legacy() as (now, before):
        run = apply_plan(opener(now), small_plan())
        found = verify(now, small_plan(), run, before=before)
        assert failed(found) == {}
        assert said(found, f"rows of {ITEM}") == "60 rows before: 58 there, 2 in quarantine, 0 lost"
        assert said(found, f"values of {ITEM}.price") == "58 values compared, 0 differ"
        assert said(found, f"quarantine of {ITEM}: a negative price") == "2 rows"
        assert said(found, "step 010: add a column") == "taken over by step 080"
        temporary = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"
        assert now.execute(temporary).fetchone() == (0,)
        assert now.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_counts_rows_lost_and_values_changed(legacy):
    with legacy() as (now, before):
        run = apply_plan(opener(now), small_plan())
        now.execute(ddl("DELETE FROM {t} WHERE id IN (10, 11)", t=ITEM).encode())
        now.execute(ddl("UPDATE {t} SET price = 1000 WHERE id > 57", t=ITEM).encode())
        now.execute("DELETE FROM pgrefit.quarantine WHERE key = '{1}'")
        found = failed(verify(now, small_plan(), run, before=before))
        assert found == {
            f"rows of {ITEM}": "60 rows before: 56 there, 1 in quarantine, 3 lost",
            f"values of {ITEM}.price": "56 values compared, 3 differ",
        }


def test_reads_a_key_of_before_as_its_new_type(legacy):
    """A text key that became a uuid: other spellings of the same uuid are the same row, others are lost or aside."""
    with legacy() as (now, before):
        for conn in (now, before):
            conn.execute("CREATE TABLE public.keyed (id text PRIMARY KEY, note varchar(40), amount int)")
            conn.execute(
                "INSERT INTO public.keyed SELECT upper(md5(n::text)::uuid::text), 'n' || n FROM generate_series(1, 5) n"
            )
            conn.execute("INSERT INTO public.keyed VALUES ('not one', 'x', 3)")
        plan = replace(plan_of(), tables=(KEYED,))
        run = apply_plan(opener(now), plan)
        now.execute("INSERT INTO pgrefit.quarantine (run, step, source, key, reason, row, typed)"
                    " SELECT %s, '1', 'public.keyed', ARRAY[id], 'r', to_jsonb(k), k::text"
                    " FROM public.keyed k WHERE id = 'not one'", (run.id,))  # fmt: skip
        now.execute("DELETE FROM public.keyed WHERE id = 'not one'")
        now.execute("ALTER TABLE public.keyed ALTER id TYPE uuid USING id::uuid, ALTER note TYPE text")
        found = verify(now, plan, run, before=before)
        assert failed(found) == {}
        assert said(found, "rows of public.keyed") == "6 rows before: 5 there, 1 in quarantine, 0 lost"
        assert said(found, "values of public.keyed.note") == "5 values compared, 0 differ"


def test_values_that_the_plan_noted_may_differ(legacy):
    with legacy() as (now, before):
        columns = (Column(name="id", position=1, type="integer"), Column(name="price", position=2, type="integer"))
        key = Constraint(name="p", kind="primary key", columns=("id",), definition=Expression(""))
        table = Table(name=ITEM, columns=columns, constraints=(key,))
        noted = step(
            10, Phase.MIGRATE, "raise", LockMode.ROW_EXCLUSIVE, work=Work.BATCHES, undo=Way.NOTHING_LEFT,
            do=remembering_batches(table, {"price": Expression("5")}, Expression("t.price < 5")),
            proof=proof.no_row(ITEM, Expression("t.price < 5")),
        )  # fmt: skip
        run = apply_plan(opener(now), plan_of(noted))
        assert failed(verify(now, plan_of(noted), run, before=before)) == {}
        now.execute(ddl("UPDATE {t} SET price = 6 WHERE id = 20", t=ITEM).encode())
        assert f"values of {ITEM}.price" in failed(verify(now, plan_of(noted), run, before=before))


def test_a_proof_over_rows_is_never_taken_over(shop):
    """Data that went bad fails, whatever came later."""
    rows = step(
        20, Phase.MIGRATE, "no hundred", do=(ddl("DELETE FROM {t} WHERE price = 57", t=ITEM),), undo=Way.NOTHING_LEFT,
        proof=proof.no_row(ITEM, Expression("t.price = 57")),
    )  # fmt: skip
    plan = plan_of(add_column(), rows, check(), validate())
    run = apply_plan(opener(shop), plan)
    assert failed(verify(shop, plan, run)) == {}
    shop.execute(ddl("UPDATE {t} SET price = 57 WHERE id = 8", t=ITEM).encode())
    assert failed(verify(shop, plan, run)) == {"step 020: no hundred": "its proof does not hold"}


def test_the_last_word_is_not_taken_over(shop):
    plan = plan_of(add_column(), check(), validate())
    run = apply_plan(opener(shop), plan)
    shop.execute(ddl('ALTER TABLE {t} DROP CONSTRAINT "Positive"', t=ITEM).encode())
    gone = "its proof does not hold"
    assert failed(verify(shop, plan, run)) == {"step 050: add a check": gone, "step 060: validate the check": gone}


def test_an_unvalidated_constraint_fails_only_when_nothing_is_left_to_validate_it(shop):
    plan = small_plan()
    run = apply_plan(opener(shop), plan, until="050")
    assert failed(verify(shop, plan, run)) == {}
    name = "constraints and indexes of the plan are valid"
    short = plan_of(*plan.steps[:5])
    assert failed(verify(shop, short, run)) == {name: f"{ITEM}: Positive, constraint not validated"}
    assert read_run(shop) == run


def test_constraints_that_were_there_before_are_not_the_plan_s(shop):
    shop.execute(ddl("ALTER TABLE {t} ADD CONSTRAINT old CHECK (price > 0) NOT VALID", t=ITEM).encode())
    plan = plan_of(add_column())
    assert failed(verify(shop, plan, apply_plan(opener(shop), plan))) == {}
