"""pgrefit bench."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.options import Dsn, DsnOption, EnvOption, Format, FormatOption


class VersionChoice(StrEnum):
    """Which version of the application issues the queries."""

    BEFORE = "before"
    AFTER = "after"
    BOTH = "both"


def bench(
    dsn: Dsn = None,
    dsn_option: DsnOption = None,
    env: EnvOption = None,
    workload: Annotated[Path, typer.Option("--workload", metavar="FILE", help="The application's queries.")] = Path(
        "workload.sql"
    ),
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="DSN", help="The database before: compared in interleaved rounds."),
    ] = None,
    version: Annotated[VersionChoice, typer.Option("--version", help="Queries of which version.")] = VersionChoice.BOTH,
    calls: Annotated[int, typer.Option("--calls", min=1, help="Calls of each query.")] = 200,
    form: FormatOption = Format.TEXT,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The measurement as JSON.")] = Path(
        "bench.json"
    ),
) -> None:
    """Replay a workload: latencies, buffers, plans.

    With --against two databases side by side, in interleaved rounds. Writes of the workload are rolled back.
    """
    from pgrefit.api.benching import bench as measure
    from pgrefit.api.benching import bench_against
    from pgrefit.pg.connect import resolve
    from pgrefit.report import html, json, text
    from pgrefit.report.story import Story

    say.check_format("bench" if against else "bench without --against", form, *((Format.HTML,) if against else ()))
    say.check_out(out)
    target = say.target(dsn, dsn_option, env)
    if against:
        both = bench_against(target, resolve(against), workload)
        out.write_bytes(json.document("bench", both))
        others = {Format.HTML: lambda: html.render(Story(title="Benchmark", comparison=both))}
        say.show(form, "bench", both, lambda c: text.comparison(both, c), others)
    else:
        one = measure(target, workload, version=version.value, calls=calls)
        out.write_bytes(json.document("measurement", one))
        say.show(form, "measurement", one, lambda c: text.measurement(one, c))
    say.say(f"written: {out}")
