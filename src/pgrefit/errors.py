"""Every exception that pgrefit raises for what it can explain.

PgrefitError
├── UsageError             exit 2    wrong usage, or an input file that cannot be read
│   └── BadIntent          exit 2    a mistake in refit.toml or pgrefit.toml: file, line, nearest key
├── CannotConnect          exit 3    no server there, or it does not let us in
├── MissingPrivilege       exit 3    the role may not do what the verb needs; names the privilege
├── ServerUnsuitable       exit 3    version, extension or program that is missing
├── Refused                exit 4    a precondition does not hold
│   ├── StalePlan          exit 4    the database moved since the plan was made, or is another one
│   ├── PlanDamaged        exit 4    a plan folder that was edited or is incomplete
│   └── AlreadyRunning     exit 4    another apply or rollback holds the database
└── StoppedSafely          exit 5    stopped before the end; run again to resume
    ├── LockNotGranted     exit 5    gave up after bounded tries; names who holds the lock
    ├── ProofFailed        exit 5    a step ran and its proof does not hold
    └── ConnectionLost     exit 5    the server or the network went away

Interrupted (^C, SIGTERM) ends with exit status 130 and is resumable in the same way. What is none of these is a defect
of pgrefit: the command line ends with 70.
"""

from __future__ import annotations

from typing import ClassVar


class PgrefitError(Exception):
    """Something went wrong that pgrefit can explain: what, why and what to do next."""

    exit_status: ClassVar[int] = 2

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step


class UsageError(PgrefitError):
    """Wrong usage, or an input that cannot be read."""


class BadIntent(UsageError):
    """A mistake in refit.toml or pgrefit.toml."""


class CannotConnect(PgrefitError):
    """No server answers there, or it does not let us in."""

    exit_status = 3


class MissingPrivilege(PgrefitError):
    """The role may not do what is asked."""

    exit_status = 3


class ServerUnsuitable(PgrefitError):
    """The server's version, an extension or a client program does not serve."""

    exit_status = 3


class Refused(PgrefitError):
    """A precondition does not hold; nothing was changed."""

    exit_status = 4


class StalePlan(Refused):
    """The database moved since the plan was made, or the plan is for another one."""


class PlanDamaged(Refused):
    """The plan folder was edited, or is incomplete."""


class AlreadyRunning(Refused):
    """Another apply or rollback works on this database."""


class StoppedSafely(PgrefitError):
    """Stopped before the end in a state that the journal describes; run again to resume."""

    exit_status = 5


class LockNotGranted(StoppedSafely):
    """A lock was not granted within the ladder of tries."""


class ProofFailed(StoppedSafely):
    """A step ran, and its proof does not hold."""


class ConnectionLost(StoppedSafely):
    """The connection to the server was lost."""
