"""How long locks were waited for and held, put together from samples and from what is known of transactions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.rehearsal import LockTime

MODES = {mode.value: mode for mode in LockMode}
MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """A row of lock_states.sql; times in ms."""

    schema: str
    name: str
    mode: str
    granted: bool
    transaction: str
    waited: float
    age: float  # of the backend's transaction


@dataclass(slots=True)
class _Span:
    """Since when and until when a lock was seen, in seconds of one clock."""

    first: float
    last: float


class LockTimes:
    """The locks of one step.

    `whole` where its transactions do not end its locks, as CONCURRENTLY's do not. Else only transactions count whose
    end was seen: those of the step, and none in which its executor looks around or analyzes a table.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._held: dict[tuple[Relation, LockMode, str], _Span] = {}
        self._waits: dict[tuple[Relation, str, float], float] = {}
        self._committed: set[str] = set()
        self._last_transaction = ""
        self._looked = 0.0  # when last somebody looked; the clock is monotonic

    def sampled(self, states: Iterable[LockState], now: float) -> None:
        """Note what was seen while the step ran, by somebody who began to look at `now`."""
        self._looked = now
        for state in states:
            if state.granted:
                self._note(state, now, since=now)
            else:
                self._note_wait(state, now)

    def at_commit(self, states: Iterable[LockState], now: float) -> None:
        """Note what a transaction holds in its end.

        What was taken and never sampled may be as old as the transaction, but not older than the last sample.
        """
        for state in states:
            if state.granted:
                self._note(state, now, since=max(now - state.age / MS, self._looked))
                self._committed.add(state.transaction)
                self._last_transaction = state.transaction

    def ended(self, now: float) -> None:
        """The transaction that committed last is over now."""
        for (_, _, transaction), span in self._held.items():
            if transaction == self._last_transaction:
                span.last = now

    def times(self) -> tuple[LockTime, ...]:
        """The strongest lock on each table."""
        modes: dict[Relation, LockMode] = {}
        for on, mode, transaction in self._held:
            if self._whole or transaction in self._committed:
                modes[on] = max(modes.get(on, mode), mode, key=lambda m: m.strength)
        waits: defaultdict[Relation, float] = defaultdict(float)
        for (on, _, _), waited in self._waits.items():
            waits[on] += waited
        return tuple(
            LockTime(on=on, mode=mode, wait=waits[on], hold=self._longest(on, mode))
            for on, mode in sorted(modes.items())
        )

    def _note(self, state: LockState, now: float, *, since: float) -> None:
        key = (Relation(state.schema, state.name), MODES[state.mode], "" if self._whole else state.transaction)
        span = self._held.setdefault(key, _Span(since, now))
        span.last = now

    def _note_wait(self, state: LockState, now: float) -> None:
        # A wait is known by its beginning, which rounding may shift by a millisecond.
        began = round(now - state.waited / MS, 2)
        key = (Relation(state.schema, state.name), state.transaction, began)
        self._waits[key] = max(self._waits.get(key, 0.0), state.waited)

    def _longest(self, on: Relation, mode: LockMode) -> float:
        spans = [span for (held, taken, _), span in self._held.items() if held == on and taken is mode]
        return max((span.last - span.first) * MS for span in spans)


def merged(
    one: tuple[LockTime, ...], other: tuple[LockTime, ...], which: Callable[[float, float], float]
) -> tuple[LockTime, ...]:
    """Of two passes over a step the stronger lock on each table, and of the same lock, times by `which`: max or min."""
    found = {time.on: time for time in one}
    for time in other:
        known = found.get(time.on)
        if known is None or time.mode.strength > known.mode.strength:
            found[time.on] = time
        elif time.mode is known.mode:
            wait, hold = which(time.wait, known.wait), which(time.hold, known.hold)
            found[time.on] = LockTime(on=time.on, mode=time.mode, wait=wait, hold=hold)
    return tuple(found[on] for on in sorted(found))
