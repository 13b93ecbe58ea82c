"""Observe a database: schema, statistics, answers that the rules ask for, and the workload as it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pgrefit.audit import questions
from pgrefit.bench.measure import measure
from pgrefit.errors import LockNotGranted, MissingPrivilege
from pgrefit.model.codec import fingerprint
from pgrefit.model.finding import Rule
from pgrefit.model.lasting import lasting
from pgrefit.model.measure import QueryTiming
from pgrefit.model.observation import Environment, Observation, QueryProfile
from pgrefit.model.server import Server, Unseen
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import UnreadableError, parse_sql
from pgrefit.model.statistics import Statistics
from pgrefit.model.workload import Query, Version, Workload
from pgrefit.observe.answer_file import AnswerFile
from pgrefit.observe.budget import WITHOUT_LIMIT, Purse, ScanBudget, active_functions, closed_tables
from pgrefit.observe.questions import answer_within
from pgrefit.observe.reading import Reading
from pgrefit.observe.server import take_server
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statements import take_statements
from pgrefit.observe.statistics import take_statistics
from pgrefit.observe.workload import read_workload
from pgrefit.pg.connect import Limits, Session, Target, open_observer

Part = TypeVar("Part")

ROUNDS = 6
PROFILE_CALLS = 15
PROFILE_SECONDS = 3.0


@lasting()
def observe_database(
    target: Target,
    rules: Iterable[Rule],
    *,
    workload: Workload | None = None,
    environments: Iterable[tuple[str, Target]] = (),
    budget: ScanBudget = WITHOUT_LIMIT,
    answers: Path | None = None,
    whole: bool = False,
    texts: bool = True,
) -> Observation:
    """Look at a database without changing anything, within a budget.

    `answers`: a file in which what was measured on the data is kept, and from which it is taken where it still holds.
    `texts`: whether texts of the data are kept there too. What is locked by others is left out and said; `whole`:
    LockNotGranted is raised instead.
    """
    limits = Limits(runtime_ms=budget.question_ms)
    unseen: list[Unseen] = []
    with open_observer(target, application="audit", limits=limits) as conn:
        observation = Observation(
            snapshot=take_snapshot(conn, past_locks=not whole),
            statistics=_unless_kept_back("statistics", lambda: take_statistics(conn), Statistics(), unseen),
            server=_unless_kept_back("the server", lambda: take_server(conn), Server(), unseen),
            statements=take_statements(conn),
            unseen=tuple(unseen),
        )
    others = [Environment(name=name, snapshot=_snapshot(other, whole=whole)) for name, other in environments]
    observation = _compared(observation, others)
    if workload:
        observation = replace(observation, workload=workload, profiles=_profiles(target, workload))
    db, reading = observation.snapshot, Reading.of(observation.snapshot)
    file, untold = _file(answers, observation, reading, texts=texts)
    purse = Purse(budget, observation.statistics, closed_tables(db), active_functions(db), reading)
    return _with_answers(replace(observation, unseen=(*observation.unseen, *untold)), target, tuple(rules), purse, file)


def _unless_kept_back(about: str, take: Callable[[], Part], nothing: Part, unseen: list[Unseen]) -> Part:
    """What is taken; nothing where a catalog that it is read from is locked, or the role may not, which is noted."""
    try:
        return take()
    except LockNotGranted as error:
        unseen.append(Unseen(about=about, reason=error.what))
    except MissingPrivilege as error:
        unseen.append(Unseen(about=about, reason=error.why))
    return nothing


def _snapshot(target: Target, *, whole: bool) -> Snapshot:
    with open_observer(target, application="audit") as conn:
        return take_snapshot(conn, past_locks=not whole)


def _compared(observation: Observation, others: Iterable[Environment]) -> Observation:
    """With those environments that were read whole: of what is locked nobody knows whether it differs."""
    there = [(other, next(other.snapshot.unread(), None)) for other in others]
    missed = (
        Unseen(about=f"the environment {e.name}", reason=f"{part.name}: {part.unread}") for e, part in there if part
    )
    whole = tuple(environment for environment, part in there if not part)
    return replace(observation, environments=whole, unseen=(*observation.unseen, *missed))


def _file(
    path: Path | None, observation: Observation, reading: Reading, *, texts: bool
) -> tuple[AnswerFile | None, tuple[Unseen, ...]]:
    """The file of answers. A schema that was not read whole has no fingerprint, and what is kept is kept under that."""
    if path is None:
        return None, ()
    if any(observation.snapshot.unread()):
        reason = "a part of the schema could not be read, and answers are kept for a schema that was read whole"
        return None, (Unseen(about=f"{path}, which was neither read nor written", reason=reason),)
    return AnswerFile(path, fingerprint(observation.snapshot), observation.statistics, reading, texts), ()


def _with_answers(
    observation: Observation, target: Target, rules: tuple[Rule, ...], purse: Purse, file: AnswerFile | None
) -> Observation:
    """Rules ask in rounds: what they ask next may depend on what was answered."""
    limits = Limits(runtime_ms=purse.budget.question_ms)
    with open_observer(target, application="audit", limits=limits, again=True) as conn:
        for _ in range(ROUNDS):
            asked = questions(observation, rules)
            if not asked:
                break
            observation = replace(observation, answers=observation.answers | answer_within(conn, asked, purse, file))
    if file and file.unwritten:
        untold = Unseen(about=f"{file.path}, in which not all answers were kept", reason=file.unwritten)
        observation = replace(observation, unseen=(*observation.unseen, untold))
    return observation


def _profiles(target: Target, workload: Workload) -> tuple[QueryProfile, ...]:
    readers = Workload(queries=tuple(query for query in workload.queries if reads_only(query)))
    timings = measure(
        partial(_as_application, target), readers, label="audit", calls=PROFILE_CALLS, warmup=1, seconds=PROFILE_SECONDS
    )
    return tuple(map(_profile, timings.queries))


def _as_application(target: Target) -> Session:
    """Reads only, and finds tables as the application does."""
    conn = open_observer(target, application="audit", limits=Limits(runtime_ms=60_000), again=True)
    conn.execute("SET search_path TO DEFAULT")
    return conn


def reads_only(query: Query) -> bool:
    """Whether a query is a plain SELECT; not one that cannot be read."""
    try:
        statement = parse_sql(query.sql).stmts[0].stmt
    except UnreadableError:
        return False
    return statement.HasField("select_stmt") and not statement.select_stmt.locking_clause


def _profile(timing: QueryTiming) -> QueryProfile:
    return QueryProfile(
        name=timing.name, calls=timing.calls, median_ms=timing.p50, p95_ms=timing.p95, rows=timing.rows,
        plan=timing.plan, error=timing.error,
    )  # fmt: skip


def load_workload(path: Path | None, version: Version | None = None) -> Workload | None:
    """The workload in a file, or those of its queries that one version of the application issues."""
    if path is None:
        return None
    workload = read_workload(path)
    return workload.of(version) if version else workload
