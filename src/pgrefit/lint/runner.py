"""Runs the rules over migrations, one statement after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pgrefit.lint.actions import CreateIndex
from pgrefit.lint.files import Source
from pgrefit.lint.ignores import Ignore, ignores_of
from pgrefit.lint.locking import go_on
from pgrefit.lint.migration import Migration, Place, Statement, parse_migration
from pgrefit.lint.replay import replay
from pgrefit.lint.rewrites import own_text
from pgrefit.lint.rule import LintRule, Problem
from pgrefit.lint.rules import SYNTAX, UNUSED_IGNORE, all_lint_rules
from pgrefit.lint.site import Course, Facts, Site, settings_after
from pgrefit.lint.state import State
from pgrefit.lint.tools import OWN
from pgrefit.model.audit_report import Crash
from pgrefit.model.finding import Severity
from pgrefit.model.lint import LintFinding, LintReport
from pgrefit.model.observation import Question

MENDED = "-- … the statement, mended as its other finding says"
SMALL, LARGE = 10_000, 1_000_000  # rows up to which a scan is not noticed, and from which it is an outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which rules run: all but the optional ones, those that `enable` names, none that `ignore` names.

    `since`: only files from that one on, by the end of their path, are reported; earlier ones say what was there.
    """

    enable: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    since: str = ""

    def rules(self, *, tool: str, database: bool) -> list[LintRule]:
        """Those that run over a file of the tool."""
        return [rule for rule in all_lint_rules() if self._wants(rule, tool, database=database)]

    def _wants(self, rule: LintRule, tool: str, *, database: bool) -> bool:
        if rule.name in self.ignore or (rule.needs_database and not database):
            return False
        return rule.name in self.enable or not (rule.optional or (rule.others_only and tool == OWN))


EVERYTHING = Choice()


def lint(sources: Sequence[Source], *, facts: Facts | None = None, choice: Choice = EVERYTHING) -> LintReport:
    """Lint files in this order. With `facts` severities follow the tables' sizes, and some rules look at the data."""
    reports = [_file(site_list, facts, choice) for site_list in _walk(sources, facts, choice)]
    findings = [finding for report in reports for finding in report.findings]
    return LintReport(
        findings=tuple(findings), notes=tuple(note for report in reports for note in report.notes),
        crashed=tuple(crash for report in reports for crash in report.crashed), files=len(reports),
        statements=sum(report.statements for report in reports), suppressed=sum(r.suppressed for r in reports),
    )  # fmt: skip


