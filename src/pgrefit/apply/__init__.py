"""Apply a plan online, take it back, and verify what it did."""

from .dry_run import describe
from .executor import apply_plan
from .journal import install, read_run
from .rollback import roll_back
from .settings import Hooks, Settings
from .verify import verify

__all__ = ["Hooks", "Settings", "apply_plan", "describe", "install", "read_run", "roll_back", "verify"]
