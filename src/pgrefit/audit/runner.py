"""Runs rules over an observation. Asking is in rounds: see `questions`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pgrefit.audit.asking import asked
from pgrefit.audit.cost import Costs
from pgrefit.audit.coverage import coverage_of, examined, idle
from pgrefit.audit.ignores import Comments, Ignore, leave_out
from pgrefit.audit.settings import NO_SETTINGS, Settings
from pgrefit.audit.unread import is_unread, unseen
from pgrefit.model.audit_report import AuditReport, Coverage, Crash, Examined, LeftOut, Silent
from pgrefit.model.finding import Finding, Rule
from pgrefit.model.lasting import lasting
from pgrefit.model.names import dotted
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules import all_rules
from pgrefit.rules._access import platform_schemas, tables_of_tools


def questions(observation: Observation, rules: Sequence[Rule] | None = None) -> tuple[Question, ...]:
    """What the rules ask of the data and has no answer yet, each once.

    Answer them, put the answers into the observation and ask again, until nothing is asked. A question that was skipped
    has an answer that says so, and is not asked again. A rule that crashes asks nothing; `run` reports it.
    """
    every = (question for rule in _chosen(rules) for question in _asked(observation, rule)[0])
    return tuple(dict.fromkeys(question for question in every if question not in observation.answers))


@lasting()
def run(
    observation: Observation,
    rules: Sequence[Rule] | None = None,
    *,
    ignore: Iterable[str] = (),
    settings: Settings = NO_SETTINGS,
) -> AuditReport:
    """Run the rules that run by default, or these, over an observation whose questions were answered.

    `ignore`: globs 'rule' (its name or code; it is not run) or 'rule:object' (such findings are left out). What is left
    out, by these, by the settings or by comments in the database, is in the report with its reason.
    """
    ignores = [*map(Ignore.of, ignore), *settings.ignore]
    wanted, unwanted = _split(_chosen(rules), ignores)
    whole = examined(observation.snapshot)
    results = [_apply(observation, rule, whole) for rule in wanted]
    costs, comments = Costs.of(observation), Comments.of(observation.snapshot)
    found = [
        (_priced(replace(finding, severity=settings.judge(finding, rule)), costs), rule)
        for rule, (findings, _, _) in zip(wanted, results, strict=True)
        for finding in findings
        if not is_unread(observation.snapshot, finding.object)
    ]
    own, of_others = _by_owner(found, observation.snapshot)
    kept, left_out = leave_out(own, ignores, comments)
    fruitful = {finding.rule for finding, _ in found}
    return AuditReport(
        database=observation.snapshot.database,
        findings=tuple(sorted(kept, key=_order)),
        crashed=tuple(crash for _, _, crash in results if crash),
        coverage=tuple(coverage for _, coverage, _ in results),
        examined=whole,
        silent=(*unwanted, *(silent for silent in idle(observation, wanted) if silent.rule not in fruitful)),
        unseen=unseen(observation),
        left_out=(*left_out, *of_others),
        notes=tuple(comments.mistakes(all_rules())) if comments else (),
    )


def _by_owner(found: Iterable[tuple[Finding, Rule]], db: Snapshot) -> tuple[list[tuple[Finding, Rule]], list[LeftOut]]:
    """Those that the user can mend, and those about what others made; policies and grants there are the user's."""
    platform = tuple(f"{dotted(schema)}." for schema in platform_schemas(db))
    tools = tuple(str(table.name) for table in tables_of_tools(db))
    own: list[tuple[Finding, Rule]] = []
    of_others: list[LeftOut] = []
    for finding, rule in found:
        if rule.theme == "security":
            own.append((finding, rule))
        elif finding.object.startswith(platform):
            of_others.append(LeftOut(finding=finding, by="platform"))
        elif any(_is_part(finding.object, table) for table in tools):
            of_others.append(LeftOut(finding=finding, by="tool"))
        else:
            own.append((finding, rule))
    return own, of_others


def _is_part(about: str, table: str) -> bool:
    return about == table or about.startswith((f"{table}.", f"{table} "))


def _chosen(rules: Sequence[Rule] | None) -> Sequence[Rule]:
    return [rule for rule in all_rules() if rule.by_default] if rules is None else rules


def _split(rules: Iterable[Rule], ignores: Sequence[Ignore]) -> tuple[list[Rule], list[Silent]]:
    """The rules that are wanted, and those of which nothing is, with who says so."""
    wanted: list[Rule] = []
    unwanted: list[Silent] = []
    for rule in rules:
        whole = next((ignore for ignore in ignores if ignore.whole and ignore.of_rule(rule)), None)
        if whole is None:
            wanted.append(rule)
        else:
            unwanted.append(Silent(rule=rule.name, reason=_because(whole)))
    return wanted, unwanted


def _because(ignore: Ignore) -> str:
    who = f"ignored by {ignore.where}" if ignore.where else "ignored on request"
    return f"{who}: {ignore.reason}" if ignore.reason else who


def _apply(
    observation: Observation, rule: Rule, whole: Sequence[Examined]
) -> tuple[list[Finding], Coverage, Crash | None]:
    """The rule's findings, none of them where it crashed: half of its findings would look like all."""
    own, crash = _asked(observation, rule)
    findings: list[Finding] = []
    if crash is None:
        try:
            findings = [replace(finding, rule=rule.name) for finding in rule.check(observation)]
        except Exception as error:  # noqa: BLE001 - whatever it is, the other rules' findings must not be lost
            crash = _crash(rule, error)
    return findings, coverage_of(observation, rule, own, whole), crash


def _asked(observation: Observation, rule: Rule) -> tuple[Sequence[Question], Crash | None]:
    try:
        return asked(observation, rule.asks), None
    except Exception as error:  # noqa: BLE001 - as above
        return [], _crash(rule, error)


def _crash(rule: Rule, error: Exception) -> Crash:
    return Crash(rule=rule.name, error=f"{type(error).__name__}: {error}")


def _priced(finding: Finding, costs: Costs) -> Finding:
    """With what it costs the workload beside what the rule says is at stake."""
    of_workload = costs.of_object(finding.object)
    if finding.cost is None or finding.cost.queries_affected or of_workload is None:
        return replace(finding, cost=finding.cost or of_workload)
    return replace(finding, cost=replace(of_workload, rows=finding.cost.rows, bytes=finding.cost.bytes))


def _order(finding: Finding) -> tuple[tuple[float, ...], str, str]:
    """The worst and dearest first."""
    return tuple(-part for part in finding.weight), finding.rule, finding.object
