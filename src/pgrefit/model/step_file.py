"""The SQL file of one step: comments for people, a blank line, then the statements."""

from __future__ import annotations

import textwrap
from hashlib import sha256

import postgast

from .ddl import Statement
from .plan import PlanStep

HASH_LINE = "-- sha256 of what follows the blank line: "
Span = tuple[int, int]


class UnreadableError(Exception):
    """The file's text is not UTF-8, or cannot be taken apart into statements."""


def render(step: PlanStep, statements: tuple[Statement, ...], *, down: bool) -> tuple[bytes, list[Span]]:
    """The file's bytes, and where in it each statement stands (byte offsets)."""
    body = b""
    spans: list[Span] = []
    for statement in statements:
        text = statement.encode()
        body += b"\n" if spans else b""
        spans.append((len(body), len(body) + len(text)))
        # A comment in the last line would swallow the semicolon.
        body += text + (b"\n;\n" if b"--" in text.rpartition(b"\n")[2] else b";\n")
    head = _head(step, body, down=down, empty=not statements)
    return head + body, [(start + len(head), end + len(head)) for start, end in spans]


def parse(data: bytes) -> tuple[list[Statement], list[Span]]:
    """The statements of a file that a person may have changed, and where they stand. Raises UnreadableError."""
    try:
        text = data.decode()
        found = [part.strip() for part in _split(text)]
    except (UnicodeDecodeError, postgast.PgQueryError) as error:
        raise UnreadableError(str(error)) from error
    statements: list[Statement] = []
    spans: list[Span] = []
    end = 0
    for part in filter(None, found):
        encoded = part.encode()
        start = data.index(encoded, end)
        end = start + len(encoded)
        statements.append(Statement(part))
        spans.append((start, end))
    return statements, spans


def renewed(data: bytes) -> bytes:
    """The same file with its comment about the hash made true."""
    head, blank, body = data.partition(b"\n\n")
    lines = [_hash_line(body) if line.startswith(HASH_LINE.encode()) else line for line in head.split(b"\n")]
    return b"\n".join(lines) + blank + body


def _split(text: str) -> list[str]:
    try:
        return postgast.split(text)
    except postgast.PgQueryError:
        return postgast.split(text, method="scanner")


def about(step: PlanStep, *, down: bool) -> list[str]:
    """Comment lines that say what a step is, what it locks and why."""
    locks = sorted(step.step.locks, key=lambda lock: -lock.mode.strength)
    return [
        f"-- step {_line(step.id)}{', the way back' if down else ''}: {_line(step.step.title)}",
        f"-- change: {_line(step.change)}",
        f"-- phase: {step.step.phase.value}",
        f"-- strongest lock: {f'{locks[0].mode.sql} on {_line(str(locks[0].on))}' if locks else 'none'}",
        f"-- work: {step.step.work.value}",
        f"-- rows: {step.rows if step.rows >= 0 else 'unknown'}",
        *_wrapped("why", step.step.why),
        *_wrapped("hazard", step.step.hazard),
    ]


def _head(step: PlanStep, body: bytes, *, down: bool, empty: bool) -> bytes:
    lines = about(step, down=down)
    if empty:
        says = getattr(step.step.undo, "value", "nothing to run") if down else "nothing to run"
        lines.append(f"-- {says}")
    encoded = [line.encode() for line in lines]
    return b"\n".join([*encoded, _hash_line(body)]) + b"\n\n"


def _hash_line(body: bytes) -> bytes:
    return (HASH_LINE + sha256(body).hexdigest()).encode()


def _line(text: str) -> str:
    return " ".join(text.split())


def _wrapped(label: str, text: str) -> list[str]:
    if not text:
        return []
    return textwrap.wrap(f"{label}: {_line(text)}", 110, initial_indent="-- ", subsequent_indent="--   ")
