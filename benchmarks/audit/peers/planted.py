"""Ours and others' auditors on the same planted defects, each scored by the checks that it has.

What an auditor says is taken for right where it names a planted defect of a rule to which its check is laid, by its
table or by any of its details: some name no more than the table. Anything else that such a check says is false.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.audit.catalog_defects import ROUNDS
from benchmarks.audit.defects import judging
from benchmarks.audit.defects.judging import SHORTENED, Garden, Score
from benchmarks.audit.defects.planting import Truth
from benchmarks.audit.peers.auditors import Auditor, Said, schema_in
from benchmarks.audit.peers.turns import OURS, Ready, Turn, show, table, turns
from benchmarks.claims import Claim, Peer

from pgrefit.pg.cluster import Cluster

SEED, COPIES = 104, 2
SECONDS = 600  # some look at each schema apart
BAR = 0.98

OfOne = Callable[[Score], float]
OfAll = Callable[[Sequence[Score]], float]
Known = defaultdict[tuple[str, str], list[Truth]]


@dataclass(frozen=True, slots=True)
class Beside:
    """What an auditor and ours made of the same rule's defects."""

    auditor: str
    theirs: Score
    ours: Score


def measure(cluster: Cluster, ready: Ready) -> Iterator[Claim]:
    """Prints a line for each rule and auditor; claims of precision and recall over the rules that any of them has."""
    variants = judging.holdable(cluster, [variant for written in ROUNDS.values() for variant in written()])
    with judging.planted(cluster, variants, copies=COPIES, seed=SEED) as (dsn, garden):
        ours = {score.rule: score for score in judging.audited(dsn, garden).scores if score.defects}
        done = turns(ready, dsn, SECONDS)
    beside = [one for turn in done for one in against(turn, ours, garden)]
    _show(beside)
    yield from _claims(beside, [score for rule, score in ours.items() if any(one.ours.rule == rule for one in beside)])


def against(turn: Turn, ours: dict[str, Score], garden: Garden) -> Iterator[Beside]:
    """Its scores beside ours, by rule; none where it came to no end."""
    if turn.heard is None:
        return
    known, met, false = _known(garden), set[Truth](), Counter[str]()
    schemas = frozenset(truth.schema for truth in garden.truths) | {decoy.schema for decoy in garden.decoys}
    rules = _rules_by_check(turn.auditor, ours)
    for said in turn.heard.said:
        if said.check in rules:
            place = said.schema or schema_in(said.text, schemas)
            about = _about(said, [truth for rule in rules[said.check] for truth in known[rule, place]])
            met |= about
            false[rules[said.check][0]] += not about
    for rule in sorted({rule for laid in rules.values() for rule in laid}):
        planted = [truth for truth in garden.truths if truth.must and truth.rules[0] == rule]
        theirs = Score(rule=rule, defects=len(planted), found=len(met.intersection(planted)),
                       decoys=ours[rule].decoys, false=false[rule])  # fmt: skip
        yield Beside(turn.auditor.title, theirs, ours[rule])


def _known(garden: Garden) -> Known:
    known: Known = defaultdict(list)
    for truth in garden.truths:
        for rule in truth.rules:
            known[rule, truth.schema].append(truth)
    return known


def _rules_by_check(auditor: Auditor, ours: dict[str, Score]) -> dict[str, list[str]]:
    laid = defaultdict[str, list[str]](list)
    for rule, checks in auditor.rules.items():
        for check in checks if rule in ours else ():
            laid[check].append(rule)
    return dict(laid)


def _about(said: Said, near: Sequence[Truth]) -> set[Truth]:
    """The truths that it names most closely: table and detail; else one of them."""
    exact = {t for t in near if _names(said, t.about) and (not t.details or any(_names(said, d) for d in t.details))}
    return exact or {t for t in near if any(_names(said, name) for name in (t.about, *t.details))}


def _names(said: Said, name: str) -> bool:
    """Whether it has the name as a word of its own, or a sequence that the server named after it."""
    made = rf"{re.escape(name[:SHORTENED])}_\w*seq"
    return bool(re.search(rf"(?<!\w)({re.escape(name)}|{made})(?!\w)", said.text))


def _show(beside: Sequence[Beside]) -> None:
    made = table("the same planted defects", "rule", "auditor", "defects", "found", "false", "precision", "recall",
                 f"{OURS}: found", "false", "precision", "recall")  # fmt: skip
    for one in sorted(beside, key=lambda one: (one.ours.rule, one.auditor)):
        made.add_row(one.ours.rule, one.auditor, str(one.theirs.defects), *_shown(one.theirs), *_shown(one.ours))
    show(made)


def _shown(score: Score) -> tuple[str, ...]:
    return str(score.found), str(score.false), f"{score.precision:.2f}", f"{score.recall:.2f}"


def _claims(beside: Sequence[Beside], ours: Sequence[Score]) -> Iterator[Claim]:
    kinds: tuple[tuple[str, OfOne, OfAll], ...] = (
        ("precision", lambda score: score.precision, _precision),
        ("recall", lambda score: score.recall, _recall),
    )
    for kind, of_one, of_all in kinds:
        yield Claim(
            id=f"peers-{kind}", measure=f"{kind} on the same defects, of {len(ours)} rules that others have", unit="",
            value=of_all(ours), bound=">=", limit=BAR, against=(*_totals(beside, of_all), *_losses(beside, of_one)),
        )  # fmt: skip


def _totals(beside: Sequence[Beside], of_all: OfAll) -> Iterator[Peer]:
    for auditor in dict.fromkeys(one.auditor for one in beside):
        pairs = [one for one in beside if one.auditor == auditor]
        yield Peer(f"{auditor}, on {len(pairs)} of them", of_all([one.theirs for one in pairs]))
        yield Peer(f"this on the {len(pairs)} of {auditor}", of_all([one.ours for one in pairs]))


def _losses(beside: Sequence[Beside], of_one: OfOne) -> Iterator[Peer]:
    """Rules in which another auditor is better than ours."""
    for one in beside:
        if of_one(one.theirs) > of_one(one.ours):
            yield Peer(f"{one.ours.rule}: {one.auditor}", of_one(one.theirs))
            yield Peer(f"{one.ours.rule}: this", of_one(one.ours))


def _precision(scores: Sequence[Score]) -> float:
    right, false = sum(score.found for score in scores), sum(score.false for score in scores)
    return right / (right + false) if right + false else 1.0


def _recall(scores: Sequence[Score]) -> float:
    return sum(score.found for score in scores) / max(1, sum(score.defects for score in scores))
