"""What roles reach, as people read it."""

import io

from rich.console import Console

from pgrefit.model.access import Reach
from pgrefit.model.names import Relation
from pgrefit.report.text.access import access

NOTE = Relation("app", "note")


def shown(*reaches: Reach) -> str:
    console = Console(record=True, width=160, file=io.StringIO())
    access(reaches, console)
    return " ".join(console.export_text().split())


def cell(command: str, **known: object) -> Reach:
    return Reach(**{"persona": "ann", "table": NOTE, "command": command, "privilege": "table"} | known)


def test_what_was_asked() -> None:
    said = shown(
        cell("select", rows=60, of=60), cell("insert", condition="(owner = 'ann')"), cell("update", rows=4, of=60),
        cell("delete", privilege="none", refused="no privilege"),
    )  # fmt: skip
    assert said == "As ann table reads adds changes deletes app.note all 60 where (owner = 'ann') 4 of 60 –"


def test_what_only_came_out_on_a_copy() -> None:
    tried = {"executed": True}
    said = shown(
        cell("select", rows=3, of=60, writes=("app.log",), differs="asked read-only: 4 rows; a policy", **tried),
        cell("insert", rows=7, of=50, **tried), cell("delete", rows=4, of=60, blind=60, **tried),
        cell("call", table=Relation("app", "purge"), writes=("app.note",), **tried),
    )  # fmt: skip
    assert said.startswith("As ann, tried on a copy table")
    for part in (
        "3 of 60 7 of 50 copies; any row – 4 of 60", "app.note: select changes app.log",
        "app.note, select: asked read-only: 4 rows; a policy",
        "app.note: without a condition it deletes 60 rows (all)",
        "calls app.purge() as its owner: runs, changes app.note",
    ):  # fmt: skip
        assert part in said


def test_a_role_that_reaches_nothing() -> None:
    assert shown(cell("select", refused="no privilege")) == "As ann reaches no table"
