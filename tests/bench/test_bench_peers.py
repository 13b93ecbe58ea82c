"""The audit beside others' auditors: one that cannot be had is left out, which is said; what they say is understood."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))  # the benchmarks are beside the tests, and not installed

from benchmarks.audit.defects.judging import Garden, Score
from benchmarks.audit.defects.planting import Decoy, Truth
from benchmarks.audit.peers import check_postgres, compare, dblinter, packages, schemalint
from benchmarks.audit.peers.auditors import Auditor, Failed, Heard, Missing, Said, TooLong, run, schema_in
from benchmarks.audit.peers.packages import DONE, from_pypi, installed
from benchmarks.audit.peers.planted import against
from benchmarks.audit.peers.turns import Turn, available, turn

from pgrefit.pg.cluster import Cluster
from pgrefit.rules import all_rules

RULE, TWIN = "foreign-key-without-index", "duplicate-index"
FUTURE = replace(dblinter.AUDITOR, install=lambda folder: from_pypi(folder, "dblinter", python=(3, 99)))
ONE_EACH = [check_postgres.AUDITOR, FUTURE, schemalint.AUDITOR]


def _auditor(said: Heard | Exception) -> Auditor:
    def audit(_: Path, __: object) -> Heard:
        if isinstance(said, Exception):
            raise said
        return said

    return Auditor(
        name="other", version="1", licence="MIT", registry="none", rules={RULE: ("fk",), TWIN: ("same", "alike")},
        install=lambda _: None, audit=audit,
    )  # fmt: skip


def test_every_check_of_theirs_is_laid_beside_a_rule_of_ours() -> None:
    known = {rule.name for rule in all_rules()}
    assert {rule for auditor in compare.AUDITORS for rule in auditor.rules} - known == set()


@pytest.mark.parametrize("auditor", ONE_EACH, ids=lambda auditor: auditor.registry)
def test_where_it_cannot_be_fetched_it_is_left_out_and_that_is_said(
    auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(available([auditor], lambda one: installed(one, tmp_path))) == []
    assert f"{auditor.title} is left out: " in capsys.readouterr().out
    assert not list(tmp_path.glob(f"*/{DONE}"))


def test_without_any_of_them_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def install(_: Path) -> None:
        raise Missing("there is no network")

    absent = Auditor(
        name="away",
        version="0",
        licence="MIT",
        registry="npm",
        rules={},
        install=install,
        audit=lambda _, __: Heard(()),
    )
    monkeypatch.setattr(compare, "AUDITORS", (absent,))
    monkeypatch.setattr(packages, "CACHE", tmp_path)
    assert list(compare.measure()) == []
    assert "away 0 is left out: there is no network" in capsys.readouterr().out


def test_what_was_fetched_is_kept_and_half_of_it_is_fetched_again(tmp_path: Path) -> None:
    folder = installed(_auditor(Heard(())), tmp_path)
    (folder / "its own").touch()
    assert (installed(_auditor(Heard(())), tmp_path) / "its own").exists()
    (folder / DONE).unlink()
    assert not (installed(_auditor(Heard(())), tmp_path) / "its own").exists()


@pytest.mark.parametrize("error", [Failed("KeyError: 3"), TooLong("stopped after 1 s"), ValueError("no JSON")])
def test_one_that_dies_says_of_what(cluster18: Cluster, error: Exception, tmp_path: Path) -> None:
    done = turn(_auditor(error), tmp_path, cluster18.dsn(), 1.0)
    assert done.heard is None
    assert done.errors == (str(error),)


def test_a_check_is_right_where_it_names_what_was_planted_and_false_elsewhere() -> None:
    garden = Garden(
        truths=[_truth(RULE, "order", "customer"), _truth(RULE, "order", "seller"), _truth(RULE, "visit", "place")],
        decoys=[Decoy(rule=RULE, schema="shop 10", variant="")],
    )
    said = (
        Said("fk", "shop 1.order.order_fkey (customer)"),
        Said("fk", "shop 10.visit"),
        Said("fk", '"shop 1".orders'),
        Said("none of ours", "shop 1.visit"),
    )
    theirs = _scored(garden, said, Score(rule=RULE, defects=3, found=3, decoys=1, false=0))
    assert theirs == Score(rule=RULE, defects=3, found=1, decoys=1, false=2)


def test_one_that_names_no_more_than_the_table_is_taken_at_its_word() -> None:
    garden = Garden(truths=[_truth(TWIN, "order", "order_idx"), _truth(TWIN, "order", "order_idx1")])
    theirs = _scored(
        garden, (Said("alike", "order", "shop 1"),), Score(rule=TWIN, defects=2, found=2, decoys=0, false=0)
    )
    assert (theirs.found, theirs.false) == (2, 0)


def _scored(garden: Garden, said: tuple[Said, ...], ours: Score) -> Score:
    done = Turn(auditor=_auditor(Heard(())), seconds=1.0, heard=Heard(said))
    (beside,) = against(done, {ours.rule: ours}, garden)
    return beside.theirs


def _truth(rule: str, about: str, *details: str) -> Truth:
    return Truth(rules=(rule,), schema="shop 1", about=about, details=details, variant="")


@pytest.mark.parametrize(
    ("text", "schema"), [('"we""ird".t', 'we"ird'), ("a.b.t", "a.b"), ("elsewhere.t", ""), ("t", "")]
)
def test_the_schema_of_a_name_is_found_however_it_is_spelt(text: str, schema: str) -> None:
    assert schema_in(text, frozenset({'we"ird', "a.b"})) == schema


def test_programs_are_stopped_when_their_time_is_over() -> None:
    with pytest.raises(TooLong, match=r"after 0.2 s"):
        run(["sleep", "5"], 0.2)
    with pytest.raises(Failed, match="exit status 3"):
        run(["sh", "-c", "exit 3"], 5)
