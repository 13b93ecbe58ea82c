"""What names say."""

import pytest

from pgrefit.model.names import Relation
from pgrefit.rules._names import affinity, reference_name, same_quantity, singular, words

OWNER = Relation("public", "owner_table")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("video_id", ("video", "id")),
        ("videoId", ("video", "id")),
        ("HTTPServerId", ("http", "server", "id")),
        ("Straße Nr", ("straße", "nr")),
        ("", ()),
    ],
)
def test_words(name: str, found: tuple[str, ...]) -> None:
    assert words(name) == found


@pytest.mark.parametrize(
    ("plural", "one"),
    [("videos", "video"), ("categories", "category"), ("addresses", "address"), ("statuses", "status"),
     ("boxes", "box"), ("status", "status"), ("people", "person"), ("houses", "house"), ("bus", "bus"), ("is", "is")],
)  # fmt: skip
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


@pytest.mark.parametrize(
    ("column", "table", "fits"),
    [
        ("video_id", "videos", 3),
        ("id_video", "video", 3),
        ("categoryUuid", "Categories", 3),
        ("quiz_attempt_id", "quizattempts", 3),
        ("author_user_id", "users", 2),
        ("attempt_id", "quiz_attempts", 1),
        ("parent_id", "owner_table", 1),
        ("parent_id", "videos", 0),
        ("id", "videos", 0),
        ("video_type", "videos", 0),
    ],
)
def test_affinity(column: str, table: str, fits: int) -> None:
    assert affinity(reference_name(column), Relation("public", table), owner=OWNER) == fits


def test_a_label_names_a_column_but_for_the_unit() -> None:
    assert same_quantity("Duration", "duration_seconds")
    assert same_quantity("File URL", "file_url")
    assert not same_quantity("File", "file_url")
    assert not same_quantity("Title", "duration")
