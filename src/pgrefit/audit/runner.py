"""Runs rules over an observation. Asking is in rounds: see `questions`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from pgrefit.audit.cost import Costs
from pgrefit.model.audit_report import AuditReport, Coverage, Crash, Skipped
from pgrefit.model.finding import Cost, Finding, Rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules import all_rules


def questions(observation: Observation, rules: Sequence[Rule] | None = None) -> tuple[Question, ...]:
    """What the rules ask of the data and has no answer yet, each once.

    Answer them, put the answers into the observation and ask again, until nothing is asked. A question that was skipped
    has an answer that says so, and is not asked again. A rule that crashes asks nothing; `run` reports it.
    """
    asked = (question for rule in _chosen(rules) for question in _asked(observation, rule)[0])
    return tuple(dict.fromkeys(question for question in asked if question not in observation.answers))


def run(observation: Observation, rules: Sequence[Rule] | None = None, *, ignore: Iterable[str] = ()) -> AuditReport:
    """Run all rules, or these, over an observation whose questions were answered.

    `ignore`: globs 'rule' (its name or code; it is not run) or 'rule:object' (such findings are left out and counted).
    """
    globs = [(rule, unwanted) for rule, _, unwanted in (text.partition(":") for text in ignore)]
    chosen = [rule for rule in _chosen(rules) if not _ignored(rule.name, rule.code, "", globs)]
    codes = {rule.name: rule.code for rule in chosen}
    results = [_apply(observation, rule) for rule in chosen]
    costs = Costs.of(observation)
    found = [_priced(finding, costs) for findings, _, _ in results for finding in findings]
    wanted = [f for f in found if not _ignored(f.rule, codes[f.rule], f.object, globs)]
    return AuditReport(
        database=observation.snapshot.database,
        findings=tuple(sorted(wanted, key=_rank)),
        crashed=tuple(crash for _, _, crash in results if crash),
        coverage=tuple(coverage for _, coverage, _ in results),
        suppressed=len(found) - len(wanted),
    )


def _ignored(rule: str, code: str, about: str, globs: list[tuple[str, str]]) -> bool:
    """Whether a rule (about: '') or a finding of it is not wanted."""
    return any(
        fnmatchcase(about, unwanted) and (fnmatchcase(rule, name) or fnmatchcase(code, name))
        for name, unwanted in globs
    )


def _chosen(rules: Sequence[Rule] | None) -> Sequence[Rule]:
    return [rule for rule in all_rules() if rule.by_default] if rules is None else rules


def _apply(observation: Observation, rule: Rule) -> tuple[list[Finding], Coverage, Crash | None]:
    """The rule's findings, none of them where it crashed: half of its findings would look like all."""
    asked, crash = _asked(observation, rule)
    findings: list[Finding] = []
    if crash is None:
        try:
            findings = [replace(finding, rule=rule.name) for finding in rule.check(observation)]
        except Exception as error:  # noqa: BLE001 - whatever it is, the other rules' findings must not be lost
            crash = _crash(rule, error)
    return findings, _coverage(observation, rule, asked), crash


def _asked(observation: Observation, rule: Rule) -> tuple[list[Question], Crash | None]:
    try:
        return list(dict.fromkeys(rule.asks(observation))), None
    except Exception as error:  # noqa: BLE001 - as above
        return [], _crash(rule, error)


def _crash(rule: Rule, error: Exception) -> Crash:
    return Crash(rule=rule.name, error=f"{type(error).__name__}: {error}")


def _coverage(observation: Observation, rule: Rule, asked: list[Question]) -> Coverage:
    answers = [(question, observation.answers.get(question)) for question in asked]
    unanswered = [
        Skipped(about=str(question.about), reason=answer.skipped if answer else "not asked")
        for question, answer in answers
        if answer is None or answer.skipped
    ]
    examined = len(asked) - len(unanswered)
    return Coverage(rule=rule.name, asked=len(asked), examined=examined, skipped=tuple(unanswered))


def _priced(finding: Finding, costs: Costs) -> Finding:
    """With what it costs the workload beside what the rule says is at stake."""
    of_workload = costs.of_object(finding.object)
    if finding.cost is None or finding.cost.queries_affected or of_workload is None:
        return replace(finding, cost=finding.cost or of_workload)
    return replace(finding, cost=replace(of_workload, rows=finding.cost.rows, bytes=finding.cost.bytes))


def _rank(finding: Finding) -> tuple[int, float, int, int, int, str, str]:
    """What sorts findings, the worst and dearest first."""
    cost = finding.cost or Cost()
    dear = (-cost.share_of_time, -cost.queries_affected, -cost.rows, -cost.bytes)
    return (-finding.severity.rank, *dear, finding.rule, finding.object)
