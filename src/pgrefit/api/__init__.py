"""What the verbs are together: each function composes rooms that do not know each other.

The verbs themselves are here, loaded when first asked for:

    from pgrefit.api import audit, resolve
    report = audit(resolve("postgresql://…")).report
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgrefit.api.applying import apply, rollback, status, verify
    from pgrefit.api.auditing import audit
    from pgrefit.api.benching import bench, bench_against
    from pgrefit.api.designing import design
    from pgrefit.api.rehearsing import rehearse
    from pgrefit.design.intent import read_intent
    from pgrefit.pg.connect import resolve

__all__ = [
    "apply", "audit", "bench", "bench_against", "design", "read_intent", "rehearse", "resolve", "rollback", "status",
    "verify",
]  # fmt: skip

_HOMES = {
    "apply": "pgrefit.api.applying",
    "audit": "pgrefit.api.auditing",
    "bench": "pgrefit.api.benching",
    "bench_against": "pgrefit.api.benching",
    "design": "pgrefit.api.designing",
    "read_intent": "pgrefit.design.intent",
    "rehearse": "pgrefit.api.rehearsing",
    "resolve": "pgrefit.pg.connect",
    "rollback": "pgrefit.api.applying",
    "status": "pgrefit.api.applying",
    "verify": "pgrefit.api.applying",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
