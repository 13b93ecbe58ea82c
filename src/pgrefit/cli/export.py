"""pgrefit export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.options import PlanFolder

NAMES = "psql, alembic, flyway, sqitch, golang-migrate, goose, dbmate or supabase"


class Until(StrEnum):
    """The phases before the last one, at which an export may stop."""

    EXPAND = "expand"
    MIGRATE = "migrate"
    SWITCH = "switch"


def export(
    plan: PlanFolder,
    to: Annotated[str, typer.Option("--to", metavar="TOOL", help=f"The tool: {NAMES}.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="An empty folder, or a project of that tool.")
    ],
    until: Annotated[
        Until | None, typer.Option("--until", help="Only up to this phase; the rest can be added later.")
    ] = None,
) -> None:
    """Write a plan as migrations of the tool that the team has.

    They need no pgrefit to run: batches, short waits for locks and proofs come along as plain SQL.
    """
    from pgrefit.api.exporting import export as run
    from pgrefit.model.change import Phase

    done = run(plan, to, out, until=Phase(until.value) if until else None)
    say.results("".join(f"{out / file}\n" for file in done.files))
    if done.passed_over:
        say.say(f"{len(done.passed_over)} migrations were there already and stay as they are")
    say.say(f"how to run them:\n{done.how}")
