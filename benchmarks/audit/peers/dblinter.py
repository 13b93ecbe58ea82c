"""dblinter, with the rules of its default configuration."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.audit.peers.auditors import ANY_PASSWORD, Auditor, Database, Heard, Said, run
from benchmarks.audit.peers.packages import from_pypi

VERSION = "0.5.6"
PYTHON = (3, 12)


def _install(folder: Path) -> None:
    from_pypi(folder, f"dblinter=={VERSION}", python=PYTHON)


def _audit(folder: Path, database: Database) -> Heard:
    server = database.parameters
    with tempfile.TemporaryDirectory() as out:
        report = Path(out) / "report.sarif"
        argv: list[str | Path] = [folder / "bin" / "dblinter", "--host", server["host"], "--port", server["port"]]
        argv += ["--user", server["user"], "--password", server.get("password", ANY_PASSWORD)]
        argv += ["--dbname", server["dbname"], "--quiet", "--output", report]
        run(
            argv, database.seconds, folder=next(folder.glob("lib/python*/site-packages"))
        )  # its rules are looked for here
        document = json.loads(report.read_text())
    return Heard(tuple(_said(found, server["dbname"]) for found in document["runs"][0]["results"]))


def _said(found: dict[str, Any], database: str) -> Said:
    """It speaks of tables, as database.schema.table."""
    place: str = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return Said(found["ruleId"], f"{place.removeprefix(f'{database}.')} {found['message']['text']}")


AUDITOR = Auditor(
    name="dblinter", version=VERSION, licence="Apache-2.0", registry="PyPI", install=_install, audit=_audit,
    rules={
        "table-without-primary-key": ("T001",),
        "duplicate-index": ("T002",),
        "foreign-key-without-index": ("T003",),
        "unused-index": ("T004",),
        "name-that-needs-quotes": ("T006",),
        "foreign-key-across-schemas": ("T007",),
        "foreign-key-of-another-type": ("T008",),
        "reserved-word-as-name": ("T010",),
    },
)  # fmt: skip
