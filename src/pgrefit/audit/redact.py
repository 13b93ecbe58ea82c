"""A report without values of the data: texts that were read from rows are masked, numbers stay.

What evidence of a scan or a sample says in text is such a value, and a list of texts in the server's statistics; in
sentences what evidence says, and what stands between “ and ”.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from pgrefit.model.access import Reach
from pgrefit.model.audit_report import Accepted, AuditReport, Coverage, Crash, LeftOut, Skipped
from pgrefit.model.change import Change
from pgrefit.model.finding import Evidence, Finding, Scalar

OF_DATA = {"scan", "sample"}
UNTOLD = "there is a remedy whose name says values of the data"
_QUOTED = re.compile('"[^"]+"|“[^”]+”')
_VALUE = re.compile("“[^”]+”")


def redacted(report: AuditReport) -> AuditReport:
    """The same report; what a value was is told by its length alone."""
    return replace(
        report,
        findings=tuple(map(_finding, report.findings)),
        left_out=tuple(_left_out(left) for left in report.left_out),
        crashed=tuple(_crash(crash) for crash in report.crashed),
        coverage=tuple(_coverage(coverage) for coverage in report.coverage),
        access=tuple(_reach(reach) for reach in report.access),
        expired=tuple(without_message(entry) for entry in report.expired),
        gone=tuple(without_message(entry) for entry in report.gone),
    )


def masked(text: str) -> str:
    """What stands for a text."""
    return f"({len(text)} character{'' if len(text) == 1 else 's'})"


def _finding(finding: Finding) -> Finding:
    values = {value for evidence in finding.evidence for value in _texts(evidence)}
    told = [change for change in finding.remedy if _tells(change, values)]
    advice = [_without(finding.advice, values), UNTOLD if told else ""]
    return replace(
        finding,
        message=_without(finding.message, values),
        advice="; ".join(filter(None, advice)),
        evidence=tuple(map(_evidence, finding.evidence)),
        remedy=tuple(change for change in finding.remedy if change not in told),
    )


def _evidence(evidence: Evidence) -> Evidence:
    if not _tells_data(evidence):
        return evidence
    value = evidence.value
    shown = tuple(map(_mask, value)) if isinstance(value, tuple) else _mask(value)
    return replace(evidence, measure=_hidden(_VALUE, evidence.measure), value=shown)


def _tells_data(evidence: Evidence) -> bool:
    return evidence.source in OF_DATA or (evidence.source == "statistics" and isinstance(evidence.value, tuple))


def _texts(evidence: Evidence) -> Iterable[str]:
    """The texts of the data in a piece of evidence."""
    if not _tells_data(evidence):
        return ()
    values = evidence.value if isinstance(evidence.value, tuple) else (evidence.value,)
    return [value for value in values if isinstance(value, str)]


def _mask(value: Scalar) -> Scalar:
    return masked(value) if isinstance(value, str) else value


def _without(text: str, values: Iterable[str]) -> str:
    """A sentence without values of the evidence; those of one character would take the sentence apart."""
    for value in sorted(values, key=len, reverse=True):
        text = _word(value).sub(masked(value), text) if len(value) > 1 else text
    return _hidden(_VALUE, text)


def _hidden(quoted: re.Pattern[str], text: str) -> str:
    """Without what stands between quotes."""
    return quoted.sub(lambda found: masked(found[0][1:-1]), text)


def _tells(change: Change, values: Iterable[str]) -> bool:
    """Whether a remedy's title says a value."""
    return any(len(value) > 1 and _word(value).search(change.title) for value in values)


def _word(value: str) -> re.Pattern[str]:
    """The value where it stands alone."""
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")


def _left_out(left: LeftOut) -> LeftOut:
    return replace(left, finding=_finding(left.finding))


def _crash(crash: Crash) -> Crash:
    kind, says, message = crash.error.partition(": ")
    return replace(crash, error=kind + says + (masked(message) if says else ""))


def _coverage(coverage: Coverage) -> Coverage:
    """Without what a server's error quotes: it may be a value."""
    skipped = tuple(Skipped(about=each.about, reason=_hidden(_QUOTED, each.reason)) for each in coverage.skipped)
    return replace(coverage, skipped=skipped)


def _reach(reach: Reach) -> Reach:
    """Without what a server's error quotes."""
    return replace(reach, refused=_hidden(_QUOTED, reach.refused), differs=_hidden(_QUOTED, reach.differs))


def without_message(entry: Accepted) -> Accepted:
    """An entry of a baseline without what its message may say of the data."""
    return replace(entry, message="")
