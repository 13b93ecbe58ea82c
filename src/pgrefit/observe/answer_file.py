"""Answers kept in a file, so that an audit that was cut short, or is run again, does not read the same data twice.

An answer holds while the schema is the same and the server has counted no write to any table that was read. It counts a
write up to ten seconds late (PGSTAT_IDLE_INTERVAL of its sources).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from pgrefit.model.names import Relation
from pgrefit.model.observation import Answer, Cell, Question
from pgrefit.model.statistics import Statistics
from pgrefit.observe.reading import Reading

Key = tuple[str, str]  # of the question, of the state that its table was in


@dataclass(slots=True)
class AnswerFile:
    """JSON lines, readable by its owner alone, for they hold values. `schema`: the fingerprint of the snapshot."""

    path: Path
    schema: str
    statistics: Statistics
    reading: Reading = field(default_factory=Reading)
    texts: bool = True  # whether answers are kept that hold texts of the data
    kept: dict[Key, Answer] = field(default_factory=dict[Key, Answer])
    is_torn: bool = False  # whether its last line has no end
    unwritten: str = ""  # why nothing more is kept: what was measured is reported all the same

    def __post_init__(self) -> None:
        if self.path.is_file():  # a device has no end
            text = self.path.read_text(encoding="utf-8", errors="replace")
            self.kept, self.is_torn = dict(_read(text)), bool(text) and not text.endswith("\n")

    def find(self, question: Question) -> Answer | None:
        """The answer that was kept and still holds, or None."""
        return self.kept.get(self._key(question))

    def keep(self, question: Question, answer: Answer) -> None:
        """Write an answer down; one that was skipped, or holds texts where these are not kept, is asked again."""
        if answer.skipped or (not self.texts and any(isinstance(cell, str) for row in answer.rows for cell in row)):
            return
        one, other = self._key(question)
        line = json.dumps({"question": one, "state": other, "columns": answer.columns, "rows": answer.rows})
        if not self.unwritten:
            self._append(f"{line}\n".encode())

    def _append(self, line: bytes) -> None:
        """In one piece: another audit may write to the same file. A line that was cut short before stays alone."""
        whole = b"\n" + line if self.is_torn else line
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                written = os.write(file, whole)
            finally:
                os.close(file)
        except OSError as error:
            self.unwritten = error.strerror or str(error)
            return
        self.is_torn = written < len(whole)  # on a disk that is all but full

    def _key(self, question: Question) -> Key:
        counted = [self._state(table) for table in self.reading.of_question(question)]
        state = repr((counted, self.statistics.reset_at))
        return _digest(self.schema, question.select), _digest(str(question.about), state)

    def _state(self, name: Relation) -> tuple[int, ...]:
        table = self.statistics.table(name)
        return table.inserted, table.updated, table.deleted, table.heap_bytes


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", errors="surrogatepass")).hexdigest()


def _read(text: str) -> Iterator[tuple[Key, Answer]]:
    """What can be read; a line that was cut short is passed over."""
    for line in text.split("\n"):
        with suppress(ValueError, KeyError, TypeError):
            said = cast("dict[str, Any]", json.loads(line))
            rows = cast("list[list[Cell]]", said["rows"])
            found = Answer(columns=tuple(said["columns"]), rows=tuple(tuple(row) for row in rows))
            yield (said["question"], said["state"]), found
