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
    timeout: Annotated[int, typer.Option("--timeout", metavar="SECONDS", help="Limit of each statement.")] = 60,
    out: Out = None,
) -> None:
    """Find defects in schema, data, workload and row security, each measured. Read-only."""
    from pgrefit.api.auditing import audit as run
    from pgrefit.model.finding import Severity
    from pgrefit.report import text
    from pgrefit.report.story import Story

    result = run(
        say.target(dsn, dsn_option, env), workload=workload, environments=environments(compare or []),
        ignore=ignore or [], runtime_ms=timeout * 1000,
    )  # fmt: skip
    story = Story(title="Audit", database=result.report.database, findings=result.report)
    say.show(
        form, "findings", result.report, lambda c: text.findings(result.report, c, everything=everything), story, out
    )
    if fail_on is not FailOn.NONE and result.report.at_least(Severity(fail_on.value)):
        raise typer.Exit(1)


def environments(pairs: list[str]) -> Iterator[tuple[str, Target]]:
    """Other environments, from NAME=DSN."""
    from pgrefit.errors import UsageError
    from pgrefit.pg.connect import resolve

    for pair in pairs:
        name, is_named, dsn = pair.partition("=")
        if not is_named or not name.isidentifier():
            raise UsageError(f"--compare {name}: it is not NAME=DSN")
        yield name, resolve(dsn)
