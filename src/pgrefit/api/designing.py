"""The verb design."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pgrefit.api.auditing import Audit, audit
from pgrefit.api.observing import load_workload, reads_only
from pgrefit.api.workshop import copy_of, with_own_path
from pgrefit.apply.executor import apply_plan
from pgrefit.bench.parameters import sample
from pgrefit.changes.create_index import CreateIndex, free_index_name
from pgrefit.design.advisor.clone_oracle import CloneOracle
from pgrefit.design.advisor.search import Choice, choose
from pgrefit.design.asked import asked_changes
from pgrefit.design.compose import compose, with_indexes, without_indexes
from pgrefit.design.names import check_names, unheard
from pgrefit.design.plan import make_plan
from pgrefit.errors import Refused
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.change import Phase
from pgrefit.model.intent import Intent
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, Proposal
from pgrefit.model.plan_folder import check_free, write_plan
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.statistics import Statistics
from pgrefit.model.workload import Workload
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics
from pgrefit.pg.connect import Session, Target

SMALL_TABLE_ROWS = 1_000  # below, reading the whole table is as good


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The plan, where it was written, and the audit it rests on."""

    plan: Plan
    folder: Path
    audit: Audit
    choices: tuple[Choice, ...] = ()


def design(
    target: Target,
    *,
    intent: Intent,
    folder: Path | None = None,
    workload: Path | None = None,
    environments: Iterable[tuple[str, Target]] = (),
    server: Target | None = None,
) -> Design:
    """Audit, choose, order and write the plan. Indexes are chosen on a copy that has gone through the refit.

    Raises UsageError where the folder is there already, BadIntent where the intent names what the database does not
    have, and Refused where there is nothing to plan or an obstacle to it.
    """
    folder = folder or Path("plans") / f"{datetime.now(UTC):%Y%m%dT%H%M%S}_{intent.refit.name}"
    check_free(folder)
    workload = workload or _beside(intent, intent.refit.workload)
    audited = audit(target, workload=workload, environments=environments, ignore=intent.refit.ignore, whole=True)
    observed = audited.observation
    check_names(intent, observed.snapshot)
    proposals = _proposals(_beside(intent, intent.refit.proposals))
    asked = asked_changes(intent, observed.snapshot)
    composition = compose(observed.snapshot, audited.report.findings, intent, asked)
    notes = [*composition.notes, *unheard(intent, audited.report.findings)]
    changes, choices = composition.changes, tuple[Choice, ...]()
    queries = load_workload(workload, "after")
    if queries and intent.indexes.advise:
        first = make_plan(observed.snapshot, observed.statistics, without_indexes(changes), intent)
        choices = _advise(target, first, queries, server)
        changes = with_indexes(changes, _named(observed.snapshot, choices))
        notes += map(_says, choices)
    if not changes:
        raise _nothing_to_plan(audited.report, tuple(notes))
    plan = make_plan(observed.snapshot, observed.statistics, changes, intent, notes=tuple(notes), proposals=proposals)
    write_plan(plan, folder)
    return Design(plan=plan, folder=folder, audit=audited, choices=choices)


def _nothing_to_plan(report: AuditReport, notes: tuple[str, ...]) -> Refused:
    unseen = {skipped.reason for coverage in report.coverage for skipped in coverage.skipped}
    said = [f"{len(report.findings)} findings, and none has a remedy that the intent asks for"]
    if unseen:
        said.append(f"parts of the database could not be looked at ({'; '.join(sorted(unseen)[:3])})")
    return Refused("there is nothing to plan", why="; ".join([*said, *notes]), next_step="see what pgrefit audit finds")


def _beside(intent: Intent, name: str) -> Path | None:
    return intent.folder / name if name else None


def _proposals(path: Path | None) -> tuple[Proposal, ...]:
    queries = load_workload(path)
    return tuple(Proposal(name=q.name, sql=q.sql) for q in queries.queries) if queries else ()


def _advise(target: Target, plan: Plan, workload: Workload, server: Target | None) -> tuple[Choice, ...]:
    readers = Workload(queries=tuple(query for query in workload.queries if reads_only(query)))
    with copy_of(target, server=server) as dsn:
        open_ = with_own_path(dsn, "design")
        if plan.steps:
            apply_plan(open_, plan, until=Phase.SWITCH)
        with open_() as conn:
            return _choose(conn, readers)


def _choose(conn: Session, workload: Workload) -> tuple[Choice, ...]:
    conn.execute("ANALYZE")
    parameters = {query.name: list(sample(conn, query)) for query in workload.queries}
    oracle = CloneOracle(conn, workload, parameters)
    db = take_snapshot(conn)
    found = oracle.find_candidates(_columns(db, take_statistics(conn)))
    oracle.build(found, db)
    return choose(found, oracle.tables(), oracle)


def _columns(db: Snapshot, statistics: Statistics) -> dict[Relation, tuple[str, ...]]:
    """Columns of the tables that are worth an index."""
    return {
        table.name: tuple(column.name for column in table.columns)
        for table in db.own_tables()
        if statistics.table(table.name).rows >= SMALL_TABLE_ROWS
    }


def _named(db: Snapshot, choices: Iterable[Choice]) -> Iterator[CreateIndex]:
    """The chosen indexes, each under a name of its own."""
    planned: set[str] = set()
    for index in (choice.index for choice in choices):
        name = free_index_name(db, index.table, *(key.column or "expr" for key in index.keys), planned=planned)
        planned.add(name)
        yield replace(index, name=name)


def _says(choice: Choice) -> str:
    return (
        f"{choice.index.title}: saves {choice.saves:.1%} of the workload's planned cost"
        f" ({', '.join(choice.queries)}), {choice.bytes / 1024:.0f} kB when built"
    )
