"""The verb lint: migration files alone, or with the database that they are for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pgrefit.api.observing import load_workload
from pgrefit.errors import UsageError
from pgrefit.lint import Choice, Facts, Source, all_lint_rules, questions, read_sources, stars_in
from pgrefit.lint import lint as lint_sources
from pgrefit.model.ddl import ddl
from pgrefit.model.lint import LintReport
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.run import Blocker
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.toml import nearest
from pgrefit.model.workload import Workload
from pgrefit.observe.questions import answer
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics
from pgrefit.pg.connect import Limits, Session, Target, open_observer
from pgrefit.pg.queries import fetch

OLD_SECONDS = 10.0
RECORDER = "pg_stat_statements"


def lint(
    paths: Sequence[Path],
    target: Target | None = None,
    *,
    workload: Path | None = None,
    down: bool = False,
    since: str = "",
    enable: Iterable[str] = (),
    ignore: Iterable[str] = (),
    runtime_ms: int = 30_000,
) -> LintReport:
    """Lint migration files, or folders of them; nothing is run, and a database is only read.

    With `target` severities follow the sizes of its tables, and rules look at its rows; each look is bounded by
    `runtime_ms`. `since`: only files from that one on are reported. Raises UsageError where there is no such file or
    rule.
    """
    choice = Choice(enable=tuple(enable), ignore=tuple(ignore), since=since)
    _check_names((*choice.enable, *choice.ignore))
    sources = read_sources(paths, down=down)
    if since and not any(source.name.endswith(since) for source in sources):
        raise UsageError(f"no migration file ends in {since!r}", next_step="name one of those that are linted")
    queries = load_workload(workload)
    facts = _facts(target, sources, choice, queries, runtime_ms) if target else None
    if facts is None and queries is not None:
        raise UsageError("a workload says something only together with a database", next_step="add a DSN")
    return lint_sources(sources, facts=facts, choice=choice)


def _check_names(names: Iterable[str]) -> None:
    known = {rule.name for rule in all_lint_rules()}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no rule {name!r}", next_step=nearest(name, known))


def _facts(
    target: Target, sources: Sequence[Source], choice: Choice, workload: Workload | None, runtime_ms: int
) -> Facts:
    with open_observer(target, application="lint", limits=Limits(runtime_ms=runtime_ms)) as conn:
        snapshot = take_snapshot(conn)
        observation = Observation(snapshot=snapshot, statistics=take_statistics(conn), workload=workload or Workload())
        said = [query.sql for query in observation.workload.queries] + _recorded(conn, snapshot, runtime_ms)
        facts = Facts(
            observation=observation, in_the_way=_in_the_way(conn, snapshot), stars=stars_in(dict.fromkeys(said))
        )
        answers = answer(conn, questions(sources, facts, choice), runtime_ms=runtime_ms)
    return replace(facts, observation=replace(observation, answers=answers))


def _in_the_way(conn: Session, snapshot: Snapshot) -> tuple[str, ...]:
    """What a CONCURRENTLY statement would wait for now."""
    tables = [table.name for table in snapshot.tables]
    found = fetch(
        conn, "old_snapshots", Blocker, own=[conn.info.backend_pid], older=OLD_SECONDS,
        schemas=[name.schema for name in tables], names=[name.name for name in tables],
    )  # fmt: skip
    return tuple(map(str, found))


def _recorded(conn: Session, snapshot: Snapshot, runtime_ms: int) -> list[str]:
    """Statements with a `*` that the server has recorded of this database; none where it records none."""
    schema = next((extension.schema for extension in snapshot.extensions if extension.name == RECORDER), None)
    if schema is None:
        return []
    view = Relation(schema, RECORDER)
    select = ddl(
        "SELECT s.query FROM {view} AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid"
        " WHERE d.datname = pg_catalog.current_database() AND s.query ILIKE 'select%*%'", view=view,
    )  # fmt: skip
    question = Question(view, select)
    return [str(row[0]) for row in answer(conn, [question], runtime_ms=runtime_ms)[question].rows]
