"""The verb audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from pgrefit import audit as auditor
from pgrefit.api.observing import load_workload, observe_database
from pgrefit.api.reaching import proven_reaches, reaches
from pgrefit.audit.baseline import read_baseline, renewed, with_baseline, write_baseline
from pgrefit.audit.choice import Choice, check_known
from pgrefit.audit.ignores import Ignore
from pgrefit.audit.redact import redacted, without_message
from pgrefit.audit.settings import NO_SETTINGS, Settings, read_settings
from pgrefit.model.access import Reach
from pgrefit.model.audit_report import Accepted, AuditReport, RuleCard, RuleList
from pgrefit.model.finding import Rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.budget import WITHOUT_LIMIT, ScanBudget
from pgrefit.pg.connect import Target
from pgrefit.pg.target import OWN_FILE, settings_in
from pgrefit.rules import all_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was observed and what was found."""

    observation: Observation
    report: AuditReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """All that is found is to be written into a baseline, with a reason, and to be reported again after a day."""

    file: Path
    reason: str
    expires: date | None = None


def audit(
    target: Target,
    *,
    workload: Path | None = None,
    environments: Iterable[tuple[str, Target]] = (),
    ignore: Iterable[str] = (),
    rules: Iterable[str] = (),
    also: Iterable[str] = (),
    settings: Settings = NO_SETTINGS,
    baseline: Path | None = None,
    accept: Accept | None = None,
    redact: bool = False,
    budget: ScanBudget = WITHOUT_LIMIT,
    answers: Path | None = None,
    personas: Iterable[str] | None = None,
    on_clone: bool = False,
    server: Target | None = None,
    whole: bool = False,
) -> Audit:
    """Find defects, each measured; nothing is changed. `ignore`: 'rule' or 'rule:object', with * for anything.

    `rules`: only these run, by globs of names or codes; `also`: these too, that do not by default. `settings`: see
    `project_settings`. `baseline`: a file of findings that are not reported; `accept` writes one. `redact`: no value
    of the data is in the report, and no text of it is added to `answers`: a file in which what was measured is kept
    for the next audit. `personas`: roles, each with settings where it has some, whose reach is looked at (see
    `reaches`; () are all); `on_clone`: it is tried on a copy (see `proven_reaches`), on `server` or one of our own.
    `whole`: LockNotGranted is raised where something is locked by others, which else is left out and said.
    """
    ignore = tuple(ignore)
    choice = choose(rules=rules, also=also, settings=settings)
    check_known((Ignore.of(text).rule for text in ignore), all_rules(), to="ignore")
    known = read_baseline(baseline) if baseline else ()
    chosen = [rule for rule in all_rules() if choice.picks(rule)]
    observation = observe_database(
        target, chosen, workload=load_workload(workload), environments=environments, budget=budget, answers=answers,
        whole=whole, texts=not redact,
    )  # fmt: skip
    report = auditor.run(observation, chosen, ignore=ignore, settings=settings)
    report = replace(report, silent=(*report.silent, *choice.left(all_rules())))
    if personas is not None:
        found = _reached(target, observation.snapshot, personas, budget.question_ms, on_clone=on_clone, server=server)
        report = replace(report, access=found)
    today = datetime.now(UTC).date()
    if accept:
        known = renewed(report, known or _there(accept.file), reason=accept.reason, expires=accept.expires, today=today)
        write_baseline(accept.file, map(without_message, known) if redact else known)
    if file := accept.file if accept else baseline:
        report = with_baseline(report, known, file.name, today)
    return Audit(observation=observation, report=redacted(report) if redact else report)


def _reached(
    target: Target, db: Snapshot, asked: Iterable[str], runtime_ms: int, *, on_clone: bool, server: Target | None
) -> tuple[Reach, ...]:
    if on_clone:
        return proven_reaches(target, db, asked, server=server, runtime_ms=runtime_ms)
    return reaches(target, db, asked, runtime_ms=runtime_ms)


def choose(*, rules: Iterable[str] = (), also: Iterable[str] = (), settings: Settings = NO_SETTINGS) -> Choice:
    """Which rules run; UsageError where a glob means none."""
    rules, also = tuple(rules), tuple(also)
    check_known((*rules, *also), all_rules(), to="run")
    return Choice(only=rules, also=(*also, *settings.enable), never=settings.disable, because=settings.where)


def list_rules(choice: Choice) -> RuleList:
    """Every rule, by theme, and whether it runs."""
    ordered = sorted(all_rules(), key=lambda rule: (rule.theme, rule.code))
    return RuleList(rules=tuple(_card(rule, choice) for rule in ordered))


def project_settings(folder: Path | None = None) -> Settings:
    """What the nearest configuration upwards that speaks of the audit says; BadIntent where it is wrong."""
    here = (folder or Path.cwd()).resolve()
    for place in (here, *here.parents):
        for path, said in settings_in(place):
            if "audit" in said:
                above = () if path.name == OWN_FILE else ("tool", "pgrefit")
                return read_settings(path, said["audit"], all_rules(), above=above)
    return NO_SETTINGS


def _card(rule: Rule, choice: Choice) -> RuleCard:
    return RuleCard(
        code=rule.code, name=rule.name, theme=rule.theme, title=rule.title, by_default=rule.by_default,
        runs=choice.picks(rule),
    )  # fmt: skip


def _there(path: Path) -> tuple[Accepted, ...]:
    return read_baseline(path) if path.exists() else ()
