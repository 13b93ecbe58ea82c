"""How much of the data an audit may read."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pgrefit.model.names import Relation
from pgrefit.model.observation import Question
from pgrefit.model.snapshot import Snapshot, Table, View
from pgrefit.model.statistics import Statistics
from pgrefit.observe.reading import Reading, calls_qualified, named

SAMPLE_BYTES = 32 * 2**20  # what a sample reads at most, about
SMALL_BYTES = 2**20
CATALOG_SECONDS = 10.0


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
    closed: Mapping[Relation, str] = field(default_factory=dict[Relation, str])  # tables that may not be read: why
    active: Mapping[Relation, str] = field(default_factory=dict[Relation, str])  # functions that may not be called: why
    reading: Reading = field(default_factory=Reading)
    spent: int = 0
    began: float = field(default_factory=time.monotonic)
    locked: set[Relation] = field(default_factory=set[Relation])
    patience: float = CATALOG_SECONDS  # for locks on catalogs
    stopped: str = ""  # why nothing more is asked
    _bytes: dict[Relation, int] = field(default_factory=dict[Relation, int], init=False)

    def price(self, question: Question) -> int:
        """Bytes that the question reads, about: its table with its partitions and heirs, or a sample of it."""
        whole = self._bytes.get(question.about)
        if whole is None:
            parts = map(self.statistics.table, self.reading.whole(question.about))
            whole = self._bytes[question.about] = sum(part.heap_bytes + part.toast_bytes for part in parts)
        return min(whole, SAMPLE_BYTES) if question.sampled else whole

    def is_small(self, question: Question) -> bool:
        """Whether the question is answered at once, and nobody asked to go slowly."""
        return self.budget.duty >= 1 and 0 < self.price(question) <= SMALL_BYTES

    def refuses(self, question: Question) -> str:
        """Why the question is not asked any more; '' where it may be."""
        budget = self.budget
        if closed := self.stopped or self._closed(question):
            return closed
        if self.locked and not self.locked.isdisjoint(self.reading.of_question(question)):
            return "the table is locked"
        if budget.seconds and time.monotonic() - self.began >= budget.seconds:
            return f"the {budget.seconds:g} seconds for reading are over"
        if budget.bytes and not self.statistics.tables:
            return "no sizes are known, and the bytes that are read are to be few"
        if budget.bytes and self.spent + self.price(question) > budget.bytes:
            return f"it reads {self.price(question):,} bytes, and of {budget.bytes:,} are {self.left:,} left"
        return ""

    def _closed(self, question: Question) -> str:
        if not self.closed and not (self.active and calls_qualified(question.select)):
            return ""
        found = ((self.active if called else self.closed).get(name) for name, called in named(question.select))
        return next(filter(None, found), "")

    def lock(self, question: Question, locked: Iterable[Relation]) -> bool:
        """Whether some of what is locked now was in the way of a question: of that nothing more is asked."""
        in_the_way = set(self.reading.of_question(question)).intersection(locked)
        self.locked |= in_the_way
        return bool(in_the_way)

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


def closed_tables(db: Snapshot) -> dict[Relation, str]:
    """Why some are not read: not all of it is on this server, or it is locked."""
    far = dict.fromkeys(far_relations(db), "a foreign table is part of it")
    relations: tuple[Table | View, ...] = (*db.tables, *db.views)
    return far | {each.name: each.unread for each in relations if each.unread}


def active_functions(db: Snapshot) -> dict[Relation, str]:
    """Why some are not called, as a check does that is not yet valid: whoever looks must not set them off."""
    may = "which is volatile: it may do more than compute"
    return {each.name: f"it calls {each.name}, {may}" for each in db.functions if each.volatility == "volatile"}


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
