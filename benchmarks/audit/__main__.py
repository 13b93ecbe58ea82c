"""`make bench-audit`: how right and how quick the audit is; exit status 1 where a bar is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from benchmarks import bloat, discovery
from benchmarks.audit import catalog_defects, corpus, seeded, speed
from benchmarks.audit.data_defects import run as data_defects
from benchmarks.audit.peers import compare
from benchmarks.claims import Claim, Peer, show, write

from pgrefit.pg.cluster import Cluster

VERSION = 18
COPIES, FEW_COPIES = 8, 1


def main() -> int:
    said = _arguments().parse_args()
    claims = list[Claim]()
    with Cluster(VERSION) as cluster:
        for name, part in PARTS.items():
            if not said.only or name in said.only:
                found = list(part(cluster, short=said.short))
                write(found, "audit")  # at once: a part takes minutes, and a later one may fail
                claims += found
    show(claims, "the audit")
    return 0 if all(claim.met for claim in claims) else 1


def _seeded(cluster: Cluster, *, short: bool) -> Iterator[Claim]:
    found = seeded.scores(cluster, seeded.plantable(), copies=FEW_COPIES if short else COPIES)
    for kind, scores in (
        ("examples", [score for score in found if not seeded.asks(score.rule)]),
        ("data-examples", [score for score in found if seeded.asks(score.rule)]),
    ):
        yield from _accuracy(kind, scores)
    yield from catalog_defects.measure(cluster, short=short)
    yield from data_defects.measure(cluster, short=short)


BARS = {"examples": (0.98, 0.98), "data-examples": (0.90, 0.95)}  # precision, recall
SEEDED = {
    "examples": "the examples of catalog rules, under other names:",
    "data-examples": "the examples of data rules, under other names:",
}


def _accuracy(kind: str, scores: Sequence[seeded.Score]) -> Iterator[Claim]:
    right, false = sum(score.found for score in scores), sum(score.false for score in scores)
    defects, (precision, recall) = sum(score.defects for score in scores), BARS[kind]
    poorest = sorted(scores, key=lambda score: (score.precision + score.recall, score.rule))
    worse = [score for score in poorest if score.precision + score.recall < 2]
    yield Claim(
        id=f"{kind}-precision", measure=f"{SEEDED[kind]} of {len(scores)} rules: precision", unit="",
        value=right / max(1, right + false), bound=">=", limit=precision,
        against=tuple(Peer(score.rule, score.precision) for score in worse if score.precision < 1),
    )  # fmt: skip
    yield Claim(
        id=f"{kind}-recall", measure=f"{SEEDED[kind]} of {len(scores)} rules: recall", unit="",
        value=right / max(1, defects), bound=">=", limit=recall,
        against=tuple(Peer(score.rule, score.recall) for score in worse if score.recall < 1),
    )  # fmt: skip


def _speed(cluster: Cluster, *, short: bool) -> Iterator[Claim]:
    return speed.measure(cluster, short=short)


def _corpus(_: Cluster, *, short: bool) -> Iterator[Claim]:
    return iter(()) if short else corpus.measure()


def _peers(_: Cluster, *, short: bool) -> Iterator[Claim]:
    return iter(()) if short else compare.measure()


def _bloat(_: Cluster, *, short: bool) -> Iterator[Claim]:
    return iter(()) if short else bloat.measure()


def _discovery(_: Cluster, *, short: bool) -> Iterator[Claim]:
    return iter(()) if short else discovery.measure()


PARTS = {
    "seeded": _seeded, "speed": _speed, "bloat": _bloat, "corpus": _corpus, "discovery": _discovery, "peers": _peers,
}  # fmt: skip


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--short", action="store_true", help="few copies, few tables: to see that all of it runs")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
