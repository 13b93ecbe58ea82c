"""pgrefit apply, rollback, status, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgrefit.cli import progress, say
from pgrefit.cli.options import DryRun, Dsn, DsnOption, EnvOption, Format, FormatOption, Out, PlanFolder, Yes

if TYPE_CHECKING:
    from pgrefit.model.change import Phase
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
    form: FormatOption = Format.TEXT,
) -> None:
    """Run a plan online: lock-safe, in batches, journaled. Run it again to go on where it stopped."""
    from pgrefit.api.applying import apply as run
    from pgrefit.api.applying import describe
    from pgrefit.apply.settings import Hooks

    target = say.target(dsn, dsn_option, env)
    steps = describe(target, plan, until=_until(until))
    if dry_run:
        print("\n".join(steps))
        return
    say.say(f"{plan} will change this database; --dry-run shows every statement with its lock")
    say.confirm("apply it?", yes=yes)
    _show_run(run(target, plan, until=_until(until), hooks=Hooks(on_event=progress.show)), form)


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
    form: FormatOption = Format.TEXT,
) -> None:
    """Take a run back, to any earlier step."""
    from pgrefit.api.applying import describe_way_back
    from pgrefit.api.applying import rollback as run
    from pgrefit.apply.settings import Hooks

    target = say.target(dsn, dsn_option, env)
    if dry_run:
        print("\n".join(describe_way_back(target, plan, to=to)))
        return
    say.confirm(f"take {plan} back?", yes=yes)
    _show_run(run(target, plan, to=to, hooks=Hooks(on_event=progress.show)), form)


def status(
    dsn: Dsn = None, dsn_option: DsnOption = None, env: EnvOption = None, form: FormatOption = Format.TEXT
) -> None:
    """What has run, is running, is left; what waits on what."""
    from pgrefit.api.applying import status as run

    found = run(say.target(dsn, dsn_option, env))
    if found is None:
        say.say("no plan has been applied to this database")
        if form is Format.JSON:
            print('{"format": "pgrefit/run/1", "state": "none", "steps": []}')
        return
    _show_run(found, form)


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
    """Whether everything that the plan did is there and sound, and nothing was lost."""
    from pgrefit.api.applying import verify as run
    from pgrefit.pg.connect import resolve
    from pgrefit.report import text
    from pgrefit.report.story import Story

    result = run(say.target(dsn, dsn_option, env), plan, against=resolve(against) if against else None)
    say.show(
        form,
        "verification",
        result,
        lambda c: text.verification(result, c),
        Story(title="Verification", verification=result),
        out,
    )
    if not result.passed:
        raise typer.Exit(1)


def _until(text: str | None) -> Phase | str | None:
    from pgrefit.model.change import Phase

    return next((phase for phase in Phase if phase.value == text), text)


def _show_run(found: Run, form: Format) -> None:
    from pgrefit.report import text
    from pgrefit.report.story import Story

    story = Story(title=f"Run of {found.plan}", run=found)
    say.show(form, "run", found, lambda console: text.run(found, console), story)
