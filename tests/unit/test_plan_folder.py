"""Plan folders: what is read is what was written, and what is damaged or edited is refused by name."""

import shutil
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgrefit.errors import PlanDamaged, UsageError
from pgrefit.model.change import Batches, Phase, Step, Way, Work
from pgrefit.model.ddl import Literal, Statement, ddl
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep, Proposal, ReadModelChoice, RowSecurityCheck
from pgrefit.model.plan_folder import plan_hash, read_plan, write_hashes, write_plan
from pgrefit.model.toml import dumps

TABLE = Relation("shop", 'it"em; --')
BODY = "BEGIN; SELECT 'é;'; -- not the end\nEND"


def a_step(number: int = 1, **rest) -> PlanStep:
    whole = Step(
        **{
            "title": "make a function", "phase": Phase.EXPAND, "work": Work.INSTANT,
            "locks": (Lock(TABLE, LockMode.SHARE),),
            "do": (
                ddl("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS {b}", b=Literal(BODY)),
                Statement("CREATE FUNCTION g() RETURNS text AS $x$ SELECT ';' -- $y$ $x$ LANGUAGE sql"),
                Statement("  SELECT 1 -- ends in a comment"),
            ),
            "undo": (Statement("DROP FUNCTION f()"),), "proof": Statement("SELECT true"),
            "why": "a reason\nin two lines", "hazard": "mind the gap", **rest,
        }
    )  # fmt: skip
    return PlanStep(id=f"{number * 10:03}", change="a change", step=whole, rows=number)


