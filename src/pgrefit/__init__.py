"""pgrefit takes a PostgreSQL database through a refit: audit, design, rehearse, apply, verify.

The verbs are in `pgrefit.api`; here are the nouns that they take and return, loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgrefit._lazy import loader

if TYPE_CHECKING:
    from pgrefit.errors import PgrefitError
    from pgrefit.model.audit_report import AuditReport
    from pgrefit.model.change import Change, Phase, Step
    from pgrefit.model.finding import Finding, Severity
    from pgrefit.model.intent import Intent
    from pgrefit.model.measure import Comparison, Measurement
    from pgrefit.model.names import Relation
    from pgrefit.model.plan import Plan
    from pgrefit.model.rehearsal import Rehearsal
    from pgrefit.model.run import Run, Verification
    from pgrefit.model.snapshot import Snapshot
    from pgrefit.model.workload import Workload

__version__ = "0.1.0"

__all__ = [
    "AuditReport", "Change", "Comparison", "Finding", "Intent", "Measurement", "PgrefitError", "Phase", "Plan",
    "Rehearsal", "Relation", "Run", "Severity", "Snapshot", "Step", "Verification", "Workload",
    "__version__",
]  # fmt: skip

_HOMES = {
    "AuditReport": "pgrefit.model.audit_report",
    "Change": "pgrefit.model.change",
    "Comparison": "pgrefit.model.measure",
    "Finding": "pgrefit.model.finding",
    "Intent": "pgrefit.model.intent",
    "Measurement": "pgrefit.model.measure",
    "PgrefitError": "pgrefit.errors",
    "Phase": "pgrefit.model.change",
    "Plan": "pgrefit.model.plan",
    "Rehearsal": "pgrefit.model.rehearsal",
    "Relation": "pgrefit.model.names",
    "Run": "pgrefit.model.run",
    "Severity": "pgrefit.model.finding",
    "Snapshot": "pgrefit.model.snapshot",
    "Step": "pgrefit.model.change",
    "Verification": "pgrefit.model.run",
    "Workload": "pgrefit.model.workload",
}


__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
