"""How far a run is, from the journal and from the sessions on the server: who works on it, and what that waits for."""

from __future__ import annotations

from dataclasses import replace

from pgrefit.model.run import Blocker, Run
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch

from .journal import read_run
from .progress import progress
from .session import workers


def take_status(conn: Session) -> Run | None:
    """The newest run, with the session that works on it now and what that waits for; None where there is no run."""
    run = read_run(conn)
    worker = next(iter(workers(conn)), None)
    if run is None:
        return None
    if worker is not None:
        run = replace(run, worker=worker, waits_for=tuple(fetch(conn, "blockers", Blocker, pid=worker.pid)))
    return replace(run, progress=progress(run))