def a_plan() -> Plan:
    batches = Batches(
        table=TABLE, key=("id", 'k"'), types=("integer", "text"), statement=Statement("UPDATE x SET y = 1")
    )
    return Plan(
        name="plan é", created="2026-11-21T12:00:00Z", database="db", server_version=180004, fingerprint="ab",
        steps=(
            a_step(1),
            a_step(2, do=batches, undo=batches, in_transaction=False, phase=Phase.MIGRATE),
            a_step(3, undo=Way.NOTHING_LEFT, locks=(), phase=Phase.SWITCH),
            a_step(4, do=(), undo=Way.NO_RETURN, phase=Phase.CONTRACT),
            a_step(5, undo=(), phase=Phase.CONTRACT),
        ),
        changes=("a change",), tables=(TABLE,), notes=("first\nnote", ""), compatible_schema="old",
        proposals=(Proposal(name="p", sql="ALTER …", what="tried"),),
        row_security=RowSecurityCheck(roles=("anon",), tables=(TABLE,), identities="SELECT 'x'"),
        read_models=(ReadModelChoice(name=TABLE, select="SELECT 1", key=("a",), chosen="view"),),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    write_plan(a_plan(), tmp_path / "plan")
    return tmp_path / "plan"


def sql_files(folder):
    return sorted(path.name for path in folder.glob("*.sql"))


def edit(path, old, new):
    path.write_text(path.read_text().replace(old, new))


def test_reads_what_it_wrote(folder):
    assert read_plan(folder) == a_plan()
    assert read_plan(folder, accept_edits=True) == a_plan()
    assert plan_hash(read_plan(folder)) == plan_hash(a_plan())
    assert [path.name for path in folder.parent.iterdir()] == ["plan"]


def test_is_made_for_people(folder):
    assert sql_files(folder)[:2] == ["010_expand_make_a_function.down.sql", "010_expand_make_a_function.sql"]
    text = (folder / "010_expand_make_a_function.sql").read_text()
    assert '-- strongest lock: SHARE on shop."it""em; --"\n' in text
    assert "-- why: a reason in two lines\n" in text
    assert "-- rows: 1\n" in text
    assert "cannot be undone" in (folder / "040_contract_make_a_function.down.sql").read_text()
    assert (folder / "plan.toml").read_text().startswith('format = "pgrefit/plan/1"\n')


def test_hash_changes_with_every_field():
    plan = a_plan()
    others = [replace(plan, name="x"), replace(plan, fingerprint="x"), replace(plan, steps=plan.steps[1:])]
    others.append(replace(plan, steps=(replace(plan.steps[0], id="011"), *plan.steps[1:])))
    others.append(replace(plan, steps=(a_step(1, in_transaction=False), *plan.steps[1:])))
    assert len({plan_hash(p) for p in [plan, *others]}) == 6
    assert plan_hash(plan) == plan_hash(a_plan())


def test_refuses_an_edited_step_until_the_edit_is_accepted(folder):
    path = folder / "010_expand_make_a_function.down.sql"
    edit(path, "DROP FUNCTION f()", "-- by hand; ça va\nDROP FUNCTION f(); SELECT ';'")
    with pytest.raises(PlanDamaged, match=r"010_expand_make_a_function\.down\.sql was edited") as refused:
        read_plan(folder)
    assert "--accept-edits" in refused.value.next_step
    edited = read_plan(folder, accept_edits=True)
    assert edited.steps[0].step.undo == ("DROP FUNCTION f()", "SELECT ';'")
    assert edited.steps[0].step.do == a_plan().steps[0].step.do
    write_hashes(edited, folder)
    assert read_plan(folder) == edited
    assert "-- by hand; ça va\n" in path.read_text()


def test_accepts_an_undo_written_where_there_was_none(folder):
    path = folder / "030_switch_make_a_function.down.sql"
    path.write_text(path.read_text() + "SELECT 1;\n")
    edited = read_plan(folder, accept_edits=True)
    assert edited.steps[2].step.undo == ("SELECT 1",)
    write_hashes(edited, folder)
    assert read_plan(folder) == edited


def test_accepts_no_edit_that_was_not_read(folder):
    edit(folder / "010_expand_make_a_function.down.sql", "f()", "g()")
    edited = read_plan(folder, accept_edits=True)
    edit(folder / "010_expand_make_a_function.down.sql", "g()", "h()")
    with pytest.raises(PlanDamaged, match="changed meanwhile"):
        write_hashes(edited, folder)


def test_refuses_a_step_whose_properties_were_edited(folder):
    edit(folder / "plan.toml", "SELECT true", "SELECT 2 > 1")
    with pytest.raises(PlanDamaged, match=r"plan\.toml was edited"):
        read_plan(folder)
    edited = read_plan(folder, accept_edits=True)
    assert edited.steps[0].step.proof == "SELECT 2 > 1"
    write_hashes(edited, folder)
    assert read_plan(folder) == edited


def test_a_batched_statement_stays_one_statement(folder):
    path = folder / "020_migrate_make_a_function.sql"
    path.write_text(path.read_text() + "SELECT 2;\n")
    with pytest.raises(PlanDamaged, match=r"020_migrate_make_a_function\.sql must hold exactly one statement"):
        read_plan(folder, accept_edits=True)


@pytest.mark.parametrize("accept", [True, False])
def test_names_what_is_missing(folder, accept):
    for name in ["plan.toml", *sql_files(folder)]:
        (folder / name).rename(folder.parent / name)
        with pytest.raises(PlanDamaged) as refused:
            read_plan(folder, accept_edits=accept)
        assert refused.value.what == f"{folder / name} is missing"
        assert refused.value.exit_status == 4
        (folder.parent / name).rename(folder / name)


def test_refuses_files_of_no_step_and_broken_ones(folder):
    (folder / "015_mine.sql").write_text("DROP TABLE x;")
    with pytest.raises(PlanDamaged, match=r"015_mine\.sql belongs to no step"):
        read_plan(folder)
    (folder / "015_mine.sql").unlink()
    whole = (folder / "plan.toml").read_bytes()
    for part in (
        whole[: len(whole) // 2],
        b"",
        b"\xff",
        b'format = "x"',
        whole.replace(b'phase = "expand"', b'phase = "expend"'),
    ):
        (folder / "plan.toml").write_bytes(part)
        with pytest.raises(PlanDamaged, match=r"plan\.toml"):
            read_plan(folder)


def test_reads_no_file_from_elsewhere(folder):
    outside = folder.parent / "out.sql"
    shutil.copy(folder / "010_expand_make_a_function.sql", outside)
    edit(folder / "plan.toml", '"010_expand_make_a_function.sql"', '"../out.sql"')
    with pytest.raises(PlanDamaged):
        read_plan(folder)


def test_a_killed_writer_leaves_no_folder(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pgrefit.model.plan_folder._sync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_plan(a_plan(), tmp_path / "plan")
    assert list(tmp_path.iterdir()) == []


def test_writes_over_nothing(folder):
    with pytest.raises(UsageError, match="is there already"):
        write_plan(a_plan(), folder)
    with pytest.raises(UsageError, match="there is no plan folder"):
        read_plan(folder.parent / "another")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
hostile = texts | st.sampled_from(
    ["", "\x7f", "\r\n", "'''", '"""', "\\", "a;b", "-- x", "$$;$$", "\u2028", "é\x00", "#"]
)


@given(st.recursive(hostile | st.booleans() | st.integers(), lambda v: st.lists(v) | st.dictionaries(hostile, v)))
def test_toml_reads_back(value):
    document = {"x": value, "tables": [{"a": value, "b": {"c": value}}]}
    assert tomllib.loads(dumps(document)) == document


@settings(max_examples=60, deadline=None)
@given(st.lists(hostile, min_size=7, max_size=7), st.lists(hostile, max_size=4))
def test_hostile_texts_read_back(parts, statements):
    title, why, note, schema, name, key, value = parts
    table = Relation(schema, name)
    step = a_step(
        title=title, why=why, do=tuple(map(Statement, statements)), locks=(Lock(table, LockMode.SHARE),),
        undo=Batches(table=table, key=(key,), types=("text",), statement=Statement(value)),
    )  # fmt: skip
    plan = replace(a_plan(), steps=(step,), notes=(note,), tables=(table,))
    with tempfile.TemporaryDirectory() as place:
        write_plan(plan, Path(place) / "plan")
        assert read_plan(Path(place) / "plan") == plan
