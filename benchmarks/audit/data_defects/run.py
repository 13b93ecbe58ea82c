"""Worlds planted, audited and judged: recall and precision of each defect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import psycopg
from benchmarks.audit.data_defects.database import made_up, write
from benchmarks.audit.data_defects.score import DEFECT_OF, RULES, TELLS, Judged, judge
from benchmarks.claims import Claim, Peer
from rich.console import Console
from rich.table import Table

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.model.workload import Workload
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules

DATABASE = "data_defects"
WORLDS, FEW_WORLDS = range(60, 66), range(60, 62)  # one of each language
MOST_ROWS, FEW_ROWS = 20_000, 2000
PRECISION, RECALL = 0.90, 0.95


@dataclass(frozen=True, slots=True)
class Score:
    """Of one defect, or of what is none of them, over all worlds."""

    defect: str
    planted: int
    found: int
    right: int
    wrong: int

    @property
    def recall(self) -> float:
        """Share of the planted that were found, with their exact counts."""
        return self.found / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """Share of the findings that are right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0


def judged(
    cluster: Cluster, numbers: Iterable[int], *, only: Sequence[str] = (), most_rows: int = 20_000
) -> list[Judged]:
    """What the audit makes of the worlds of these numbers, each in a database of its own."""
    return [_judged(cluster, number, only, most_rows) for number in numbers]


def scores(worlds: Sequence[Judged]) -> list[Score]:
    """By defect, in order."""
    return [_score(defect, worlds) for defect in (*TELLS, "other")]


def _judged(cluster: Cluster, number: int, only: Sequence[str], most_rows: int) -> Judged:
    world, truths = made_up(number, only=only, most_rows=most_rows)
    cluster.create_database(DATABASE)
    try:
        with psycopg.connect(cluster.dsn(DATABASE), autocommit=True) as conn:
            write(conn, world)
        rules = [rule for rule in all_rules() if rule.name in RULES]
        target = Target(dsn=cluster.dsn(DATABASE), source="a benchmark")
        observation = observe_database(target, rules, workload=Workload(queries=tuple(world.queries)))
    finally:
        cluster.drop_database(DATABASE)
    report = audit.run(observation, rules)
    for crash in report.crashed:
        print(f"crashed: {crash.rule}: {crash.error}")
    return judge(world, truths, report.findings)


def _score(defect: str, worlds: Sequence[Judged]) -> Score:
    def of_rules(world: Judged, name: str) -> int:
        return sum(DEFECT_OF[said.rule] == defect for said in getattr(world, name))

    return Score(
        defect,
        planted=sum(truth.kind.defect == defect for world in worlds for truth in world.defects),
        found=sum(truth.kind.defect == defect for world in worlds for truth in world.found),
        right=sum(of_rules(world, "right") for world in worlds),
        wrong=sum(of_rules(world, "wrong") for world in worlds),
    )


def told(worlds: Sequence[Judged]) -> Iterator[str]:
    """Each miss and each false alarm in a line."""
    for world in worlds:
        for truth in world.missed:
            place = f"{truth.planted.table.name} {truth.planted.columns}"
            yield f"missed {truth.kind.defect} {truth.kind.name}: {place} {sorted(truth.planted.counts)}"
        for said in world.wrong:
            place = f"{said.finding.object} {sorted(said.columns)}"
            yield f"wrong {DEFECT_OF[said.rule]} {said.rule}: {place}: {said.finding.message}"


def measure(cluster: Cluster, *, short: bool) -> Iterator[Claim]:
    """Claims of precision and recall over all defects; prints each miss, each false alarm, each defect."""
    worlds = judged(cluster, FEW_WORLDS if short else WORLDS, most_rows=FEW_ROWS if short else MOST_ROWS)
    for line in told(worlds):
        print(line)
    found = scores(worlds)
    _show(found)
    right, wrong = sum(score.right for score in found), sum(score.wrong for score in found)
    recall = sum(score.found for score in found) / max(1, sum(score.planted for score in found))
    precision = right / max(1, right + wrong)
    yield _claim("precision", PRECISION, precision, [Peer(score.defect, score.precision) for score in found])
    yield _claim("recall", RECALL, recall, [Peer(score.defect, score.recall) for score in found])


def _claim(what: str, bar: float, value: float, each: Sequence[Peer]) -> Claim:
    return Claim(
        id=f"data-defects-{what}", measure=f"seeded data defects D01 to D22: {what}", unit="", value=value, bound=">=",
        limit=bar, against=tuple(peer for peer in each if peer.value < 1),
    )  # fmt: skip


def _show(found: Sequence[Score]) -> None:
    table = Table(title="data defects", title_justify="left")
    for name in ("defect", "planted", "found", "recall", "right", "wrong", "precision"):
        table.add_column(name, justify="left" if name == "defect" else "right")
    for score in found:
        numbers = (
            score.planted,
            score.found,
            f"{score.recall:.2f}",
            score.right,
            score.wrong,
            f"{score.precision:.2f}",
        )
        table.add_row(score.defect, *map(str, numbers))
    Console(width=100).print(table)
