"""What a rehearsal taught, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgrefit.model.measure import LoadReport
from pgrefit.model.rehearsal import Alternative, ProposalResult, StepMeasure
from pgrefit.rehearse.lock_tracer import IndexCost

KIB, MIB = 1024, 1024 * 1024
SECOND = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that was measured."""

    steps: tuple[StepMeasure, ...] = ()
    proposals: tuple[ProposalResult, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    indexes: tuple[IndexCost, ...] = ()
    load: LoadReport | None = None


def learnt(evidence: Evidence) -> tuple[str, ...]:
    """Sentences, the most general first."""
    return (
        *_about_steps(evidence.steps),
        *_about_load(evidence.load),
        *_about_proposals(evidence.proposals),
        *_about_indexes(evidence.indexes),
        *_about_alternatives(evidence.alternatives),
    )


def _about_steps(steps: tuple[StepMeasure, ...]) -> Iterator[str]:
    if not steps:
        return
    total = sum(step.up for step in steps)
    yield f"The {len(steps)} steps took {_time(total)} in all."
    slowest = max(steps, key=lambda step: step.up)
    rows = f", {slowest.rows} rows" if slowest.rows else ""
    yield f"The slowest step was {slowest.id}, {slowest.title}: {_time(slowest.up)}{rows}."
    undone = [step for step in steps if step.down is not None]
    if undone:
        yield f"The way back over {len(undone)} steps took {_time(sum(step.down or 0.0 for step in undone))}."
    yield from _about_locks(steps)


def _about_locks(steps: tuple[StepMeasure, ...]) -> Iterator[str]:
    blocking = [(step, lock) for step in steps for lock in step.taken if lock.mode.blocks_writes]
    if not blocking:
        yield "No step took a lock that makes writers wait."
        return
    step, lock = max(blocking, key=lambda pair: pair[0].up)
    who = "readers and writers" if lock.mode.blocks_reads else "writers"
    yield (
        f"The longest step with a lock that makes {who} wait was {step.id}, {step.title}: "
        f"{lock.mode.sql} on {lock.on} within {_time(step.up)}."
    )


def _about_load(load: LoadReport | None) -> Iterator[str]:
    if load is None:
        return
    share = 100 * load.waited / load.statements if load.statements else 0.0
    yield (
        f"Of {load.statements} statements that clients issued meanwhile {load.failed} failed and {load.waited} "
        f"({share:.2f} %) waited on a lock of the refit, the longest {_time(load.longest_wait)}."
    )


def _about_proposals(proposals: Iterable[ProposalResult]) -> Iterator[str]:
    for proposal in proposals:
        what = proposal.what or proposal.name
        if proposal.runs:
            lock = f", under {proposal.lock}" if proposal.lock else ""
            yield f"Proposal {proposal.name} ({what}) runs: {_time(proposal.elapsed)}{lock}."
        else:
            yield f"Proposal {proposal.name} ({what}) does not run: {proposal.error.rstrip('.')}."


def _about_indexes(indexes: Iterable[IndexCost]) -> Iterator[str]:
    for cost in indexes:
        yield f"Index {cost.index} took {_time(cost.build)} to build and takes {_size(cost.bytes)}."


def _about_alternatives(alternatives: Iterable[Alternative]) -> Iterator[str]:
    for one in alternatives:
        upkeep = f", {_time(one.upkeep)} for each refresh" if one.upkeep else ""
        chosen = "chosen" if one.chosen else "not chosen"
        yield f"{one.name} as a {one.form} ({chosen}): p95 {_time(one.p95)}, {_size(one.bytes)}{upkeep}."


def _time(ms: float) -> str:
    return f"{ms / SECOND:.1f} s" if ms >= SECOND else f"{ms:.1f} ms"


def _size(count: int) -> str:
    return f"{count / MIB:.1f} MiB" if count >= MIB else f"{count / KIB:.0f} KiB"
