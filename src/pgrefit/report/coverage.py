"""What an audit looked at and could not look at, in sentences: so that silence means something."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.audit_report import AuditReport
from pgrefit.report.units import plural


def coverage_lines(report: AuditReport) -> Iterator[str]:
    """How much was examined, then each question left open and why."""
    if report.coverage:
        asked = sum(each.asked for each in report.coverage)
        examined = sum(each.examined for each in report.coverage)
        yield (
            f"{plural(len(report.coverage), 'rule')} looked at the catalog and asked {plural(asked, 'question')} "
            f"of the data; {examined:,} answered."
        )
    for each in report.coverage:
        yield from (f"{each.rule} could not look at {skipped.about}: {skipped.reason}" for skipped in each.skipped)
    if report.suppressed:
        yield f"{plural(report.suppressed, 'finding')} left out, as the configuration asks."


def crashed_lines(report: AuditReport) -> Iterator[str]:
    """The rules that failed: their silence means nothing."""
    yield from (f"Rule {crash.rule} failed and found nothing: {crash.error}" for crash in report.crashed)
