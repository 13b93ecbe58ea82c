"""A verb that dies by kill -9 at a point of its way that was counted before."""

import multiprocessing
import os
import signal

from apply.small_plan import opener
from pgrefit.apply import Hooks, Settings

QUICK = Settings(lock_wait_ms=200, tries=5, pause_ms=(50, 100), first_batch_rows=15, max_batch_rows=15)
PROCESS = multiprocessing.get_context("fork").Process


def counting(action, number):
    """Hooks that call `action` at the so-manieth point: an event, or within a transaction before it commits."""
    points = []

    def point(*_):
        points.append(None)
        if len(points) == number:
            action()

    return Hooks(on_event=point, before_commit=point), points


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def killed(verb, conn, plan, number):
    """Run a verb in a process that dies at that point; say whether it died."""
    hooks, _ = counting(die, number)
    process = PROCESS(target=verb, args=(opener(conn), plan), kwargs={"hooks": hooks, "settings": QUICK})
    process.start()
    process.join(60)
    return process.exitcode == -signal.SIGKILL
