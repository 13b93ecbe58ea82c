"""Findings that are alike in the partitions of a table, told once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

from pgrefit.model.finding import Cost, Finding
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog


def told_once(found: Iterable[tuple[Table, Hashable, Finding]]) -> Iterator[Finding]:
    """Findings in their order; of those of one partitioned table that are about the same thing, the first for all."""
    groups: dict[Hashable, list[Finding]] = {}
    for table, about, finding in found:
        group = (table.partition_of, about) if table.partition_of else (table.name, finding.object)
        groups.setdefault(group, []).append(finding)
    return map(_as_one, groups.values())


def _as_one(alike: list[Finding]) -> Finding:
    first, *others = alike
    if not others:
        return first
    costs = [finding.cost for finding in alike if finding.cost]
    return replace(
        first,
        message=f"{first.message}; so it is in {len(others)} other partitions",
        evidence=(*first.evidence, catalog("in other partitions", tuple(finding.object for finding in others))),
        remedy=tuple(change for finding in alike for change in finding.remedy),
        cost=Cost(rows=sum(c.rows for c in costs), bytes=sum(c.bytes for c in costs)) if costs else None,
    )


def shape(index: Index) -> Hashable:
    """What makes two indexes of different tables alike."""
    return (index.method, index.keys, index.include, index.predicate, index.unique)
