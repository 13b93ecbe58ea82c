"""How much of the data an audit may read."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from pgrefit.model.ddl import ddl
from pgrefit.model.names import Relation
from pgrefit.model.observation import Question
from pgrefit.model.snapshot import Snapshot, Table, View
from pgrefit.model.statistics import Statistics

SAMPLE_BYTES = 32 * 2**20  # what a sample reads at most, about
SMALL_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanBudget:
    """Limits of an audit's reading; 0 is none. `duty`: for which part of the time it may be at work."""

    bytes: int = 0
    seconds: float = 0
    question_ms: int = 60_000
    duty: float = 1.0


WITHOUT_LIMIT = ScanBudget()


@dataclass(slots=True)
class Purse:
    """What is left of a budget."""

    budget: ScanBudget
    statistics: Statistics
    closed: Mapping[str, str] = field(default_factory=dict[str, str])  # what may not be read: why, by quoted name
    spent: int = 0
    began: float = field(default_factory=time.monotonic)
    locked: set[Relation] = field(default_factory=set[Relation])

    def price(self, question: Question) -> int:
        """Bytes that the question reads, about: its table, or a sample of it."""
        found = self.statistics.table(question.about)
        whole = found.heap_bytes + found.toast_bytes
        return min(whole, SAMPLE_BYTES) if question.sampled else whole

    def is_small(self, question: Question) -> bool:
        """Whether the question is answered at once, and nobody asked to go slowly."""
        return self.budget.duty >= 1 and 0 < self.price(question) <= SMALL_BYTES

    def refuses(self, question: Question) -> str:
        """Why the question is not asked any more; '' where it may be."""
        budget = self.budget
        if closed := next((why for name, why in self.closed.items() if name in question.select), ""):
            return closed
        if question.about in self.locked:
            return "the table is locked"
        if budget.seconds and time.monotonic() - self.began >= budget.seconds:
            return f"the {budget.seconds:g} seconds for reading are over"
        if budget.bytes and self.spent + self.price(question) > budget.bytes:
            return f"it reads {self.price(question):,} bytes, and of {budget.bytes:,} are {self.left:,} left"
        return ""

    @property
    def left(self) -> int:
        """Bytes."""
        return self.budget.bytes - self.spent

    @property
    def question_ms(self) -> int:
        """How long the next question may take."""
        if not self.budget.seconds:
            return self.budget.question_ms
        left = self.budget.seconds - (time.monotonic() - self.began)
        return max(1, min(self.budget.question_ms, round(left * 1000)))

    def pay(self, question: Question, busy_seconds: float) -> None:
        """Count it, and rest for as long as the duty asks."""
        self.spent += self.price(question)
        if self.budget.duty < 1:
            time.sleep(busy_seconds * (1 / self.budget.duty - 1))


def closed_tables(db: Snapshot) -> dict[str, str]:
    """Why some are not read, by their quoted names: what is not, or not all, on this server, and what is locked."""
    far = dict.fromkeys(far_relations(db), "a foreign table is part of it")
    relations: tuple[Table | View, ...] = (*db.tables, *db.views)
    locked = {each.name: each.unread for each in relations if each.unread}
    return {str(ddl("{table}", table=name)): why for name, why in (far | locked).items()}


def far_relations(db: Snapshot) -> set[Relation]:
    """Foreign tables, tables that have one among their partitions or heirs, and views that read one of these."""
    above: defaultdict[Relation, list[Relation]] = defaultdict(list)
    for table in db.tables:
        above[table.name] += [*filter(None, [table.partition_of]), *table.inherits]
    for use in (*db.uses, *db.whole_uses):
        if use.kind == "view" and use.relation:
            above[use.table].append(use.relation)
    found, new = set[Relation](), {table.name for table in db.tables if table.kind == "foreign table"}
    while new:
        found |= new
        new = {name for below in new for name in above.get(below, ())} - found
    return found
