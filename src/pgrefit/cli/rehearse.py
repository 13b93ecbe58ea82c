"""pgrefit rehearse."""

from __future__ import annotations

from typing import Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.options import (
    Dsn,
    DsnOption,
    EnvOption,
    Format,
    FormatOption,
    OnServer,
    Out,
    PlanFolder,
    WorkloadOption,
)


def rehearse(
    plan: PlanFolder,
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    workload: WorkloadOption = None,
    server: OnServer = None,
    accept_edits: Annotated[
        bool, typer.Option("--accept-edits", help="Rehearse steps edited by hand, and accept them if they pass.")
    ] = False,
    hold_budget: Annotated[
        int | None,
        typer.Option("--hold-budget", metavar="MS", min=1, help="How long others may wait for a lock (default: 1000)."),
    ] = None,
    form: FormatOption = Format.TEXT,
    out: Out = None,
) -> None:
    """Run a plan up and down on a copy, under load.

    Measures every step, compares it with what it declared, and writes rehearsal.json into the plan.
    """
    from pgrefit.api.rehearsing import rehearse as run
    from pgrefit.pg.connect import resolve
    from pgrefit.rehearse.rehearse import HOLD_BUDGET
    from pgrefit.report import html, text
    from pgrefit.report.story import Story

    say.check_format("rehearse", form, Format.HTML)
    say.check_out(out)
    result = run(
        say.target(dsn, dsn_option, env), plan, workload=workload, server=resolve(server) if server else None,
        accept_edits=accept_edits, hold_budget=hold_budget or HOLD_BUDGET,
    )  # fmt: skip
    others = {Format.HTML: lambda: html.render(Story(title=f"Rehearsal of {result.plan}", rehearsal=result))}
    say.show(form, "rehearsal", result, lambda c: text.rehearsal(result, c), others, out)
    if not result.passed:
        raise typer.Exit(1)
