"""A clone, and the plainest executor that a rehearsal can be given."""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from conftest import dsn
from pgrefit.model.change import Phase, Step, Way, Work
from pgrefit.model.ddl import Statement
from pgrefit.model.locks import Lock
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.run import Event, Run, StepRun
from pgrefit.pg.connect import open_session
from pgrefit.pg.dump import dump_schema
from pgrefit.rehearse import Clone


@pytest.fixture
def clone(db18: psycopg.Connection) -> Clone:
    return Clone(open=lambda: open_session(dsn(db18), application="rehearse"), dump=lambda: dump_schema(dsn(db18)))


class Executor:
    """Runs steps and takes them back, remembering in memory what it did."""

    def __init__(self) -> None:
        self.done: list[PlanStep] = []

    def run(self, open_, plan: Plan, *, until: Phase | None, on_event, before_commit) -> Run:
        with open_() as conn:
            conn.execute("SELECT set_config('pgrefit.run', %s, false)", (str(uuid4()),))
            for step in plan.up_to(until) if until else plan.steps:
                if step not in self.done:
                    self._step(conn, step, on_event, before_commit)
                    self.done.append(step)
        steps = tuple(StepRun(id=one.id, title="", phase="", rows=7) for one in self.done)
        return Run(id="r", plan=plan.name, plan_hash="", state="done", started_at=datetime.now(UTC), steps=steps)

    def _step(self, conn, step: PlanStep, on_event, before_commit) -> None:
        on_event(Event(kind="step started", step=step.id))
        if step.step.in_transaction:
            with conn.transaction():
                for statement in step.step.do:
                    conn.execute(statement)
                before_commit(conn, step)
        else:
            for statement in step.step.do:
                conn.execute(statement)
        on_event(Event(kind="step done", step=step.id))

    def undo(self, open_, plan: Plan, *, on_event) -> None:
        with open_() as conn:
            while self.done:
                step = self.done.pop()
                for statement in step.step.undo if isinstance(step.step.undo, tuple) else ():
                    conn.execute(statement)
                on_event(Event(kind="step undone", step=step.id))


@pytest.fixture
def executor() -> Executor:
    return Executor()


def step(
    do: str, undo: str | Way = Way.NOTHING_LEFT, *locks: Lock, phase: Phase = Phase.EXPAND, work: Work = Work.INSTANT,
    in_transaction: bool = True,
) -> Step:  # fmt: skip
    return Step(
        title=do[:30], phase=phase, do=(Statement(do),), undo=(Statement(undo),) if isinstance(undo, str) else undo,
        locks=locks, work=work, proof=Statement("SELECT true"), in_transaction=in_transaction,
    )  # fmt: skip


def plan_of(*steps: Step, **more: object) -> Plan:
    numbered = tuple(PlanStep(id=f"{n:03}", change="test", step=one) for n, one in enumerate(steps, 1))
    return Plan(name="p", created="", database="d", server_version=0, fingerprint="", steps=numbered, **more)
