"""pgrls, an auditor of row security."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks.audit.peers.auditors import Auditor, Database, Heard, Said, run
from benchmarks.audit.peers.packages import from_pypi

VERSION = "0.57.1"


def _install(folder: Path) -> None:
    from_pypi(folder, f"pgrls=={VERSION}")


def _audit(folder: Path, database: Database) -> Heard:
    with tempfile.TemporaryDirectory() as place:
        settings = Path(place) / "pgrls.toml"
        settings.write_text(f"[database]\nschemas = {json.dumps(database.schemas, ensure_ascii=False)}\n")
        argv: list[str | Path] = [folder / "bin" / "pgrls", "lint", "--config", settings, "--format", "json"]
        done = run([*argv, "--database-url", database.dsn], database.seconds, fine=(0, 1))  # 1: it found something
    found = json.loads(done.stdout)["violations"]
    return Heard(tuple(Said(item["rule_id"], item["location"] or "") for item in found))


AUDITOR = Auditor(
    name="pgrls", version=VERSION, licence="MIT", registry="PyPI", install=_install, audit=_audit,
    rules={
        "row-security-without-policy": ("SEC009",),
        "policy-without-row-security": ("SEC032",),
        "policy-always-true": ("SEC008", "SEC011", "SEC020", "SEC028", "SEC031", "SEC038"),
        "policy-trusts-client": ("SEC033",),
        "duplicate-policy": ("HYG003",),
        "per-row-policy-call": ("PERF001",),
        "policy-column-without-index": ("PERF003",),
        "view-past-row-security": ("VIEW001", "VIEW003"),
        "definer-function-for-everybody": ("SEC042",),
        "mutable-search-path": ("SEC015",),
    },
)  # fmt: skip