def questions(sources: Sequence[Source], facts: Facts, choice: Choice = EVERYTHING) -> tuple[Question, ...]:
    """What the rules ask of the data."""
    asked: list[Question] = []
    for walk in _walk(sources, facts, choice):
        rules = choice.rules(tool=walk.migration.tool, database=True)
        for site in walk.sites():
            asked += [question for rule in rules for question in rule.asks(site)]
    return tuple(dict.fromkeys(asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """A file about to be walked through; its sites are valid one at a time."""

    migration: Migration
    state: State
    facts: Facts | None
    ahead: Sequence[CreateIndex] = ()

    def sites(self) -> Iterator[Site]:
        self.state.begin(self.migration.name)
        settings: dict[str, str] = {}
        course = Course()
        for number, statement in enumerate(self.migration.statements):
            site = Site(
                migration=self.migration, statement=statement, number=number, state=self.state, facts=self.facts,
                settings=settings, course=course, ahead=self.ahead,
            )  # fmt: skip
            yield site
            go_on(course, statement, self.state, has_timeout=site.setting("lock_timeout") not in {"0", ""})
            settings = settings_after(statement, settings)
            replay(self.state, statement)


def _walk(sources: Sequence[Source], facts: Facts | None, choice: Choice) -> Iterator[_Walk]:
    """Files one after the other; each series of files begins with the database as it is."""
    states: dict[str, State] = {}
    snapshot = facts.observation.snapshot if facts else None
    reported = not choice.since
    for migration, ahead in _with_indexes_ahead([parse_migration(source) for source in sources]):
        source = migration.source
        state = states.setdefault(source.series, State(snapshot)) if source.series else State(snapshot)
        walk = _Walk(migration=migration, state=state, facts=facts, ahead=ahead)
        reported = reported or source.name.endswith(choice.since)
        if reported:
            yield walk
        else:
            for _ in walk.sites():
                pass


def _with_indexes_ahead(migrations: list[Migration]) -> Iterator[tuple[Migration, Sequence[CreateIndex]]]:
    """Each file with the indexes that later files of its series make: CONCURRENTLY often has a file of its own."""
    made: dict[str, list[CreateIndex]] = {}
    for migration in migrations:
        own = [a for s in migration.statements for a in s.actions if isinstance(a, CreateIndex)]
        made.setdefault(migration.source.series, []).extend(own)
    for migration in migrations:
        rest = made[migration.source.series]
        del rest[: sum(isinstance(a, CreateIndex) for s in migration.statements for a in s.actions)]
        yield migration, tuple(rest) if migration.source.series else ()


def _file(walk: _Walk, facts: Facts | None, choice: Choice) -> LintReport:
    rules = choice.rules(tool=walk.migration.tool, database=facts is not None)
    found: list[LintFinding] = [_syntax(walk.migration, fault.place, fault.text, fault.message)
                                for fault in walk.migration.faults]  # fmt: skip
    crashes: list[Crash] = []
    for site in walk.sites():
        here: list[LintFinding] = []
        for rule in rules:
            try:
                here += [
                    _finding(rule, site, problem) for problem in rule.check(site) if not _is_declared(site, problem)
                ]
            except Exception as error:  # noqa: BLE001 - whatever it is, the other rules' findings must not be lost
                crashes.append(Crash(rule=rule.name, error=f"{type(error).__name__}: {error} ({site.migration.name})"))
        found += _without_repeats(here, own_text(site.statement))
    return _report(walk.migration, sorted(set(found), key=_order), crashes, choice)


def _without_repeats(found: list[LintFinding], own: str) -> list[LintFinding]:
    """Findings of one statement: where one is against the statement itself, the others do not offer it again."""
    if not any(finding.severity.rank and own not in finding.rewrite for finding in found):
        return found
    return [replace(finding, rewrite=finding.rewrite.replace(own, MENDED)) for finding in found]


def _report(migration: Migration, found: list[LintFinding], crashes: list[Crash], choice: Choice) -> LintReport:
    ignores = ignores_of(migration)
    kept = [f for f in found if not any(ignore.covers(f.rule, f.line) for ignore in ignores)]
    unused = [] if UNUSED_IGNORE.name in choice.ignore else list(_unused(migration, ignores, found))
    return LintReport(
        findings=tuple(sorted([*kept, *unused], key=_order)), notes=migration.notes, crashed=tuple(crashes), files=1,
        statements=len(migration.statements), suppressed=len(found) - len(kept),
    )  # fmt: skip


def _unused(migration: Migration, ignores: Iterable[Ignore], found: list[LintFinding]) -> Iterator[LintFinding]:
    known = {rule.name for rule in all_lint_rules()}
    for ignore in ignores:
        idle = [
            rule for rule in ignore.rules if not any(ignore.covers(f.rule, f.line) and f.rule == rule for f in found)
        ]
        for rule in idle or ([""] if not ignore.rules else []):
            words = f"no finding of {rule} here" if rule in known else f"there is no rule {rule!r}"
            message = f"the comment leaves nothing out: {words}" if rule else "the comment names no rule"
            yield _plain(UNUSED_IGNORE, migration, ignore.place, "", message)


def _syntax(migration: Migration, place: Place, text: str, message: str) -> LintFinding:
    return _plain(SYNTAX, migration, place, " ".join(text.split())[:160], f"does not parse: {message}")


def _plain(rule: LintRule, migration: Migration, place: Place, statement: str, message: str) -> LintFinding:
    return LintFinding(
        rule=rule.name, severity=rule.severity, file=migration.name, line=place.line, column=place.column,
        end_line=place.end_line, statement=statement, message=message, why=rule.why,
    )  # fmt: skip


def _finding(rule: LintRule, site: Site, problem: Problem) -> LintFinding:
    statement: Statement = problem.at or site.statement
    severity = problem.severity or rule.severity
    evidence = problem.evidence
    if problem.grows_with is not None:
        severity = _sized(site.rows(problem.grows_with), severity)
        evidence = (*site.size(problem.grows_with), *evidence)
    place = statement.place
    return LintFinding(
        rule=rule.name, severity=severity, file=site.migration.name, line=place.line, column=place.column,
        end_line=place.end_line, statement=statement.excerpt, message=problem.message, why=rule.why,
        rewrite=problem.rewrite, evidence=evidence,
    )  # fmt: skip


def _is_declared(site: Site, problem: Problem) -> bool:
    """Whether the plan itself names the price: design shows it, rehearsal measures it, apply asks."""
    return problem.grows_with is not None and site.migration.source.declared


def _sized(rows: int | None, severity: Severity) -> Severity:
    """As bad as the table is large; as the rule says where that is not known."""
    if rows is None:
        return severity
    return Severity.INFO if rows < SMALL else Severity.WARNING if rows < LARGE else Severity.ERROR


def _order(finding: LintFinding) -> tuple[int, int, int, str, str]:
    return (finding.line, finding.column, -finding.severity.rank, finding.rule, finding.message)
