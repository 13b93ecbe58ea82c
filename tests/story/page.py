"""The video page's database, small, with its plan and with what one uninterrupted run makes of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pgrefit.api.workshop import opener
from pgrefit.apply import Hooks, Settings, apply_plan
from pgrefit.apply.journal import TABLES
from pgrefit.model.change import Phase
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.run import Run
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Session
from pgrefit.pg.dump import dump_schema
from pgrefit.rehearse.checksums import TableSum, checksums

SCALE = 0.003
# Batches of one size whatever the machine's mood, so that two runs take the same ones.
EVEN = Settings(first_batch_rows=300, max_batch_rows=300, batch_target_ms=60_000)
FORKED = multiprocessing.get_context("fork").Process

Point = tuple[str, str]
"""Where a run can be cut short: the kind of an event, or 'within' a transaction before it commits, and the step."""

SETTINGS = """
    SELECT coalesce(r.rolname, ''), s.setconfig
    FROM pg_db_role_setting AS s LEFT JOIN pg_roles AS r ON r.oid = s.setrole
    WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1
"""
OURS = """
    SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace('pgrefit')
    UNION ALL
    SELECT c.oid::regclass::text FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('pgrefit') AND c.relkind = ANY ('{r,p,v,m,f}') AND c.relname <> ALL (%s)
    UNION ALL
    SELECT t.tgrelid::regclass || ' ' || t.tgname FROM pg_trigger AS t
    WHERE NOT t.tgisinternal AND (t.tgname LIKE '%%pgrefit%%' OR t.tgfoid IN (
        SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace('pgrefit')))
    UNION ALL
    SELECT i.indexrelid::regclass || ' is invalid' FROM pg_index AS i WHERE NOT i.indisvalid
    ORDER BY 1
"""
ASIDE = (
    "SELECT source, key::text, reason, typed FROM pgrefit.quarantine ORDER BY 1, 2, 3",
    "SELECT source, key::text, columns::text, old::text, new::text FROM pgrefit.before_image ORDER BY 1, 2, 3",
    "SELECT source, key::text, reason, value FROM pgrefit.reject ORDER BY 1, 2, 3",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """All that must be equal: schema, rows, the database's settings, our helpers and what we put aside."""

    schema: str
    rows: tuple[TableSum, ...]
    settings: list[tuple[str, list[str]]]
    ours: list[str]
    aside: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The plan, the states at both of its ends, and what the straight run passed by, did, and took."""

    cluster: Cluster
    template: str
    folder: Path
    plan: Plan
    legacy: Image
    end: Image
    points: tuple[Point, ...]
    done: dict[str, tuple[int, int]]
    seconds: float

    @property
    def road(self) -> tuple[PlanStep, ...]:
        """The steps that can be taken back all the way."""
        there = next(n for n, step in enumerate(self.plan.steps) if not step.reversible)
        return self.plan.steps[:there]


def image(dsn: str) -> Image:
    """Everything, as it is now."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        tables = conn.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname <> ALL ('{pg_catalog,information_schema,pgrefit}')"
        ).fetchall()
        journal = conn.execute("SELECT to_regclass('pgrefit.quarantine') IS NOT NULL").fetchone()[0]
        return Image(
            schema=dump_schema(dsn),
            rows=checksums(conn, [Relation(*table) for table in tables]),
            settings=conn.execute(SETTINGS).fetchall(),
            ours=[row[0] for row in conn.execute(OURS, (list(TABLES),)).fetchall()],
            aside=[row for query in ASIDE for row in conn.execute(query).fetchall()] if journal else [],
        )


def batches_done(run: Run) -> dict[str, tuple[int, int]]:
    """Rows and batches that were committed, by the steps that have any."""
    return {step.id: (step.rows, step.batches) for step in run.steps if step.batches}


def session(dsn: str) -> Callable[[], Session]:
    """Opens the executor's sessions."""
    return opener(dsn, "apply")


def at(point: Point, action: Callable[[], None]) -> Hooks:
    """Hooks that act at one point."""
    return watching(lambda here: action() if here == point else None)


def watching(see: Callable[[Point], None]) -> Hooks:
    """Hooks that show every point as it is passed."""
    return Hooks(
        on_event=lambda event: see((event.kind, event.step)), before_commit=lambda _, step: see(("within", step.id))
    )


def killed(verb: Callable[..., Run], dsn: str, plan: Plan, point: Point) -> bool:
    """Run apply or rollback in a process that kills itself at the point; say whether it came to that."""
    process = FORKED(target=_run, args=(verb, dsn, plan, point))
    process.start()
    process.join(60)
    return process.exitcode == -signal.SIGKILL


def _run(verb: Callable[..., Run], dsn: str, plan: Plan, point: Point) -> None:
    verb(session(dsn), plan, hooks=at(point, _die), settings=EVEN)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def finish(page: Page, dsn: str, until: Phase | str | None = None) -> Run:
    """Apply in this process, with even batches."""
    return apply_plan(session(dsn), page.plan, until=until, settings=EVEN)
