"""What a rehearsal is given: the clone, and the verbs that it does not import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pgrefit.model.change import Phase
from pgrefit.model.measure import LoadReport
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.run import Event, Run
from pgrefit.model.workload import Workload
from pgrefit.pg.connect import Session

OpenSession: TypeAlias = Callable[[], Session]
OnEvent: TypeAlias = Callable[[Event], None]
BeforeCommit: TypeAlias = Callable[[Session, PlanStep], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A copy of the database that may be changed at will.

    `open` yields sessions of a superuser in autocommit; `dump` the schema as text, pgrefit's own left out, equal for
    equal schemas.
    """

    open: OpenSession
    dump: Callable[[], str]


class Runner(Protocol):
    """Applies the plan's next steps, up to and including those of `until` (None: all); resumes where it stopped."""

    def __call__(
        self, open_: OpenSession, plan: Plan, *, until: Phase | None, on_event: OnEvent, before_commit: BeforeCommit
    ) -> Run:
        """Call `before_commit` in the step's transaction, once it has done its work."""
        ...


class Undoer(Protocol):
    """Takes back every step that was applied."""

    def __call__(self, open_: OpenSession, plan: Plan, *, on_event: OnEvent) -> Run:
        """Report each step as undone."""
        ...


class LoadHandle(Protocol):
    """Clients at work on the clone."""

    def switch(self, workload: Workload, open_: OpenSession | None = None) -> None:
        """Deploy another version of the application; no client uses the one before on return."""
        ...

    def stop(self) -> LoadReport:
        """End the clients."""
        ...

    def lost(self, conn: Session, workload: Workload) -> tuple[tuple[str, str], ...]:
        """Rows that were written and are neither in their table nor in quarantine."""
        ...
