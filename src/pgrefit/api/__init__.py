"""What the verbs are together: each function composes rooms that do not know each other.

The verbs themselves are here, loaded when first asked for:

    from pgrefit.api import audit, resolve
    report = audit(resolve("postgresql://…")).report
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgrefit._lazy import loader

if TYPE_CHECKING:
    from pgrefit.api.applying import apply, rollback, status, verify
    from pgrefit.api.auditing import audit, project_settings
    from pgrefit.api.benching import bench, bench_against
    from pgrefit.api.controlling import pause, resume, stop
    from pgrefit.api.designing import design
    from pgrefit.api.explaining import explain
    from pgrefit.api.exporting import export
    from pgrefit.api.linting import lint
    from pgrefit.api.rehearsing import rehearse
    from pgrefit.design.intent import read_intent
    from pgrefit.pg.connect import resolve

__all__ = [
    "apply", "audit", "bench", "bench_against", "design", "explain", "export", "lint", "pause", "project_settings",
    "read_intent", "rehearse", "resolve", "resume", "rollback", "status", "stop", "verify",
]  # fmt: skip

_HOMES = {
    "apply": "pgrefit.api.applying",
    "audit": "pgrefit.api.auditing",
    "bench": "pgrefit.api.benching",
    "bench_against": "pgrefit.api.benching",
    "design": "pgrefit.api.designing",
    "explain": "pgrefit.api.explaining",
    "export": "pgrefit.api.exporting",
    "lint": "pgrefit.api.linting",
    "pause": "pgrefit.api.controlling",
    "project_settings": "pgrefit.api.auditing",
    "read_intent": "pgrefit.design.intent",
    "rehearse": "pgrefit.api.rehearsing",
    "resolve": "pgrefit.pg.connect",
    "resume": "pgrefit.api.controlling",
    "rollback": "pgrefit.api.applying",
    "status": "pgrefit.api.applying",
    "stop": "pgrefit.api.controlling",
    "verify": "pgrefit.api.applying",
}


__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
