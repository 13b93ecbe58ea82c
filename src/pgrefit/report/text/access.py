"""What roles reach, as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.text import Text

from pgrefit.model.access import COMMANDS, Reach
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.names import Relation
from pgrefit.report.text.findings import findings
from pgrefit.report.text.setting import BAD, FAINT, WARN, heading, indented, say, table

NO_PRIVILEGE = "no privilege"
CHANGES = {"update": "changes", "delete": "deletes"}


def audited(report: AuditReport, console: Console, *, everything: bool = False) -> None:
    """Findings, and what roles reach where that was asked for."""
    findings(report, console, everything=everything)
    access(report.access, console)


def access(reaches: tuple[Reach, ...], console: Console) -> None:
    """A table for each role: which part of the rows it reads, changes and deletes, and what it may add.

    Where it was tried on a copy, what only came out there follows.
    """
    for persona, of_persona in groupby(reaches, key=lambda reach: reach.persona):
        cells = [cell for cell in of_persona if cell.refused != NO_PRIVILEGE]
        tried = any(cell.executed for cell in cells)
        heading(console, f"As {persona}{', tried on a copy' if tried else ''}")
        by_table: dict[Relation, dict[str, Text]] = {}
        for cell in cells:
            if cell.command != "call":
                by_table.setdefault(cell.table, {})[cell.command] = _cell(cell)
        rows = [
            (say(str(name)), *(found.get(c, say("–", FAINT)) for c in COMMANDS)) for name, found in by_table.items()
        ]
        if rows:
            table(console, ("table", "reads", "adds", "changes", "deletes"), rows)
        else:
            console.print(say("reaches no table", FAINT))
        for line in (line for cell in cells for line in _besides(cell)):
            indented(console, line, by=2)


def _besides(reach: Reach) -> Iterator[Text]:
    """What does not go into a cell."""
    if reach.command == "call":
        does = f"returns {reach.rows:,} rows" if reach.rows is not None else "runs"
        changed = f", changes {', '.join(reach.writes)}" if reach.writes else ""
        yield say(f"calls {reach.table}() as its owner: {reach.refused or does + changed}", WARN if changed else "")
        return
    if reach.blind is not None:
        whole = " (all)" if reach.blind == reach.of else ""
        yield say(f"{reach.table}: without a condition it {CHANGES[reach.command]} {reach.blind:,} rows{whole}", WARN)
    if reach.writes:
        yield say(f"{reach.table}: {reach.command} changes {', '.join(reach.writes)}", WARN)
    if reach.differs:
        yield say(f"{reach.table}, {reach.command}: {reach.differs}", BAD)


def _cell(reach: Reach) -> Text:
    if reach.command == "insert" and (reach.rows is not None or not reach.refused):
        return _insert(reach)
    if reach.refused:
        return say(reach.refused, FAINT)
    if reach.rows is None:
        return say("not counted", FAINT)
    whole = reach.rows == reach.of
    of = f" of {reach.of:,}" if reach.of is not None and not whole else ""
    words = f"{'all ' if whole and reach.rows else ''}{reach.rows:,}{of}"
    part = " (some columns)" if reach.privilege == "some columns" else ""
    changes_all = whole and reach.rows and reach.command != "select"
    return say(words + part, BAD if changes_all and reach.command == "delete" else WARN if changes_all else "")


def _insert(reach: Reach) -> Text:
    where = reach.refused or (f"where {reach.condition}" if reach.condition else "any row")
    if reach.rows is None:
        return say(where, "" if reach.condition else WARN)
    whole = reach.rows == reach.of
    return say(f"{reach.rows:,} of {reach.of:,} copies; {where}", WARN if whole and not reach.condition else "")
