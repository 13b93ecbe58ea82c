"""What the audit says of real public schemas: findings a table, and that no rule crashes on any.

The schemas lie beside the project (PGREFIT_CORPUS); where they do not, this part is left out, and the run says so.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.claims import Claim, Peer
from rich.console import Console
from rich.table import Table

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.errors import UsageError
from pgrefit.pg.scratch import load_ddl
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules

VERSION = 15  # the one with contrib modules
CORPUS = Path(os.environ.get("PGREFIT_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
VARIANTS = ("schema.novector.sql", "schema.nopostgis.sql", "schema.sql")
LARGE = "edfi_ods"
MOST_SHOWN = 6
OF_SERVER = "server"  # the theme whose findings are of our scratch server, not of the schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of one schema."""

    schema: str
    tables: int
    rules: Counter[str]
    severities: Counter[str]
    crashed: tuple[str, ...]

    @property
    def a_table(self) -> float:
        """Findings."""
        return sum(self.rules.values()) / max(1, self.tables)


def measure() -> Iterator[Claim]:
    """Print a line for each schema; claims of the large one and of crashes."""
    said = [found for folder in sorted(path.parent for path in CORPUS.glob("*/schema.sql")) if (found := of(folder))]
    if not said:
        print(f"no schemas at {CORPUS}: set PGREFIT_CORPUS")
        return
    _show(said)
    per_table = tuple(Peer(found.schema, found.a_table) for found in said if found.schema != LARGE)
    for found in said:
        if found.schema == LARGE:
            yield Claim(id="findings-a-table", measure=f"findings a table on {LARGE}", unit="", value=found.a_table,
                        bound="<=", limit=0.5, against=per_table)  # fmt: skip
    yield Claim(id="crashes", measure=f"rules that crashed on {len(said)} public schemas", unit="",
                value=sum(len(found.crashed) for found in said), bound="=", limit=0)  # fmt: skip


def of(folder: Path) -> Said | None:
    """What the rules that run by default say; None where the schema wants an extension that is not here."""
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(load_ddl(variant(folder), version=VERSION))
        except UsageError as error:
            print(f"{folder.name}: {error.why}")
            return None
        return said_of(folder.name, dsn)


def variant(folder: Path) -> Path:
    """The file of a schema that needs the fewest extensions."""
    return next(folder / name for name in VARIANTS if (folder / name).exists())


def said_of(schema: str, dsn: str) -> Said:
    """What the rules that run by default say of a schema that was loaded there."""
    rules = [rule for rule in all_rules() if rule.by_default and rule.theme != OF_SERVER]
    observation = observe_database(Target(dsn=dsn, source="a benchmark"), rules)
    report = audit.run(observation, rules)
    return Said(
        schema=schema, tables=sum(t.partition_of is None for t in observation.snapshot.own_tables()),
        rules=Counter(f.rule for f in report.findings), severities=Counter(f.severity.value for f in report.findings),
        crashed=tuple(crash.rule for crash in report.crashed),
    )  # fmt: skip


def _show(said: list[Said]) -> None:
    table = Table(title="public schemas", title_justify="left")
    for name in ("schema", "tables", "findings", "a table", "error", "warning", "info", "most of them"):
        table.add_column(name, justify="left" if name in {"schema", "most of them"} else "right")
    for found in said:
        most = ", ".join(f"{rule} {count}" for rule, count in found.rules.most_common(MOST_SHOWN))
        kinds = (str(found.severities[kind]) for kind in ("error", "warning", "info"))
        table.add_row(found.schema, str(found.tables), str(found.rules.total()), f"{found.a_table:.2f}", *kinds, most)
    console = Console()
    console.width = max(console.width, 170)
    console.print(table)
