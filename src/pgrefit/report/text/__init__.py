"""Values as text for a terminal or a log: every function prints to the console that it is given."""

from pgrefit.report.text.access import audited
from pgrefit.report.text.bench import comparison, goals, measurement
from pgrefit.report.text.findings import finding, findings
from pgrefit.report.text.plan import plan
from pgrefit.report.text.rehearsal import rehearsal
from pgrefit.report.text.run import run, verification

__all__ = [
    "audited",
    "comparison",
    "finding",
    "findings",
    "goals",
    "measurement",
    "plan",
    "rehearsal",
    "run",
    "verification",
]
