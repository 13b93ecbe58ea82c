"""Arguments and options that verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgrefit.model.run import ThrottleMode

Dsn = Annotated[
    str | None, typer.Argument(metavar="[DSN]", help="postgresql://… or host=… dbname=…; else PGREFIT_DSN, …")
]
DsnOption = Annotated[str | None, typer.Option("--dsn", metavar="DSN", help="The same as the argument.")]
EnvOption = Annotated[str | None, typer.Option("--env", metavar="NAME", help="Database [env.NAME] of pgrefit.toml.")]
PlanFolder = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan's folder.")]
WorkloadOption = Annotated[Path | None, typer.Option("--workload", metavar="FILE", help="The application's queries.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print every statement with its lock; change nothing.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write there, not to standard output.")]
OnServer = Annotated[
    str | None,
    typer.Option("--on", metavar="DSN", help="Server for the copy (default: an embedded one, gone afterwards)."),
]

LockTimeout = Annotated[
    int | None,
    typer.Option("--lock-timeout", metavar="MS", min=1, help="Wait so long for a lock at each try (default: 250)."),
]
Tries = Annotated[
    int | None, typer.Option("--tries", metavar="N", min=1, help="Try so often to be granted a lock (default: 12).")
]
ThrottleOption = Annotated[
    ThrottleMode,
    typer.Option(
        "--throttle",
        help="How much batches give way: to nothing, to the limits, or also working for a third of the time only.",
    ),
]
MaxReplicaLag = Annotated[
    int | None,
    typer.Option(
        "--max-replica-lag", metavar="MB", min=0,
        help="Wait while a replica or a slot is so much WAL behind (default: 256; 0: no limit, of time neither).",
    ),
]  # fmt: skip
MaxWalRate = Annotated[
    int | None,
    typer.Option("--max-wal-rate", metavar="MB", min=1, help="Slow down where the server writes more WAL a second."),
]
MaxActive = Annotated[
    int | None,
    typer.Option("--max-active", metavar="N", min=1, help="Wait while more sessions of others are active."),
]
MaxProbe = Annotated[
    float | None,
    typer.Option(
        "--max-probe-ms", metavar="MS", min=0.1,
        help="Slow down where a trivial query takes longer (default: 4 times what it took at first).",
    ),
]  # fmt: skip


class Format(StrEnum):
    """How a result is shown."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    HTML = "html"


FormatOption = Annotated[Format, typer.Option("--format", "-f", help="Form of the result.")]
