"""Any value as a JSON document: UTF-8, indented, its format named first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import cast

from pgrefit.model.audit_report import AuditReport, LeftOut
from pgrefit.model.change import Change
from pgrefit.model.codec import to_json
from pgrefit.model.finding import Cost, Finding
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def document(kind: str, value: object) -> bytes:
    """The JSON document of a value; `kind` is the middle of its format name: findings, goals, rehearsal, bench.

    Findings and plans are written for people and other programs, with names as "schema.name"; all else can be read back
    into its type.
    """
    body = _body(value)
    named: dict[str, Plain] = {"format": f"pgrefit/{kind}/1"}
    named |= {key: part for key, part in body.items() if key != "format"} if isinstance(body, dict) else {kind: body}
    return json.dumps(named, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def _body(value: object) -> Plain:
    match value:
        case AuditReport():
            return _audit(value)
        case Plan():
            return plain(value)
        case _:
            written: Plain = json.loads(to_json(value))
            return written


def _audit(report: AuditReport) -> dict[str, Plain]:
    own = {"database", "findings", "left_out", "format"}
    rest = {f.name: plain(getattr(report, f.name)) for f in fields(report) if f.name not in own}
    findings: list[Plain] = [finding(each) for each in report.findings]
    left_out: list[Plain] = [_left_out(each) for each in report.left_out]
    return {
        "database": report.database,
        "findings": findings,
        **rest,
        "suppressed": report.suppressed,
        "left_out": left_out,
    }


def _left_out(value: LeftOut) -> Plain:
    return {"by": value.by, "where": value.where, "reason": value.reason, "finding": finding(value.finding)}


def finding(value: Finding) -> dict[str, Plain]:
    """One finding; what it does not have is left out, but for the lists."""
    written: dict[str, Plain] = {
        "rule": value.rule,
        "severity": value.severity.value,
        "object": value.object,
        "message": value.message,
        "evidence": [_without_nulls(plain(each), "confidence") for each in value.evidence],
        "remedy": [change.title for change in value.remedy],
    }
    if value.advice:
        written["advice"] = value.advice
    if value.cost is not None:
        written["cost"] = _cost(value.cost)
    return written


def _cost(cost: Cost) -> Plain:
    """Of the workload always; rows and bytes where there are any."""
    of_data: dict[str, Plain] = {"rows": cost.rows, "bytes": cost.bytes}
    of_workload: dict[str, Plain] = {"queries_affected": cost.queries_affected, "share_of_time": cost.share_of_time}
    return of_workload | {key: value for key, value in of_data.items() if value}


def _without_nulls(value: Plain, *keys: str) -> Plain:
    assert isinstance(value, dict)
    return {key: part for key, part in value.items() if part is not None or key not in keys}


def plain(value: object) -> Plain:
    """Nouns as JSON values: relations and changes by name, enums by value."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Relation() | date():
            return str(value) if isinstance(value, Relation) else value.isoformat()
        case Enum():
            return plain(value.value)
        case Change():
            return value.title
        case _ if is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return _collection(value)


def _collection(value: object) -> Plain:
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in cast("Sequence[object]", value)]
    raise TypeError(f"no JSON form for {type(value).__name__}")
