"""Findings that are known are not reported: with a reason, until a day, and as long as they are there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from audit.making import finding, report
from pgrefit.audit.baseline import read_baseline, renewed, with_baseline, write_baseline
from pgrefit.errors import UsageError
from pgrefit.model.audit_report import AuditReport, Coverage, LeftOut, Skipped
from pgrefit.model.identity import fingerprint

TODAY = date(2026, 11, 21)
ONE = finding("public.a", "12 of 3,000 rows (0.4 %) name nothing", rule="orphans")
TWO = finding('public."b ü\n"', "its index_17 is never used", rule="unused-index")
LACKS = 'format = "pgrefit/baseline/1"\n[[finding]]\nrule = "x"'
NEW = finding("public.c", "is new", rule="unused-index")


def accepted(found: AuditReport, path: Path, *, expires: date | None = None) -> Path:
    write_baseline(path, renewed(found, (), reason="as agreed", expires=expires, today=TODAY))
    return path


def test_what_is_written_is_left_out_with_its_reason(tmp_path: Path) -> None:
    path = accepted(report(ONE, TWO), tmp_path / "known.toml", expires=TODAY)
    found = with_baseline(report(ONE, TWO, NEW), read_baseline(path), path.name, TODAY)
    assert found.findings == (NEW,)
    assert [(left.by, left.where, left.reason) for left in found.left_out] == [
        ("baseline", "known.toml", "as agreed, until 2026-11-21")
    ] * 2
    assert (found.gone, found.expired) == ((), ())


def test_a_finding_is_the_same_whatever_was_measured() -> None:
    grown = replace(ONE, message="9,512 of 10,000 rows (95.1 %) name nothing", evidence=NEW.evidence)
    assert fingerprint(grown) == fingerprint(ONE)
    assert fingerprint(replace(ONE, message="2 of 3,000 rows (0.4 %) name nothing, and more")) != fingerprint(ONE)
    assert fingerprint(replace(TWO, message="its index_18 is never used")) != fingerprint(TWO)
    assert fingerprint(replace(ONE, message="takes 2.5 GB")) == fingerprint(replace(ONE, message="takes 900 kB"))


def test_what_expired_is_reported_again_and_says_so(tmp_path: Path) -> None:
    entries = read_baseline(accepted(report(ONE), tmp_path / "known.toml", expires=TODAY))
    found = with_baseline(report(ONE), entries, "known.toml", date(2026, 11, 22))
    assert found.findings == (ONE,)
    assert [(entry.object, entry.reason) for entry in found.expired] == [("public.a", "as agreed")]
    assert found.left_out == ()


def test_what_is_gone_is_named_but_not_where_nobody_looked(tmp_path: Path) -> None:
    entries = read_baseline(accepted(report(ONE, TWO), tmp_path / "known.toml"))
    mended = replace(report(ONE), coverage=(Coverage(rule="orphans"), Coverage(rule="unused-index")))
    assert [entry.rule for entry in with_baseline(mended, entries, "f", TODAY).gone] == ["unused-index"]
    assert with_baseline(report(ONE), entries, "f", TODAY).gone == ()  # the other rule did not run
    missed = Coverage(rule="unused-index", asked=1, skipped=(Skipped(about="public.t", reason="locked"),))
    unsure = replace(mended, coverage=(Coverage(rule="orphans"), missed))
    assert with_baseline(unsure, entries, "f", TODAY).gone == ()
    commented = replace(mended, left_out=(LeftOut(finding=TWO, by="comment"),))
    assert with_baseline(commented, entries, "f", TODAY).gone == ()


def test_writing_again_keeps_reasons_and_drops_what_is_gone(tmp_path: Path) -> None:
    entries = read_baseline(accepted(report(ONE, TWO), tmp_path / "known.toml"))
    over = read_baseline(accepted(report(NEW), tmp_path / "old.toml", expires=date(2026, 1, 1)))
    found = replace(report(TWO, NEW), coverage=(Coverage(rule="orphans"), Coverage(rule="unused-index")))
    again = renewed(found, (*entries, *over), reason="new reason", expires=None, today=TODAY)
    assert {(entry.object, entry.reason) for entry in again} == {(TWO.object, "as agreed"), ("public.c", "new reason")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("finding = [", "cannot be read as a baseline"),
        ("[[finding]]\nrule = 'x'", "is no baseline"),
        (LACKS, "its finding 1 lacks object and fingerprint"),
        (f'{LACKS}\nobject = "y"\nfingerprint = "z"\nreason = ""\nexpires = "soon"', "its finding 1 expires on 'soon'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_baseline(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "known.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_baseline(tmp_path / "known.toml")
    assert says in caught.value.what


def test_a_day_of_toml_is_one_too(tmp_path: Path) -> None:
    path = accepted(report(ONE), tmp_path / "known.toml", expires=TODAY)
    path.write_text(path.read_text().replace('"2026-11-21"', "2026-11-21"))
    assert read_baseline(path)[0].expires == TODAY
