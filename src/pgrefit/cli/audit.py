"""pgrefit audit."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.options import Dsn, DsnOption, EnvOption, Format, FormatOption, Out, WorkloadOption

if TYPE_CHECKING:
    from pgrefit.pg.connect import Target


class FailOn(StrEnum):
    """The mildest severity that makes the exit status 1."""

    NONE = "none"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def audit(
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    form: FormatOption = Format.TEXT,
    workload: WorkloadOption = None,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", metavar="NAME=DSN", help="Another environment of the database.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="RULE[:OBJECT]", help="Leave out; * matches.")
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit with 1 at findings of this severity.")
    ] = FailOn.NONE,
    everything: Annotated[bool, typer.Option("--all", help="Show every finding.")] = False,
    timeout: Annotated[int, typer.Option("--timeout", metavar="SECONDS", min=1, help="Limit of each statement.")] = 60,
    out: Out = None,
) -> None:
    """Find defects, each measured. Read-only.

    In schema, data, workload and row security; what could not be looked at is said.
    """
    from pgrefit.api.auditing import audit as run
    from pgrefit.model.finding import Severity
    from pgrefit.report import html, markdown, sarif, text
    from pgrefit.report.story import Story
    from pgrefit.rules import all_rules

    say.check_format("audit", form, Format.MARKDOWN, Format.SARIF, Format.HTML)
    say.check_out(out)
    result = run(
        say.target(dsn, dsn_option, env), workload=workload, environments=environments(compare or []),
        ignore=ignore or [], runtime_ms=timeout * 1000,
    )  # fmt: skip
    report = result.report
    others = {
        Format.MARKDOWN: lambda: markdown.findings(report),
        Format.SARIF: lambda: sarif.document(report, all_rules()),
        Format.HTML: lambda: html.render(Story(title="Audit", database=report.database, findings=report)),
    }
    say.show(form, "findings", report, lambda c: text.findings(report, c, everything=everything), others, out)
    if fail_on is not FailOn.NONE and report.at_least(Severity(fail_on.value)):
        raise typer.Exit(1)


def environments(pairs: list[str]) -> Iterator[tuple[str, Target]]:
    """Other environments, from NAME=DSN."""
    from pgrefit.errors import UsageError
    from pgrefit.pg.connect import resolve

    for pair in pairs:
        name, is_named, dsn = pair.partition("=")
        if not is_named or not name.isidentifier() or name in {"host", "dbname", "service"}:
            # What was written instead may hold a password.
            raise UsageError(
                "--compare wants NAME=DSN", next_step="write --compare staging=postgresql://user@host/database"
            )
        yield name, resolve(dsn)
