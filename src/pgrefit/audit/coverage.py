"""What was looked at: so that silence means something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pgrefit.audit.unread import behind_locks
from pgrefit.model.audit_report import Coverage, Examined, Silent, Skipped
from pgrefit.model.finding import Rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Snapshot, Table, View

EXTENSIONS = "the others belong to extensions"
UNREAD = "the others belong to extensions, or could not be read"
SERVER, WORKLOAD = ".rules.server.", ".rules.workload."


def coverage_of(observation: Observation, rule: Rule, asked: Sequence[Question], whole: Sequence[Examined]) -> Coverage:
    """What the rule looked at, which of its questions were answered, and why the others were not."""
    answers = [(question, observation.answers.get(question)) for question in asked]
    unanswered = [
        Skipped(about=str(question.about), reason=answer.skipped if answer else "not asked")
        for question, answer in answers
        if answer is None or answer.skipped
    ]
    unread = () if SERVER in rule.check.__module__ else behind_locks(observation.snapshot)
    return Coverage(
        rule=rule.name, subject=_subject(observation, rule, whole), asked=len(asked),
        examined=len(asked) - len(unanswered), skipped=tuple(dict.fromkeys((*unanswered, *unread))),
        tables=len({question.about for question in asked}),
    )  # fmt: skip


def _subject(observation: Observation, rule: Rule, whole: Sequence[Examined]) -> str:
    """What the rule had before it, without the data."""
    if _why_idle(observation, rule):
        return ""
    if SERVER in rule.check.__module__:
        return "the server"
    if WORKLOAD in rule.check.__module__:
        queries, statements = len(observation.workload.queries), len(observation.statements)
        return f"{queries:,} queries of the workload, {statements:,} statements that the server counted"
    tables = next((each for each in whole if each.kind == "tables"), None)
    return f"{tables.examined:,} of {tables.of:,} tables" if tables else "a database without tables"


def examined(db: Snapshot) -> tuple[Examined, ...]:
    """How much of the catalog rules look at: what is the user's own, and was read whole."""
    relations: list[Table | View] = [*db.tables, *db.views]
    own = [relation for relation in relations if not relation.extension and not relation.unread]
    why = UNREAD if any(db.unread()) else EXTENSIONS
    return tuple(
        Examined(kind=kind, examined=ours, of=there, reason="" if ours == there else why)
        for kind, ours, there in (
            ("schemas", *_own(schema.extension for schema in db.schemas)),
            ("tables", *_own(table.extension or table.unread for table in db.tables)),
            ("columns", sum(len(each.columns) for each in own), sum(len(each.columns) for each in relations)),
            ("indexes", sum(len(each.indexes) for each in own), sum(len(each.indexes) for each in relations)),
            ("constraints", _constraints(db, own=True), _constraints(db, own=False)),
            ("policies", sum(len(t.policies) for t in db.own_tables()), sum(len(t.policies) for t in db.tables)),
            ("triggers", sum(len(each.triggers) for each in own), sum(len(each.triggers) for each in relations)),
            ("views", *_own(view.extension or view.unread for view in db.views)),
            ("functions", *_own(function.extension or function.unread for function in db.functions)),
            ("sequences", *_own(sequence.extension for sequence in db.sequences)),
            ("types", *_own(kind.extension for kind in db.types)),
        )
        if there
    )


def idle(observation: Observation, rules: Iterable[Rule]) -> Iterator[Silent]:
    """Rules that lacked what they look at."""
    for rule in rules:
        if reason := _why_idle(observation, rule):
            yield Silent(rule=rule.name, reason=reason)


def _why_idle(observation: Observation, rule: Rule) -> str:
    if rule.environment and not observation.environments:
        return "no other environment was given, --compare NAME=DSN"
    if SERVER in rule.check.__module__ and not observation.server.version_num:
        return "the server was not observed"
    if observation.workload.queries or observation.statements:
        return ""
    if rule.workload:
        return "no workload was given, --workload FILE"
    return "the server counts no statements, pg_stat_statements" if WORKLOAD in rule.check.__module__ else ""


def _own(others: Iterable[str]) -> tuple[int, int]:
    """How many nothing keeps from the rules, and how many there are."""
    found = list(others)
    return sum(not other for other in found), len(found)


def _constraints(db: Snapshot, *, own: bool) -> int:
    return sum(len(table.constraints) for table in (db.own_tables() if own else db.tables))
