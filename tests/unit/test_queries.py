"""The loader of reading queries."""

from importlib.resources import files

import pytest

from pgrefit.pg.queries import load

ALL = sorted(entry.name for entry in files("pgrefit.pg").joinpath("sql").iterdir() if entry.name.endswith(".sql"))


@pytest.mark.parametrize(
    ("version", "column"),
    [(130004, "NULL AS locale"), (150018, "daticulocale"), (160014, "daticulocale"), (180004, "datlocale")],
)
def test_the_highest_variant_not_above_the_server_is_taken(version: int, column: str) -> None:
    assert column in load("clone_database", version)


def test_an_unknown_query_is_our_mistake() -> None:
    with pytest.raises(LookupError, match="no_such_query"):
        load("no_such_query", 180004)


@pytest.mark.parametrize("name", ALL)
def test_every_query_says_what_it_is_for(name: str) -> None:
    first = files("pgrefit.pg").joinpath("sql", name).read_text().partition("\n")[0]
    assert first.startswith("-- ")
    assert len(first) > 10
