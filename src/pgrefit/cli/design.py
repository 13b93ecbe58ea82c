"""pgrefit design."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.audit import environments
from pgrefit.cli.options import Dsn, DsnOption, EnvOption, Format, FormatOption, OnServer, WorkloadOption


def design(
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    intent: Annotated[
        Path | None, typer.Option("--intent", metavar="FILE", help="refit.toml: what no tool can infer.")
    ] = None,
    workload: WorkloadOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="The plan's folder.")] = None,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", metavar="NAME=DSN", help="Another environment of the database.")
    ] = None,
    server: OnServer = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Turn findings, workload and intent into a plan.

    The plan is a folder of steps to read, edit, review and rehearse.
    """
    from pgrefit.api.designing import design as run
    from pgrefit.design.intent import read_intent
    from pgrefit.model.intent import Intent
    from pgrefit.pg.connect import resolve
    from pgrefit.report import html, markdown, text
    from pgrefit.report.story import Story

    say.check_format("design", form, Format.MARKDOWN, Format.HTML)
    found = intent or (Path("refit.toml") if Path("refit.toml").exists() else None)
    said = read_intent(found) if found else Intent()
    target = say.target(dsn, dsn_option, env)
    result = run(
        target, intent=said, folder=out, workload=workload, environments=environments(compare or []),
        server=resolve(server) if server else None,
    )  # fmt: skip
    plan, findings = result.plan, result.audit.report
    others = {
        Format.MARKDOWN: lambda: markdown.plan(plan),
        Format.HTML: lambda: html.render(Story(title=plan.name, database=plan.database, findings=findings, plan=plan)),
    }
    say.show(form, "plan", plan, lambda c: text.plan(plan, c), others)
    say.say(f"the plan is in {result.folder}; next: pgrefit rehearse {result.folder}")
