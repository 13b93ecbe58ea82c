"""Which database is meant, and that no password is shown."""

from pathlib import Path

import pytest

from pgrefit.errors import BadIntent, UsageError
from pgrefit.pg.target import Target, resolve


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGREFIT_DSN", "DATABASE_URL", "PGHOST", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


def test_the_nearest_word_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def source(dsn: str | None = None) -> str:
        return resolve(dsn, cwd=tmp_path).source

    assert source() == "libpq's environment and defaults"
    monkeypatch.setenv("DATABASE_URL", "postgresql://url/db")
    assert source() == "DATABASE_URL"
    (tmp_path / "pyproject.toml").write_text('[tool.pgrefit]\ndatabase = "dbname=project"')
    assert source() == "pyproject.toml"
    (tmp_path / "pgrefit.toml").write_text('database = "dbname=own"')
    assert source() == "pgrefit.toml"
    monkeypatch.setenv("PGREFIT_DSN", "dbname=shell")
    assert source() == "PGREFIT_DSN"
    assert source("dbname=argument") == "the argument"


def test_a_configuration_further_up_is_found(tmp_path: Path) -> None:
    (tmp_path / "pgrefit.toml").write_text('database = "dbname=own"')
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert resolve(None, cwd=deep).dsn == "dbname=own"


def test_an_environment_is_picked_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pgrefit.toml").write_text('database = "dbname=dev"\n[env.prod]\ndatabase = "dbname=prod"')
    monkeypatch.setenv("PGREFIT_DSN", "dbname=shell")
    target = resolve(None, env_name="prod", cwd=tmp_path)
    assert (target.dsn, target.source) == ("dbname=prod", "pgrefit.toml [env.prod]")
    with pytest.raises(UsageError, match="'live'") as raised:
        resolve(None, env_name="live", cwd=tmp_path)
    assert "prod" in raised.value.why
    with pytest.raises(UsageError, match="both"):
        resolve("dbname=x", env_name="prod", cwd=tmp_path)


def test_an_unreadable_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "pgrefit.toml").write_text("database = \n")
    with pytest.raises(BadIntent, match=r"pgrefit\.toml") as raised:
        resolve(None, cwd=tmp_path)
    assert "line 1" in raised.value.why


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:s%20cret@db.example:5433/shop",
        "postgresql://me@db.example:5433/shop?password=s%20cret",
        "host=db.example port=5433 user=me dbname=shop password='s cret'",
        "postgresql+psycopg://me:s%20cret@db.example:5433/shop?sslpassword=s%20cret",
    ],
)
def test_a_password_is_never_shown(dsn: str) -> None:
    target = resolve(dsn)
    assert target.masked == "user=me dbname=shop host=db.example port=5433" or set(target.masked.split()) == {
        "user=me",
        "dbname=shop",
        "host=db.example",
        "port=5433",
    }
    assert "cret" not in repr(target)


def test_an_unreadable_string_does_not_leak_its_password() -> None:
    with pytest.raises(UsageError) as raised:
        resolve("postgresql://me:s3cret@[half")
    assert "s3cret" not in str(raised.value) + raised.value.why
    assert raised.value.__suppress_context__


def test_masked_says_what_libpq_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")
    monkeypatch.setenv("PGDATABASE", "shop")
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    masked = resolve(None, cwd=Path("/")).masked
    assert "host=db.example" in masked
    assert "dbname=shop" in masked
    assert "s3cret" not in masked


def test_two_targets_are_equal_by_value() -> None:
    assert Target(dsn="dbname=a", source="x") == Target(dsn="dbname=a", source="x")
