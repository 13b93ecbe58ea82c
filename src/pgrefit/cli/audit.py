"""pgrefit audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.options import Dsn, DsnOption, EnvOption, Format, OnServer, Out, WorkloadOption

if TYPE_CHECKING:
    from pgrefit.api.auditing import Accept
    from pgrefit.model.audit_report import AuditReport, RuleList
    from pgrefit.pg.connect import Target


class AuditFormat(StrEnum):
    """How findings are shown."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    HTML = "html"


class FailOn(StrEnum):
    """The mildest severity that makes the exit status 1."""

    NONE = "none"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


Compare = Annotated[
    list[str] | None, typer.Option("--compare", metavar="NAME=DSN", help="Another environment of the database.")
]
BaselineOption = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Leave out what is known there.")
]
WriteBaseline = Annotated[
    Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write what is found there, as known.")
]
Expires = Annotated[
    datetime | None,
    typer.Option("--expires", metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="Until when it is accepted."),
]
MaxScan = Annotated[
    int, typer.Option("--max-scan", metavar="MB", min=0, help="Read at most so much of the data; 0: as needed.")
]
MaxTime = Annotated[
    int, typer.Option("--max-time", metavar="SECONDS", min=0, help="Read data for at most so long; 0: as needed.")
]
DutyOption = Annotated[
    int, typer.Option("--duty", metavar="PERCENT", min=1, max=100, help="Read for this part of the time only.")
]
Answers = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="Keep what was measured there; take what still holds from it."),
]
Roles = Annotated[bool, typer.Option("--roles", help="Show what each role reaches, asked as that role.")]
OnClone = Annotated[
    bool, typer.Option("--on-clone", help="With --roles: try it, as each role, on a copy; all is rolled back.")
]
Personas = Annotated[
    list[str] | None,
    typer.Option("--as", metavar="ROLE[;SETTING=VALUE]", help="With --roles: only as these, with such settings."),
]


def audit(
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    form: Annotated[AuditFormat, typer.Option("--format", "-f", help="Form of the result.")] = AuditFormat.TEXT,
    workload: WorkloadOption = None,
    compare: Compare = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", metavar="RULE", help="Run only these; * matches.")] = None,
    also: Annotated[
        list[str] | None, typer.Option("--with", metavar="RULE", help="Run these too, that are off by default.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="RULE[:OBJECT]", help="Leave out; * matches.")
    ] = None,
    baseline: BaselineOption = None,
    accepted: WriteBaseline = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why what is found is accepted.")] = "",
    expires: Expires = None,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Exit with 1 at findings of this severity (default: none).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every finding, and what each rule examined.")] = False,
    redact: Annotated[bool, typer.Option("--redact", help="Mask every value of the data.")] = False,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="Show the rules and which of them run.")] = False,
    timeout: Annotated[int, typer.Option("--timeout", metavar="SECONDS", min=1, help="Limit of each statement.")] = 60,
    max_scan: MaxScan = 0,
    max_time: MaxTime = 0,
    duty: DutyOption = 100,
    answers: Answers = None,
    roles: Roles = False,
    personas: Personas = None,
    on_clone: OnClone = False,
    server: OnServer = None,
    out: Out = None,
) -> None:
    """Find defects, each measured. Read-only.

    In schema, data, workload, server and row security; what could not be looked at is said.
    """
    from pgrefit.api.auditing import audit as run
    from pgrefit.api.auditing import choose, project_settings
    from pgrefit.api.auditing import list_rules as every_rule
    from pgrefit.model.finding import Severity
    from pgrefit.observe.budget import ScanBudget

    say.check_out(out)
    say.check_out(answers)
    settings = project_settings()
    if list_rules:
        _show_rules(every_rule(choose(rules=rule or [], also=also or [], settings=settings)), form, out)
        return
    report = run(
        say.target(dsn, dsn_option, env), workload=workload, environments=environments(compare or []),
        rules=rule or [], also=also or [], ignore=ignore or [], settings=settings, answers=answers, redact=redact,
        baseline=baseline, accept=accept(accepted, reason, expires),
        personas=personas or ([] if roles or on_clone else None), on_clone=on_clone,
        server=clone_server(server, on_clone=on_clone),
        budget=ScanBudget(
            bytes=max_scan * 2**20, seconds=max_time, question_ms=timeout * 1000, duty=duty / 100
        ),
    ).report  # fmt: skip
    if accepted:
        say.say(f"written: {accepted}")
    _show(report, form, out, everything=everything)
    limit = settings.fail_on if fail_on is None else None if fail_on is FailOn.NONE else Severity(fail_on.value)
    if limit and report.at_least(limit):
        raise typer.Exit(1)


def clone_server(server: str | None, *, on_clone: bool) -> Target | None:
    """Where the copy is made."""
    from pgrefit.errors import UsageError
    from pgrefit.pg.connect import resolve

    if server and not on_clone:
        raise UsageError("--on names the server for the copy of --on-clone", next_step="add --on-clone")
    return resolve(server) if server else None


def accept(file: Path | None, reason: str, expires: datetime | None) -> Accept | None:
    """What is asked to be written as known."""
    from pgrefit.api.auditing import Accept
    from pgrefit.errors import UsageError

    if file is None:
        if reason or expires:
            raise UsageError("--reason and --expires are for --write-baseline FILE")
        return None
    if not reason.strip():
        raise UsageError("what is accepted needs a reason", next_step="say why with --reason TEXT")
    say.check_out(file)
    return Accept(file=file, reason=reason, expires=expires.date() if expires else None)


def _show(report: AuditReport, form: AuditFormat, out: Path | None, *, everything: bool) -> None:
    from pgrefit.report import github, html, junit, markdown, sarif, text
    from pgrefit.report.story import Story
    from pgrefit.rules import all_rules

    written = {
        AuditFormat.MARKDOWN: lambda: markdown.findings(report, everything=everything),
        AuditFormat.SARIF: lambda: sarif.document(report, all_rules()),
        AuditFormat.JUNIT: lambda: junit.document(report),
        AuditFormat.GITHUB: lambda: github.audit_commands(report),
        AuditFormat.HTML: lambda: html.render(Story(title="Audit", database=report.database, findings=report)),
    }
    shared = {AuditFormat.TEXT: Format.TEXT, AuditFormat.JSON: Format.JSON}.get(form, Format.SARIF)
    others = {Format.SARIF: written[form]} if form in written else {}
    say.show(shared, "findings", report, lambda c: text.audited(report, c, everything=everything), others, out)


def _show_rules(rules: RuleList, form: AuditFormat, out: Path | None) -> None:
    from pgrefit.report.text.rules import rules as as_text

    shared = {AuditFormat.TEXT: Format.TEXT, AuditFormat.JSON: Format.JSON}.get(form, Format.SARIF)
    say.check_format("the list of rules", shared)
    say.show(shared, "rules", rules, lambda console: as_text(rules, console), out=out)


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
