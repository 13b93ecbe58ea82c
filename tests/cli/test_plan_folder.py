"""Plans that must not be applied: each is refused before anything is written."""

import shutil

import pytest

FIRST = "010_expand_add_columns_of_the_new_type_to_public_attempts.sql"


def test_a_database_that_is_not_the_plans(program, shop, empty, plan):
    program("apply", plan, empty, "--yes").refused(4, "another schema than that of empty", "it was made for shop")
    shop("ALTER TABLE videos ADD COLUMN length interval")
    said = program("apply", plan, shop.dsn, "--yes")
    said.refused(4, f"another schema than that of {shop.name}", "pgrefit design")
    assert shop.untouched
    program("rehearse", plan, shop.dsn).refused(4, "another schema")
    program("apply", plan, shop.dsn, "--dry-run").refused(4, "another schema")


def test_drift_between_two_tries(program, shop, plan):
    """A run that has done nothing yet does not vouch for the schema."""
    with shop.holding("SELECT FROM attempts"):
        program("apply", plan, shop.dsn, "--yes", "--tries", 1, "--lock-timeout", 50).refused(5, "step 010")
    shop("ALTER TABLE attempts ADD COLUMN note text")
    program("apply", plan, shop.dsn, "--yes").refused(4, "another schema")


def test_a_step_edited_by_hand(program, shop, plan):
    """Refused by name; rehearsed and accepted it can be applied."""
    step = plan / FIRST
    step.write_text(step.read_text().rstrip() + "\nCOMMENT ON COLUMN public.attempts.score IS 'of 100';\n")
    program("apply", plan, shop.dsn, "--yes").refused(4, FIRST, "was edited", "--accept-edits")
    program("rehearse", plan, shop.dsn).refused(4, FIRST, "was edited")
    assert shop.untouched
    edit_undo = plan / FIRST.replace(".sql", ".down.sql")
    edit_undo.write_text(edit_undo.read_text().rstrip() + "\nCOMMENT ON COLUMN public.attempts.score IS NULL;\n")
    rehearsed = program("rehearse", plan, shop.dsn, "--accept-edits")
    assert rehearsed.status == 0, rehearsed.out + rehearsed.err
    assert program("apply", plan, shop.dsn, "--yes", "--until", "expand").status == 0
    assert shop("SELECT col_description('attempts'::regclass, 3)") == [("of 100",)]


def test_what_was_applied_is_taken_back_whatever_became_of_the_files(program, shop, plan):
    """The journal has the plan; apply still refuses the files, and nothing is taken back that was never applied."""
    assert program("apply", plan, shop.dsn, "--yes", "--until", "migrate").status == 0
    (plan / FIRST).write_text("SELECT 1;")
    (plan / FIRST.replace(".sql", ".down.sql")).unlink()
    program("apply", plan, shop.dsn, "--yes").refused(4, FIRST, "was edited")
    assert program("verify", plan, shop.dsn).status == 0
    assert program("rollback", plan, shop.dsn, "--yes").status == 0
    assert shop("SELECT state FROM pgrefit.run") == [("rolled back",)]
    shop("DROP SCHEMA pgrefit CASCADE")
    program("rollback", plan, shop.dsn, "--yes").refused(4, FIRST)


def test_an_edited_plan_toml(program, shop, plan):
    text = (plan / "plan.toml").read_text()
    (plan / "plan.toml").write_text(text.replace("rows = 3001", "rows = 1", 1))
    program("apply", plan, shop.dsn, "--yes").refused(4, "plan.toml was edited")
    (plan / "plan.toml").write_text(text.replace('phase = "expand"', 'phase = "expend"', 1))
    program("apply", plan, shop.dsn, "--yes").refused(4, "plan.toml is not a plan of pgrefit")
    assert shop.untouched


@pytest.mark.parametrize("lost", ["plan.toml", FIRST])
def test_half_a_plan_folder(program, shop, plan, lost):
    (plan / lost).unlink()
    program("apply", plan, shop.dsn, "--yes").refused(4, f"{lost} is missing", "design the plan again")
    assert shop.untouched


def test_half_a_plan_toml(program, shop, plan):
    text = (plan / "plan.toml").read_bytes()
    (plan / "plan.toml").write_bytes(text[: len(text) // 2])
    program("apply", plan, shop.dsn, "--yes").refused(4, "plan.toml cannot be read", "restore the file")


def test_what_is_no_plan(program, shop, tmp_path):
    program("apply", "nowhere", shop.dsn, "--yes").refused(2, "no plan folder nowhere", "pgrefit design makes one")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "create.sql").write_text("CREATE TABLE x ();")
    for verb in ("apply", "rollback", "verify", "rehearse"):
        program(verb, "other", shop.dsn).refused(2, "other is not a plan folder", "plan.toml is missing")
    (tmp_path / "other" / "plan.toml").write_text('name = "of another tool"\n')
    program("apply", "other", shop.dsn, "--yes").refused(2, "other is not a plan folder", "pgrefit/plan/1")


def test_design_writes_into_no_folder_that_is_there(program, shop, plan):
    """It says so at once, not after an audit."""
    program("design", shop.dsn, "--out", "plan").refused(2, "plan is there already", "name another folder")
    shutil.rmtree(plan)
    plan.write_text("a file")
    program("design", shop.dsn, "--out", "plan/inside").refused(2, "plan/inside")
