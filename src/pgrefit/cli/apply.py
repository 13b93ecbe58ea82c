"""pgrefit apply, rollback, status, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgrefit.cli import progress, say
from pgrefit.cli.options import (
    DryRun,
    Dsn,
    DsnOption,
    EnvOption,
    Format,
    FormatOption,
    LockTimeout,
    MaxActive,
    MaxProbe,
    MaxReplicaLag,
    MaxWalRate,
    Out,
    PlanFolder,
    ThrottleOption,
    Tries,
    Yes,
)
from pgrefit.errors import UsageError
from pgrefit.model.run import ThrottleMode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pgrefit.apply.settings import Settings
    from pgrefit.model.change import Phase
    from pgrefit.model.plan import PlanStep
    from pgrefit.model.run import Run

Until = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="PHASE|STEP", help="Stop after expand, migrate, switch, contract or a step's number."
    ),
]


def apply(
    plan: PlanFolder,
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    until: Until = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    lock_timeout: LockTimeout = None,
    tries: Tries = None,
    throttle: ThrottleOption = ThrottleMode.NORMAL,
    max_replica_lag: MaxReplicaLag = None,
    max_wal_rate: MaxWalRate = None,
    max_active: MaxActive = None,
    max_probe_ms: MaxProbe = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Run a plan online; run it again to go on.

    Lock-safe, in batches, journaled in the schema pgrefit of the database. It goes on where it stopped.
    """
    from pgrefit.api.applying import apply as run
    from pgrefit.api.applying import foresee, foresee_room
    from pgrefit.apply.dry_run import describe_steps
    from pgrefit.apply.settings import Hooks

    _check_form("apply", form, dry_run=dry_run)
    target, settings = say.target(dsn, dsn_option, env), _settings(lock_timeout, tries)
    settings = _throttled(settings, throttle, max_replica_lag, max_wal_rate, max_active, max_probe_ms)
    steps = foresee(target, plan, until=_until(until), settings=settings)
    if dry_run:
        room = [f"-- takes {foresee_room(target, steps)}"] if steps else []
        _print([*describe_steps(steps), *room], "nothing is left to do")
        return
    if steps:
        say.say(_intention(plan, steps))
        say.confirm("apply it?", yes=yes)
    found = run(target, plan, until=_until(until), hooks=Hooks(on_event=progress.show), settings=settings)
    _show_run(found, plan, form)


def rollback(
    plan: PlanFolder,
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="STEP", help="Keep steps up to this one (default: take back all).")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    lock_timeout: LockTimeout = None,
    tries: Tries = None,
    throttle: ThrottleOption = ThrottleMode.NORMAL,
    max_replica_lag: MaxReplicaLag = None,
    max_wal_rate: MaxWalRate = None,
    max_active: MaxActive = None,
    max_probe_ms: MaxProbe = None,
    form: FormatOption = Format.TEXT,
) -> None:
    """Take a run back, to any earlier step."""
    from pgrefit.api.applying import foresee_way_back
    from pgrefit.api.applying import rollback as run
    from pgrefit.apply.dry_run import describe_undo
    from pgrefit.apply.settings import Hooks

    _check_form("rollback", form, dry_run=dry_run)
    target, settings = say.target(dsn, dsn_option, env), _settings(lock_timeout, tries)
    settings = _throttled(settings, throttle, max_replica_lag, max_wal_rate, max_active, max_probe_ms)
    steps = foresee_way_back(target, plan, to=to)
    if dry_run:
        _print(describe_undo(steps), "nothing is to be taken back")
        return
    if steps:
        say.say(f"this database will have undone {_span(steps)} of {plan}; --dry-run shows every statement")
        say.confirm("take it back?", yes=yes)
    _show_run(run(target, plan, to=to, hooks=Hooks(on_event=progress.show), settings=settings), plan, form)


