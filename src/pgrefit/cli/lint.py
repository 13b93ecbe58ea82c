"""pgrefit lint."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.options import DsnOption, EnvOption, Format, Out, WorkloadOption

if TYPE_CHECKING:
    from pgrefit.model.lint import LintReport


class LintFormat(StrEnum):
    """How findings are shown."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


class LintFailOn(StrEnum):
    """The mildest severity that makes the exit status 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


def lint(
    paths: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER... [DSN]", help="Migrations; then the database they are for.")
    ],
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    form: Annotated[LintFormat, typer.Option("--format", "-f", help="Form of the result.")] = LintFormat.TEXT,
    fail_on: Annotated[
        LintFailOn, typer.Option("--fail-on", help="Exit with 1 at findings of this severity.")
    ] = LintFailOn.ERROR,
    enable: Annotated[list[str] | None, typer.Option("--enable", metavar="RULE", help="Run an optional rule.")] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Do not run a rule.")] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="NAME", help="Report files from that one on; earlier ones are known.")
    ] = "",
    down: Annotated[bool, typer.Option("--down", help="Lint the ways back instead.")] = False,
    workload: WorkloadOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every finding, also of severity info.")] = False,
    timeout: Annotated[int, typer.Option("--timeout", metavar="SECONDS", min=1, help="Limit of each question.")] = 30,
    out: Out = None,
) -> None:
    """Say what migrations would lock, break or lose.

    With a database, as bad as its tables are large; its rows are looked at, too. Nothing is run.
    """
    from pgrefit.api.linting import lint as run
    from pgrefit.model.finding import Severity

    say.check_out(out)
    files, dsn = split(paths)
    target = say.target(dsn, dsn_option, env) if dsn or dsn_option or env else None
    report = run(
        files, target, workload=workload, down=down, since=since, enable=enable or [], ignore=ignore or [],
        runtime_ms=timeout * 1000,
    )  # fmt: skip
    _show(report, form, out, everything=everything)
    if fail_on is not LintFailOn.NEVER and report.at_least(Severity(fail_on.value)):
        raise typer.Exit(1)


def split(words: list[str]) -> tuple[list[Path], str | None]:
    """Files, and the connection string after them if there is one: a word that is one and names no file."""
    last = words[-1]
    is_dsn = last.startswith(("postgresql://", "postgres://")) or ("=" in last and not Path(last).exists())
    return [Path(word) for word in (words[:-1] if is_dsn else words)], last if is_dsn else None


def _show(report: LintReport, form: LintFormat, out: Path | None, *, everything: bool) -> None:
    from pgrefit.lint import all_lint_rules
    from pgrefit.report import github, lint_sarif
    from pgrefit.report.text.lint import lint as as_text

    def written() -> str:
        if form is LintFormat.GITHUB:
            return github.commands(report)
        return lint_sarif.document(report, (rule.card for rule in all_lint_rules()))

    shared = {LintFormat.TEXT: Format.TEXT, LintFormat.JSON: Format.JSON}.get(form, Format.SARIF)
    as_console = partial(as_text, report, everything=everything)
    say.show(shared, "lint", report, as_console, {Format.SARIF: written}, out)
