"""Findings that are known and not reported again: a file of them, each with its reason and the day on which it expires.

format = "pgrefit/baseline/1"

[[finding]]
rule = "unused-index"
object = "public.orders_note_idx"
message = "never used since the statistics began"
fingerprint = "3b1f0c6a9d2e4785"
reason = "the yearly report needs it"
expires = "2027-02-01"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from pgrefit.errors import UsageError
from pgrefit.model.audit_report import Accepted, AuditReport, LeftOut
from pgrefit.model.finding import Finding
from pgrefit.model.identity import fingerprint
from pgrefit.model.toml import Value, dumps

FORMAT = "pgrefit/baseline/1"
TEXTS = ("rule", "object", "fingerprint", "reason")

Key = tuple[str, str, str]


def read_baseline(path: Path) -> tuple[Accepted, ...]:
    """The entries of a file; UsageError says what is wrong with it."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a baseline", why=str(error)) from error
    entries = said.get("finding", [])
    if said.get("format") != FORMAT or not isinstance(entries, list):
        raise UsageError(f"{path} is no baseline", next_step="write one with pgrefit audit --write-baseline FILE")
    return tuple(_entry(path, number, entry) for number, entry in enumerate(cast("list[object]", entries), 1))


def write_baseline(path: Path, entries: Iterable[Accepted]) -> None:
    """Write a file anew."""
    ordered = sorted(entries, key=lambda entry: (entry.rule, entry.object, entry.fingerprint))
    document: dict[str, Value] = {"format": FORMAT, "finding": [_written(entry) for entry in ordered]}
    path.write_text(dumps(document), encoding="utf-8")


def with_baseline(report: AuditReport, entries: Sequence[Accepted], file: str, today: date) -> AuditReport:
    """The report without what the entries know; those that have expired, and those that are gone, are named."""
    valid = {_key(entry): entry for entry in entries if not _is_over(entry, today)}
    known = [finding for finding in report.findings if _key_of(finding) in valid]
    left = [_left_out(finding, valid[_key_of(finding)], file) for finding in known]
    there = {_key_of(finding) for finding in report.findings}
    return replace(
        report,
        findings=tuple(finding for finding in report.findings if _key_of(finding) not in valid),
        left_out=(*report.left_out, *left),
        expired=tuple(entry for entry in entries if _is_over(entry, today) and _key(entry) in there),
        gone=tuple(_gone(report, entries)),
    )


def renewed(
    report: AuditReport, entries: Sequence[Accepted], *, reason: str, expires: date | None, today: date
) -> tuple[Accepted, ...]:
    """Entries for all that the report finds: the old ones as they are, new ones with this reason.

    An entry that has expired is made anew; one whose finding is gone is dropped, unless nobody looked.
    """
    gone = set(_gone(report, entries))
    there = {_key_of(finding): finding for finding in report.findings}
    kept = {_key(e): e for e in entries if e not in gone and not (_is_over(e, today) and _key(e) in there)}
    new = {key: _accepted(found, reason, expires) for key, found in there.items() if key not in kept}
    return (*kept.values(), *new.values())


def _gone(report: AuditReport, entries: Iterable[Accepted]) -> list[Accepted]:
    """Entries of rules that looked at all they wanted to and found no such thing."""
    there = {_key_of(f) for f in (*report.findings, *(left.finding for left in report.left_out))}
    failed = {crash.rule for crash in report.crashed} | {silent.rule for silent in report.silent}
    looked = {each.rule for each in report.coverage if not each.skipped} - failed
    return [entry for entry in entries if entry.rule in looked and _key(entry) not in there]


def _is_over(entry: Accepted, today: date) -> bool:
    return entry.expires is not None and entry.expires < today


def _left_out(finding: Finding, entry: Accepted, file: str) -> LeftOut:
    until = f", until {entry.expires}" if entry.expires else ""
    return LeftOut(finding=finding, by="baseline", where=file, reason=f"{entry.reason}{until}")


def _accepted(finding: Finding, reason: str, expires: date | None) -> Accepted:
    return Accepted(
        rule=finding.rule, object=finding.object, message=finding.message, fingerprint=fingerprint(finding),
        reason=reason, expires=expires,
    )  # fmt: skip


def _key(entry: Accepted) -> Key:
    return entry.rule, entry.object, entry.fingerprint


def _key_of(finding: Finding) -> Key:
    return finding.rule, finding.object, fingerprint(finding)


def _entry(path: Path, number: int, entry: object) -> Accepted:
    said = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    missing = [key for key in TEXTS if not isinstance(said.get(key), str)]
    if missing:
        raise UsageError(f"{path}: its finding {number} lacks {' and '.join(missing)}", next_step="mend the file")
    texts = {key: said[key] for key in TEXTS}
    return Accepted(**texts, message=str(said.get("message", "")), expires=_day(path, number, said.get("expires")))


def _day(path: Path, number: int, value: object) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise UsageError(f"{path}: its finding {number} expires on {value!r}, which is no day") from error


def _written(entry: Accepted) -> Mapping[str, Value]:
    texts = {key: str(getattr(entry, key)) for key in ("rule", "object", "message", "fingerprint", "reason")}
    return texts | ({"expires": entry.expires.isoformat()} if entry.expires else {})
