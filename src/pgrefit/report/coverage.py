"""What an audit looked at, could not look at and left out, in sentences: so that silence means something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pgrefit.model.audit_report import Accepted, AuditReport, Coverage, Examined, LeftOut
from pgrefit.report.units import listed, plural

SHOWN = 10  # of what may be without end
NAMED = 5  # rules in a sentence


def coverage_lines(report: AuditReport, *, everything: bool = True) -> Iterator[str]:
    """How much was examined, what could not be and why, which rules did not run, and what was left out."""
    yield from _looked(report)
    unseen = _unseen(report, _all if everything else _few)
    yield from _first(unseen, "more that could not be looked at", everything=everything)
    yield from _silent(report)
    yield from left_out_lines(report, everything=everything)
    yield from report.notes


def rule_lines(report: AuditReport) -> Iterator[tuple[str, str, str]]:
    """For each rule that ran: its name, what it examined, and what it could not look at."""
    failed = {crash.rule: "it failed" for crash in report.crashed}
    silent = {each.rule: each.reason for each in report.silent} | failed
    for each in report.coverage:
        missed = "; ".join(f"{skipped.about}: {skipped.reason}" for skipped in each.skipped)
        yield each.rule, f"nothing: {silent[each.rule]}" if each.rule in silent else _examined(each), missed


def crashed_lines(report: AuditReport) -> Iterator[str]:
    """The rules that failed: their silence means nothing."""
    yield from (f"Rule {crash.rule} failed and found nothing: {crash.error}" for crash in report.crashed)


def left_out_phrase(left: LeftOut) -> str:
    """By what a finding was left out, and why."""
    who = {
        "request": "on request",
        "configuration": f"by {left.where}",
        "comment": f"by {left.where}",
        "baseline": f"known to {left.where}",
        "platform": "in schemas that the platform made and keeps",
        "tool": "in tables that a tool for migrations made for itself",
    }[left.by]
    return f"{who}: {left.reason}" if left.reason else f"{who}, no reason given" if left.where else who


def left_out_lines(report: AuditReport, *, everything: bool = True) -> Iterator[str]:
    """Findings that are not reported, by who asked for it and why; what became of the baseline."""
    if report.left_out:
        yield f"{plural(report.suppressed, 'finding')} left out:"
    phrases: dict[str, list[LeftOut]] = {}
    for left in report.left_out:
        phrases.setdefault(left_out_phrase(left), []).append(left)
    lines = (
        f"  {len(lefts):,} {phrase} ({_few(x.finding.object for x in lefts)})" for phrase, lefts in phrases.items()
    )
    yield from _first(lines, "more reasons", everything=everything)
    yield from _first(map(_expired, report.expired), "more that expired", everything=everything)
    yield from _first(map(_gone, report.gone), "more that are gone", everything=everything)


def _looked(report: AuditReport) -> Iterator[str]:
    if not report.coverage:
        return
    asked = sum(each.asked for each in report.coverage)
    answered = sum(each.examined for each in report.coverage)
    of_data = f"asked {plural(asked, 'question')} of the data; {answered:,} of {asked:,} answered"
    nothing = "had nothing to ask of the data"
    yield f"{plural(len(report.coverage), 'rule')} looked at the catalog and {of_data if asked else nothing}."
    if report.examined:
        yield f"Examined {listed(map(_objects, report.examined))}."
    yield from dict.fromkeys(
        f"Of {each.kind} {each.of - each.examined:,} were left aside: {each.reason}"
        for each in report.examined
        if each.reason
    )


def _objects(each: Examined) -> str:
    return f"{each.examined:,} of {each.of:,} {each.kind}"


def _examined(coverage: Coverage) -> str:
    asked = f"{coverage.examined:,} of {plural(coverage.asked, 'question')} of {plural(coverage.tables, 'table')}"
    return "; ".join(filter(None, (coverage.subject, asked if coverage.asked else ""))) or "nothing"


def _unseen(report: AuditReport, named: Callable[[Iterable[str]], str]) -> Iterator[str]:
    """Each thing once, with the rules that missed it; together what the same rules missed for the same reason."""
    missed: dict[tuple[str, str], list[str]] = {}
    for each in report.coverage:
        for skipped in each.skipped:
            missed.setdefault((skipped.about, skipped.reason), []).append(each.rule)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (about, reason), rules in missed.items():
        alike.setdefault((reason, tuple(dict.fromkeys(rules))), []).append(about)
    for (reason, who), things in alike.items():
        yield f"could not look at {named(things)}: {reason} ({_few(who)})"
    yield from (f"could not look at {unseen.about}: {unseen.reason}" for unseen in report.unseen)


def _silent(report: AuditReport) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for silent in report.silent:
        reasons.setdefault(silent.reason, []).append(silent.rule)
    for reason, rules in reasons.items():
        yield f"{plural(len(rules), 'rule')} silent: {reason} ({_few(rules)})"


def _expired(entry: Accepted) -> str:
    return f"accepted until {entry.expires}, now reported again: {entry.rule} of {entry.object} ({entry.reason})"


def _gone(entry: Accepted) -> str:
    return f"in the baseline, and gone: {entry.rule} of {entry.object}"


def _few(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more


def _all(names: Iterable[str]) -> str:
    return ", ".join(names)


def _first(lines: Iterable[str], more: str, *, everything: bool) -> Iterator[str]:
    found = list(lines)
    shown = found if everything else found[:SHOWN]
    yield from shown
    if len(found) > len(shown):
        yield f"… and {len(found) - len(shown):,} {more}: --all"
