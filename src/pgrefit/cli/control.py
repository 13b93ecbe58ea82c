"""pgrefit pause, resume, stop: a word to a run from another terminal."""

from __future__ import annotations

from pgrefit.cli import say
from pgrefit.cli.options import Dsn, DsnOption, EnvOption


def pause(dsn: Dsn = None, dsn_option: DsnOption = None, env: EnvOption = None) -> None:
    """Have the run at work wait, holding no lock."""
    from pgrefit.api.controlling import pause as run

    say.results(run(say.target(dsn, dsn_option, env)).said + "\n")


def resume(dsn: Dsn = None, dsn_option: DsnOption = None, env: EnvOption = None) -> None:
    """Have a paused run go on."""
    from pgrefit.api.controlling import resume as run

    say.results(run(say.target(dsn, dsn_option, env)).said + "\n")


def stop(dsn: Dsn = None, dsn_option: DsnOption = None, env: EnvOption = None) -> None:
    """Have the run at work end safely, to be gone on with later."""
    from pgrefit.api.controlling import stop as run

    say.results(run(say.target(dsn, dsn_option, env)).said + "\n")
