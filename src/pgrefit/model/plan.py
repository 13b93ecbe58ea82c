"""A plan: the steps of all changes in their order, and what database they were drawn for."""

from __future__ import annotations

from dataclasses import dataclass, field

from .change import Batches, Phase, Step, Way
from .ddl import Statement
from .names import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """A step in its place. `id` is its number in the plan ('010'), `change` the title of the change it belongs to."""

    id: str
    change: str
    step: Step
    rows: int = -1  # rows of the largest locked table when the plan was made (-1: unknown)

    @property
    def reversible(self) -> bool:
        """Whether rollback can pass over this step."""
        return self.step.undo is not Way.NO_RETURN


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A statement that the team itself proposed; rehearsal tries it on the clone and says whether it runs."""

    name: str
    sql: str
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSecurityCheck:
    """How to prove that policies decide the same before and after: who asks, and as which identity.

    `identities` is a SELECT of one text column (user ids); each is set as `setting` by `claim`, a template of the
    setting's value in which {identity} stands for it. `roles` are the database roles to ask as.
    """

    roles: tuple[str, ...]
    tables: tuple[Relation, ...]
    identities: str
    setting: str = "request.jwt.claims"
    claim: str = '{"sub": "{identity}", "role": "authenticated"}'
    sample: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModelChoice:
    """A read model in two forms, for rehearsal to measure one against the other."""

    name: Relation
    select: str
    key: tuple[str, ...]
    chosen: str  # view | materialized view


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done to one database, and how to know that it is that database."""

    name: str
    created: str  # ISO 8601, UTC
    database: str
    server_version: int
    fingerprint: str  # of the schema it was drawn for
    steps: tuple[PlanStep, ...]
    changes: tuple[str, ...] = ()  # titles, in order
    tables: tuple[Relation, ...] = ()  # whose rows are touched
    notes: tuple[str, ...] = ()  # what the design chose, and why
    proposals: tuple[Proposal, ...] = ()
    row_security: RowSecurityCheck | None = None
    compatible_schema: str = ""  # where the old shape stays readable until the contract phase
    read_models: tuple[ReadModelChoice, ...] = ()
    format: str = field(default="pgrefit/plan/1")

    def step(self, step_id: str) -> PlanStep:
        """The step of that id; KeyError where there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    def up_to(self, phase: Phase) -> tuple[PlanStep, ...]:
        """The steps up to and including a phase."""
        return tuple(s for s in self.steps if s.step.phase.order <= phase.order)


def statements(action: tuple[Statement, ...] | Batches) -> tuple[Statement, ...]:
    """The statements of an action, as text for people and files."""
    return (action.statement,) if isinstance(action, Batches) else action
