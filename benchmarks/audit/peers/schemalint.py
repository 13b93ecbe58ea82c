"""schemalint, with those of its rules that are not a matter of house style; it switches none on by itself."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from benchmarks.audit.peers.auditors import Auditor, Database, Heard, Said, run
from benchmarks.audit.peers.packages import from_npm

VERSION = "2.3.2"
CHECKS = {
    "table-without-primary-key": ("require-primary-key",),
    "foreign-key-without-index": ("index-referencing-column",),
    "json-instead-of-jsonb": ("prefer-jsonb-to-json",),
    "timestamp-without-time-zone": ("prefer-timestamptz-to-timestamp",),
    "serial-instead-of-identity": ("prefer-identity-to-serial",),
}
LINE = re.compile(r"^(?P<where>.*): error (?P<check>[a-z-]+) : ")


def _install(folder: Path) -> None:
    from_npm(folder, f"schemalint@{VERSION}")


def _audit(folder: Path, database: Database) -> Heard:
    server = database.parameters
    settings = {
        "connection": {"host": server["host"], "port": int(server["port"]), "user": server["user"],
                       "password": server.get("password"), "database": server["dbname"]},
        "rules": {check: ["error"] for checks in CHECKS.values() for check in checks},
        "schemas": [{"name": schema} for schema in database.schemas],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        Path(place, ".schemalintrc.js").write_text(f"module.exports = {json.dumps(settings)};\n")
        program = folder / "node_modules" / ".bin" / "schemalint"
        done = run([program], database.seconds, folder=Path(place), fine=(0, 1))  # 1: it found something, or it died
    found = [line for text in done.stderr.splitlines() if (line := LINE.match(text))]
    errors = () if found or not done.returncode else (done.stderr.strip().splitlines()[0],)
    return Heard(tuple(Said(line["check"], line["where"]) for line in found), errors)


AUDITOR = Auditor(
    name="schemalint", version=VERSION, licence="MIT", registry="npm", rules=CHECKS, install=_install, audit=_audit
)
