"""What roles reach, as text."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.text import Text

from pgrefit.model.access import COMMANDS, Reach
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.names import Relation
from pgrefit.report.text.findings import findings
from pgrefit.report.text.setting import BAD, FAINT, WARN, heading, say, table

NO_PRIVILEGE = "no privilege"


def audited(report: AuditReport, console: Console, *, everything: bool = False) -> None:
    """Findings, and what roles reach where that was asked for."""
    findings(report, console, everything=everything)
    access(report.access, console)


def access(reaches: tuple[Reach, ...], console: Console) -> None:
    """A table for each role: which part of the rows it reads, changes and deletes, and what it may add."""
    for persona, cells in groupby(reaches, key=lambda reach: reach.persona):
        heading(console, f"As {persona}")
        by_table: dict[Relation, dict[str, Text]] = {}
        for cell in cells:
            if cell.refused != NO_PRIVILEGE:
                by_table.setdefault(cell.table, {})[cell.command] = _cell(cell)
        rows = [
            (say(str(name)), *(found.get(c, say("–", FAINT)) for c in COMMANDS)) for name, found in by_table.items()
        ]
        if rows:
            table(console, ("table", "reads", "adds", "changes", "deletes"), rows)
        else:
            console.print(say("reaches no table", FAINT))


def _cell(reach: Reach) -> Text:
    if reach.refused:
        return say(reach.refused, FAINT)
    if reach.command == "insert":
        return say(f"where {reach.condition}" if reach.condition else "any row", "" if reach.condition else WARN)
    if reach.rows is None:
        return say("not counted", FAINT)
    whole = reach.rows == reach.of
    of = f" of {reach.of:,}" if reach.of is not None and not whole else ""
    words = f"{'all ' if whole and reach.rows else ''}{reach.rows:,}{of}"
    part = " (some columns)" if reach.privilege == "some columns" else ""
    changes_all = whole and reach.rows and reach.command != "select"
    return say(words + part, BAD if changes_all and reach.command == "delete" else WARN if changes_all else "")