def status(
    dsn: Dsn = None, dsn_option: DsnOption = None, env: EnvOption = None, form: FormatOption = Format.TEXT
) -> None:
    """What has run, is running, is left; what waits on what."""
    from datetime import UTC, datetime

    from pgrefit.api.applying import status as run
    from pgrefit.report import text

    say.check_format("status", form)
    found = run(say.target(dsn, dsn_option, env))
    if found is not None:
        say.show(form, "run", found, lambda console: text.run(found, console, datetime.now(UTC)))
    elif form is Format.JSON:
        say.results('{"format": "pgrefit/run/1", "state": "none", "steps": []}\n')
    else:
        say.results("no plan has been applied to this database\n")


def verify(
    plan: PlanFolder,
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="DSN", help="A copy from before: is every row still there?")
    ] = None,
    form: FormatOption = Format.TEXT,
    out: Out = None,
) -> None:
    """Whether all that a plan did is sound, nothing lost."""
    from pgrefit.api.applying import verify as run
    from pgrefit.pg.connect import resolve
    from pgrefit.report import html, markdown, text
    from pgrefit.report.story import Story

    say.check_format("verify", form, Format.MARKDOWN, Format.HTML)
    say.check_out(out)
    result = run(say.target(dsn, dsn_option, env), plan, against=resolve(against) if against else None)
    others = {
        Format.MARKDOWN: lambda: markdown.verification(result),
        Format.HTML: lambda: html.render(Story(title=f"Verification of {result.plan}", verification=result)),
    }
    say.show(form, "verification", result, lambda c: text.verification(result, c), others, out)
    if not result.passed:
        raise typer.Exit(1)


def _check_form(verb: str, form: Format, *, dry_run: bool) -> None:
    say.check_format(verb, form, Format.HTML)
    if dry_run and form is not Format.TEXT:
        raise UsageError("--dry-run prints statements as text", next_step="leave --format out")


def _settings(lock_timeout: int | None, tries: int | None) -> Settings:
    from pgrefit.apply.settings import DEFAULTS, Settings

    wait = lock_timeout or DEFAULTS.lock_wait_ms
    return Settings(
        lock_wait_ms=wait, batch_lock_wait_ms=min(wait, DEFAULTS.batch_lock_wait_ms), tries=tries or DEFAULTS.tries
    )


def _throttled(
    settings: Settings,
    throttle: ThrottleMode,
    replica_lag: float | None,
    wal_rate: float | None,
    active: int | None,
    probe_ms: float | None,
) -> Settings:
    from dataclasses import replace

    limits = replace(
        settings.limits, wal_mb_a_second=wal_rate or 0, active_sessions=active or 0, probe_ms=probe_ms or 0
    )
    if replica_lag is not None:
        limits = replace(limits, replica_mb=replica_lag)
    if replica_lag == 0:
        limits = replace(limits, replica_seconds=0)
    return replace(settings, throttle=throttle, limits=limits)


def _until(text: str | None) -> Phase | str | None:
    from pgrefit.model.change import Phase

    return next((phase for phase in Phase if phase.value == text), text)


def _intention(plan: Path, steps: tuple[PlanStep, ...]) -> str:
    fixed = next((step.id for step in steps if not step.reversible), "")
    limit = f"no way back from step {fixed} on" if fixed else "every step can be undone"
    return f"{plan} will change this database in {_span(steps)}; {limit}; --dry-run shows every statement"


def _span(steps: tuple[PlanStep, ...]) -> str:
    ids = [step.id for step in steps]
    return f"step {ids[0]}" if len(ids) == 1 else f"{len(ids)} steps ({ids[0]} to {ids[-1]})"


def _print(lines: Iterable[str], otherwise: str) -> None:
    text = "\n".join(lines)
    say.results((text or f"-- {otherwise}") + "\n")


def _show_run(found: Run, plan: Path, form: Format) -> None:
    from pgrefit.model.plan_folder import read_plan
    from pgrefit.report import html, text
    from pgrefit.report.story import Story

    others = {
        Format.HTML: lambda: html.render(Story(title=f"Run of {found.plan}", plan=read_plan(plan), run=found)),
    }
    say.show(form, "run", found, lambda console: text.run(found, console), others)
