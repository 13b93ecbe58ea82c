"""The schema and data of the clone at one moment, to tell whether the way back leads there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice

from pgrefit.model.plan import Plan
from pgrefit.rehearse.checksums import TableSum, checksums
from pgrefit.rehearse.parties import Clone

SHOWN_LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A dump of the schema, and sums of the tables that the plan touches."""

    schema: str
    sums: tuple[TableSum, ...]

    def differences(self, later: State) -> tuple[str, ...]:
        """What is other now, for people; empty where schema and data are equal."""
        return (*islice(self._schema_differences(later), SHOWN_LINES), *self._data_differences(later))

    def _schema_differences(self, later: State) -> Iterator[str]:
        lines = unified_diff(self.schema.splitlines(), later.schema.splitlines(), lineterm="", n=0)
        for line in islice(lines, 2, None):
            if not line.startswith("@@"):
                yield line

    def _data_differences(self, later: State) -> Iterator[str]:
        now = {found.table: found for found in later.sums}
        for was in self.sums:
            found = now.get(was.table)
            if found is None:
                yield f"{was.table} is gone"
            elif found.rows != was.rows:
                yield f"{was.table} has {found.rows} rows, had {was.rows}"
            elif found.digest != was.digest:
                yield f"{was.table} has other values"


def state_of(clone: Clone, plan: Plan) -> State:
    """Read it now."""
    with clone.open() as conn:
        return State(schema=clone.dump(), sums=checksums(conn, plan.tables))
