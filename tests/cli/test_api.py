"""The Python API, as the README shows it, and what importing it costs."""

import subprocess
import sys

import pytest

import pgrefit
import pgrefit.api
from pgrefit.errors import StalePlan


def test_the_readme_snippet(shop):
    from pgrefit.api import audit, resolve

    report = audit(resolve(shop.dsn)).report
    assert [finding.object for finding in report.of("reference-as-text")] == ["public.attempts.video_id"]


def test_a_refit_from_python(shop, tmp_path):
    from pgrefit.api import apply, design, read_intent, resolve, rollback, status, verify

    (tmp_path / "refit.toml").write_text('[reference."public.attempts.video_id"]\n')
    target, intent = resolve(shop.dsn), read_intent(tmp_path / "refit.toml")
    assert isinstance(intent, pgrefit.Intent)
    made = design(target, intent=intent, folder=tmp_path / "plan")
    assert isinstance(made.plan, pgrefit.Plan)
    assert status(target) is None
    assert apply(target, made.folder, until=pgrefit.Phase.SWITCH).state == "stopped"
    assert verify(target, made.folder).passed
    assert rollback(target, made.folder).state == "rolled back"
    shop("ALTER TABLE videos ADD COLUMN x int")
    with pytest.raises(StalePlan):
        apply(target, made.folder)


def test_every_name_is_there_and_none_is_loaded_before_it_is_asked_for():
    assert all(getattr(pgrefit, name) for name in pgrefit.__all__)
    assert all(callable(getattr(pgrefit.api, name)) for name in pgrefit.api.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = pgrefit.nope
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = pgrefit.api.nope
    loaded = "import sys, pgrefit, pgrefit.api; print({'psycopg', 'pydantic', 'rich'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True).stdout == b"set()\n"
