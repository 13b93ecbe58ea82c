"""Between two batches: what the operator and the load of the server ask for."""

from __future__ import annotations

import time

from pgrefit.model.plan import PlanStep

from . import journal
from .control import obey
from .rate import Rate
from .session import Work
from .throttle import FULL, Pace, rest_seconds

LOOK_SECONDS = 0.5
NOTE_SECONDS = 2.0


class Pacer:
    """Lets the batches of one walk pass, and says in the journal why they wait or go slowly."""

    def __init__(self, work: Work, step: PlanStep, rate: Rate) -> None:
        self._work, self._step, self._rate = work, step, rate
        self._said = FULL
        self._said_at = 0.0

    def before_batch(self, *, order: str, busy_ms: float) -> None:
        """Return when the next batch may begin; the last one took `busy_ms`. Raises StoppedSafely."""
        if unreadable := self._work.throttle.unreadable():
            self._work.tell("note", self._step, message=unreadable)
        if order != "go":
            self._obey()
        pace = self._work.throttle.pace()
        while pace.duty == 0:
            self._say(pace)
            time.sleep(LOOK_SECONDS)
            self._obey()
            pace = self._work.throttle.pace()
        self._say(pace)
        time.sleep(rest_seconds(pace, busy_ms))

    def end(self) -> None:
        """The walk is over: it waits for nothing any more."""
        if self._said.kind and self._work.run:
            journal.note_wait(self._work.conn, self._work.run, "")

    def _obey(self) -> None:
        if obey(self._work, self._step):
            self._rate.skip()

    def _say(self, pace: Pace) -> None:
        """Waits are said at once; numbers that only move, and what slows down, from time to time."""
        now = time.monotonic()
        new = (pace.kind, pace.duty == 0) != (self._said.kind, self._said.duty == 0)
        if pace == self._said or (
            now - self._said_at < NOTE_SECONDS and not (new and 0 in {pace.duty, self._said.duty})
        ):
            return
        if self._work.run:
            journal.note_wait(self._work.conn, self._work.run, _in_words(pace), new=new)
        if new and pace.kind:
            self._work.tell("throttled", self._step, message=_in_words(pace))
        self._said, self._said_at = pace, now


def _in_words(pace: Pace) -> str:
    if not pace.kind:
        return ""
    return f"waits: {pace.reason}" if pace.duty == 0 else f"slowed to {pace.duty:.0%} of the time: {pace.reason}"
