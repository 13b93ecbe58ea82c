"""Progress of a run, on standard error: a line a step, and on a terminal the batches within it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from pgrefit.cli import say

if TYPE_CHECKING:
    from pgrefit.model.run import Event

CLEAR = "\r\x1b[K"


def show(event: Event) -> None:
    """Say what happens. Where nobody listens any more, the work goes on."""
    if say.quiet:
        return
    with contextlib.suppress(OSError, ValueError):
        _show(event)


def _show(event: Event) -> None:
    match event.kind:
        case "batch":
            _live(f"      {event.title}: {event.rows:,} rows {_of(event)}")
        case "step done" | "step skipped" | "step undone":
            _line(f"{event.step:>5} {event.kind.removeprefix('step '):8} {event.title}  {event.elapsed_ms:,.0f} ms")
        case "retry" | "waiting" | "throttled" | "paused" | "resumed" | "note":
            _line(f"{event.step:>5} {event.kind:8} {event.message}")
        case _:
            pass


def _of(event: Event) -> str:
    return f"of about {event.total_rows:,}" if event.total_rows > 0 else ""


def _live(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(CLEAR + text)
        sys.stderr.flush()


def _line(text: str) -> None:
    sys.stderr.write((CLEAR if sys.stderr.isatty() else "") + text + "\n")
    sys.stderr.flush()
