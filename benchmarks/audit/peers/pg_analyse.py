"""pg_analyse, which brings SQL of pg-index-health; it looks at one schema at a time."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.audit.peers.auditors import Auditor, Database, Heard, Said, run
from benchmarks.audit.peers.packages import from_pypi

VERSION = "0.5.0"
# Its command line prints tables for people; these are the same inspections, but for the one that asks the workload.
PROGRAM = """
import json, sys
from pg_analyse.inspections import Inspection
from pg_analyse.toolbox import Analyser
asked = json.load(sys.stdin)
names = [one.alias for one in Inspection.inspections_all if one.alias != "q_slowest"]
for schema in asked["schemas"]:
    for one in Analyser(dsn=asked["dsn"]).run(only=names, arguments={"common": {"schema": schema}}):
        for row in one.result.rows if one.result else ():
            print(json.dumps([one.alias, " ".join(map(str, row)), schema]))
        for error in one.errors:
            print(json.dumps([one.alias, error]))
"""


def _install(folder: Path) -> None:
    from_pypi(folder, f"pg_analyse=={VERSION}", "psycopg2-binary")


def _audit(folder: Path, database: Database) -> Heard:
    asked = json.dumps({"dsn": database.dsn, "schemas": database.schemas})
    lines = run([folder / "bin" / "python", "-c", PROGRAM], database.seconds, text=asked).stdout.splitlines()
    told = [json.loads(line) for line in lines]
    said = tuple(Said(*line) for line in told if len(line) == len(("check", "text", "schema")))
    return Heard(said, tuple(dict.fromkeys(": ".join(line).splitlines()[0] for line in told if len(line) == 2)))


AUDITOR = Auditor(
    name="pg_analyse", version=VERSION, licence="BSD-3-Clause, its SQL Apache-2.0", registry="PyPI",
    install=_install, audit=_audit,
    rules={
        "foreign-key-without-index": ("idx_fk",),
        "duplicate-index": ("idx_dub", "idx_intersect"),
        "invalid-index": ("idx_invalid",),
        "unused-index": ("idx_unused",),
        "table-without-primary-key": ("tbl_nopk",),
        "bloated-table": ("tbl_bloat",),
        "bloated-index": ("idx_bloat",),
    },
)  # fmt: skip
