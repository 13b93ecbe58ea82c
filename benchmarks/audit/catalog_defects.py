"""Defects of a catalog, written down without a look at the rules: what is found of them, and what is said beside.

Each variant in `defects` plants a defect or its look-alike, with random names of several languages and styles and with
columns of no importance around; many share a schema, some a table. What is wrong is written down as it is planted.
The first two rounds of variants were made before any rule was read, the third after their first results.
Recall is the share of planted defects in which their rule speaks; precision the share of the findings of these rules,
anywhere in the database, that are about a planted defect.

`python -m benchmarks.audit.catalog_defects --seeds 1 2 --copies 2` prints each miss and each false alarm.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.audit.defects.judging import Judged, Score, first, judge, second, third
from benchmarks.audit.defects.planting import Variant
from benchmarks.claims import Claim, Peer
from rich.console import Console
from rich.table import Table

from pgrefit.pg.cluster import Cluster

VERSION = 18
BAR = 0.98
SEEDS, COPIES = (101, 102, 103), 2
ROUNDS = {"first": first, "second": second, "third": third}


def measure(cluster: Cluster, *, short: bool) -> Iterator[Claim]:
    """Claims of precision and recall over all rules; prints a line for each rule."""
    seeds, copies = (SEEDS[:1], 1) if short else (SEEDS, COPIES)
    variants = [variant for variants in ROUNDS.values() for variant in variants()]
    scores = summed([judge(cluster, variants, copies=copies, seed=seed) for seed in seeds])
    show(scores)
    right, false = sum(score.found for score in scores), sum(score.false for score in scores)
    defects = sum(score.defects for score in scores)
    yield _claim("precision", scores, right / max(1, right + false), [Peer(s.rule, s.precision) for s in scores])
    yield _claim("recall", scores, right / max(1, defects), [Peer(s.rule, s.recall) for s in scores])


def _claim(what: str, scores: Sequence[Score], value: float, each: Sequence[Peer]) -> Claim:
    return Claim(
        id=f"catalog-defects-{what}", measure=f"seeded catalog defects of {len(scores)} rules: {what}", unit="",
        value=value, bound=">=", limit=BAR, against=tuple(peer for peer in each if peer.value < 1),
    )  # fmt: skip


def summed(runs: Sequence[Judged]) -> list[Score]:
    """Over runs, by rule."""
    total = Counter[tuple[str, str]]()
    for score in (score for run in runs for score in run.scores):
        total.update({(score.rule, part): getattr(score, part) for part in ("defects", "found", "decoys", "false")})
    return [
        Score(rule=rule, **{part: total[rule, part] for part in ("defects", "found", "decoys", "false")})
        for rule in sorted({rule for rule, _ in total})
    ]


def show(scores: Sequence[Score]) -> None:
    """A line for each rule, and one for all."""
    whole = Score(
        rule="all", **{p: sum(getattr(s, p) for s in scores) for p in ("defects", "found", "decoys", "false")}
    )
    table = Table(title="catalog defects", title_justify="left")
    for name in ("rule", "defects", "found", "decoys", "false", "precision", "recall"):
        table.add_column(name, justify="left" if name == "rule" else "right")
    for score in (*scores, whole):
        numbers = (score.defects, score.found, score.decoys, score.false)
        table.add_row(score.rule, *map(str, numbers), f"{score.precision:.3f}", f"{score.recall:.3f}")
    Console(width=110).print(table)


def _tell(run: Judged) -> None:
    for truth in run.missed:
        print(f"missed  {' or '.join(truth.rules)}: {truth.schema} {truth.about} {truth.details} [{truth.variant}]")
    for finding in run.false:
        print(f"false   {finding.rule}: {finding.object}: {finding.message}")
    for rule, count in Counter(finding.rule for finding in run.beside).most_common():
        said = next(finding for finding in run.beside if finding.rule == rule)
        print(f"beside  {rule} {count}x: {said.object}: {said.message}")
    for crash in run.crashed:
        print(f"crashed {crash}")


def main() -> int:
    """Exit status 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--copies", type=int, default=COPIES)
    parser.add_argument("--rounds", nargs="+", choices=ROUNDS, default=list(ROUNDS))
    said = parser.parse_args()
    variants: list[Variant] = [variant for name in said.rounds for variant in ROUNDS[name]()]
    with Cluster(VERSION) as cluster:
        runs = [judge(cluster, variants, copies=said.copies, seed=seed) for seed in said.seeds]
    for run in runs:
        _tell(run)
    show(summed(runs))
    return 0 if not any(run.missed or run.false or run.crashed for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
