"""Answers kept in a file, so that an audit that was cut short, or is run again, does not read the same data twice.

An answer holds while the schema is the same and the server has counted no write to its table. The server counts a
write up to ten seconds late (PGSTAT_IDLE_INTERVAL of its sources).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from pgrefit.model.observation import Answer, Cell, Question
from pgrefit.model.statistics import Statistics

Key = tuple[str, str]  # of the question, of the state that its table was in


@dataclass(slots=True)
class AnswerFile:
    """JSON lines, readable by its owner alone, for they hold values. `schema`: the fingerprint of the snapshot."""

    path: Path
    schema: str
    statistics: Statistics
    kept: dict[Key, Answer] = field(default_factory=dict[Key, Answer])

    def __post_init__(self) -> None:
        self.kept = dict(_read(self.path)) if self.path.exists() else {}

    def find(self, question: Question) -> Answer | None:
        """The answer that was kept and still holds, or None."""
        return self.kept.get(self._key(question))

    def keep(self, question: Question, answer: Answer) -> None:
        """Write an answer down; one that was skipped is asked again next time."""
        if answer.skipped:
            return
        one, other = self._key(question)
        line = json.dumps({"question": one, "state": other, "columns": answer.columns, "rows": answer.rows})
        self.path.touch(mode=0o600)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _key(self, question: Question) -> Key:
        table = self.statistics.table(question.about)
        counted = (table.inserted, table.updated, table.deleted, table.heap_bytes, self.statistics.reset_at)
        return _digest(self.schema, question.select), _digest(str(question.about), repr(counted))


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", errors="surrogatepass")).hexdigest()


def _read(path: Path) -> Iterator[tuple[Key, Answer]]:
    """What can be read; a last line that was cut short is passed over."""
    for line in path.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError, KeyError, TypeError):
            said = cast("dict[str, Any]", json.loads(line))
            rows = cast("list[list[Cell]]", said["rows"])
            found = Answer(columns=tuple(said["columns"]), rows=tuple(tuple(row) for row in rows))
            yield (said["question"], said["state"]), found
