"""Names of schemas, tables and columns as people write them in refit.toml and read them in findings."""

import json
from pathlib import Path

import pytest

from pgrefit.design.intent import read_intent
from pgrefit.errors import BadIntent
from pgrefit.model.intent import Intent, Reference, relation
from pgrefit.model.names import Relation, dotted, split_dotted

PARTS = [
    ("public", "quiz_attempts", "video_id"),
    ("Public", "Quiz Attempts", "$1 %s {x}"),
    ("we.ird", 'a "b"', "c"),
    ('"', '""', "."),
    ("é" * 31, "it's", "\\ $$ -- ;"),
]


@pytest.mark.parametrize("parts", PARTS)
def test_what_is_written_is_read(parts: tuple[str, ...]) -> None:
    assert split_dotted(dotted(*parts)) == parts


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("public.T.Video Id", ("public", "T", "Video Id")),  # as it stands, unlike in SQL
        ('"public"."T".x', ("public", "T", "x")),
        ('"a.b".c', ("a.b", "c")),
        ('5" disk.x', ('5" disk', "x")),
    ],
)
def test_quotes_are_needed_where_there_is_a_dot(written: str, parts: tuple[str, ...]) -> None:
    assert split_dotted(written) == parts


@pytest.mark.parametrize("written", ["", ".", "a.", ".a", "a..b", '"a', '"a"b.c', '"".b'])
def test_what_is_no_name(written: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        split_dotted(written)


def test_plain_names_are_as_they_are() -> None:
    assert str(Relation("public", "quiz attempts")) == "public.quiz attempts"
    assert relation('"we.ird".t') == Relation("we.ird", "t")


def test_two_spellings_of_a_name_are_one() -> None:
    said = Intent(reference={'"public"."t"."co.l"': Reference(), 'public.t."x"': Reference(required=True)})
    assert set(said.reference) == {'public.t."co.l"', "public.t.x"}


def test_refit_toml_can_say_any_name(tmp_path: Path) -> None:
    path = tmp_path / "refit.toml"
    name = Relation('we.ird "S"', "it's").column("co.l")
    path.write_text(f'[reference.{json.dumps(name)}]\non_delete = "cascade"\n', encoding="utf-8")
    assert read_intent(path).reference[name].on_delete == "cascade"


@pytest.mark.parametrize("name", ["public.t", "t", "a.b.c.d"])
def test_a_column_is_named_by_three_parts(tmp_path: Path, name: str) -> None:
    path = tmp_path / "refit.toml"
    path.write_text(f'[reference."{name}"]\n')
    with pytest.raises(BadIntent, match=r"is not schema\.table\.column"):
        read_intent(path)
