"""What the audit says, held against what was planted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.audit.data_defects.database import Truth
from benchmarks.audit.data_defects.world import World

from pgrefit.model.finding import Evidence, Finding
from pgrefit.model.names import split_dotted

# Which rules tell which defect.
TELLS = {
    "D01": {"missing-foreign-key"},
    "D02": {"reference-as-text"},
    "D03": {"typed-values-in-text"},
    "D04": {"derived-column"},
    "D05": {"repeated-fact"},
    "D06": {"drifted-counter"},
    "D07": {"metadata-in-text"},
    "D08": {"json-key-as-column"},
    "D09": {"spelling-drift", "unchecked-enumeration", "padded-text"},
    "D10": {"nullable-never-null"},
    "D11": {"duplicate-column", "constant-column"},
    "D12": {"undeclared-unique-key", "duplicate-natural-key"},
    "D13": {"mixed-time-zones"},
    "D14": {"sentinel-value"},
    "D15": {"unchecked-range", "value-out-of-range"},
    "D16": {"polymorphic-orphans"},
    "D17": {"drifted-copy"},
    "D18": {"key-alike-but-for-case"},
    "D19": {"sequence-behind-column"},
    "D20": {"list-of-references"},
    "D21": {"cycle-in-hierarchy"},
    "D22": {"rare-value-without-partial-index"},
}
OTHERS = {"dual-representation", "flag-as-number", "list-in-text"}  # tell of data too, though none of these defects
DEFECT_OF = {rule: defect for defect, rules in TELLS.items() for rule in rules} | dict.fromkeys(OTHERS, "other")
RULES = frozenset(DEFECT_OF)
# One finding of a table names columns that each have the defect for themselves.
GROUPING = {"nullable-never-null", "unchecked-range", "unchecked-enumeration", "constant-column", "sentinel-value"}


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What a finding says is wrong: a table, and columns of which at least one must be planted."""

    rule: str
    table: str
    columns: frozenset[str]
    finding: Finding

    def meets(self, truth: Truth) -> bool:
        """Whether it is about what was planted there."""
        return self.table == truth.planted.table.name and not self.columns.isdisjoint(truth.planted.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The planted defects of a world, those found with their exact counts, and what was said wrongly."""

    defects: tuple[Truth, ...]
    found: tuple[Truth, ...]
    right: tuple[Said, ...]
    wrong: tuple[Said, ...]

    @property
    def missed(self) -> tuple[Truth, ...]:
        """Nobody said them, or with another number."""
        return tuple(truth for truth in self.defects if truth not in self.found)


def judge(world: World, truths: Sequence[Truth], findings: Sequence[Finding]) -> Judged:
    """Hold them against each other."""
    said = [s for finding in findings if finding.rule in RULES for s in _said(world, finding)]
    defects = tuple(truth for truth in truths if not truth.kind.decoy)
    right = [s for s in said if any(_is_right(s, truth) for truth in truths)]
    return Judged(
        defects=defects,
        found=tuple(truth for truth in defects if any(_tells(s, truth) for s in said)),
        right=tuple(right),
        wrong=tuple(s for s in said if s not in right),
    )


def _tells(said: Said, truth: Truth) -> bool:
    return (
        said.rule in TELLS[truth.kind.defect]
        and said.meets(truth)
        and (not truth.planted.counts or not truth.planted.counts.isdisjoint(_numbers(said.finding)))
    )


def _is_right(said: Said, truth: Truth) -> bool:
    rules = truth.kind.also | (set() if truth.kind.decoy else TELLS[truth.kind.defect])
    return said.rule in rules and said.meets(truth)


def _numbers(finding: Finding) -> set[int]:
    values = [value for e in finding.evidence for value in (e.value if isinstance(e.value, tuple) else (e.value,))]
    whole = {value for value in values if isinstance(value, int)}
    return whole | ({finding.cost.rows} if finding.cost else {0})


def _said(world: World, finding: Finding) -> Iterator[Said]:
    _, name, *column = split_dotted(finding.object)
    table = next(t for t in world.tables if t.name == name)
    columns = set(column) or {c for c in table.columns if any(_names(e, c) for e in finding.evidence)}
    if not column and finding.rule in GROUPING:
        yield from (Said(finding.rule, name, frozenset({c}), finding) for c in sorted(columns))
    else:
        yield Said(finding.rule, name, frozenset(columns), finding)


def _names(evidence: Evidence, column: str) -> bool:
    values = evidence.value if isinstance(evidence.value, tuple) else (evidence.value,)
    return column in {evidence.measure, *evidence.measure.replace(",", " ").split(), *map(str, values)}
