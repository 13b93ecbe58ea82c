"""The verb export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import postgast

from pgrefit.apply.session import READING
from pgrefit.apply.settings import DEFAULTS
from pgrefit.export import Tool, tool_named
from pgrefit.export.blocks import Ground
from pgrefit.export.script import bundle
from pgrefit.model.change import Phase
from pgrefit.model.ddl import Expression, Statement
from pgrefit.model.plan_folder import read_plan
from pgrefit.pg.queries import load

NEWEST = 180000  # the queries that scripts carry are the same on every server
KEPT = ("quarantine", "before_image", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The files that were written, relative to the folder, and how to run them."""

    tool: Tool
    folder: Path
    files: tuple[Path, ...]
    passed_over: tuple[str, ...]  # scripts that were there already

    @property
    def how(self) -> str:
        """What a person runs now."""
        return self.tool.how


def export(plan_folder: Path, tool: str, out: Path, *, until: Phase | None = None) -> Exported:
    """Write a plan as migrations of a tool, into an empty folder or into a project of that tool.

    What an earlier export of the same plan wrote there is passed over. Raises UsageError for a tool that is not known,
    and for a folder of something else.
    """
    chosen = tool_named(tool)
    made = bundle(read_plan(plan_folder), ground(), until=until)
    files, passed_over = chosen.write(made, out)
    return Exported(tool=chosen, folder=out, files=files, passed_over=passed_over)


def ground() -> Ground:
    """The executor's settings, limits and tables."""
    settings = {name: value for name, value in READING.items() if name != "client_encoding"}  # the tool's own business
    return Ground(
        settings=settings, path=_query("default_search_path"), tables=_tables(),
        lock_wait_ms=DEFAULTS.lock_wait_ms, batch_lock_wait_ms=DEFAULTS.batch_lock_wait_ms, tries=DEFAULTS.tries,
        pause_ms=DEFAULTS.pause_ms, batch_target_ms=DEFAULTS.batch_target_ms,
        first_batch_rows=DEFAULTS.first_batch_rows, max_batch_rows=DEFAULTS.max_batch_rows, passes=DEFAULTS.passes,
    )  # fmt: skip


def _query(name: str) -> Expression:
    """The text of a query without its comments."""
    return Expression(postgast.deparse(postgast.parse(load(name, NEWEST))))


def _tables() -> tuple[Statement, ...]:
    """Of the journal: the schema, and the tables that hold rows and values of the database itself."""
    found: list[Statement] = []
    for text in postgast.split(load("journal", NEWEST)):
        tree = postgast.parse(text).stmts[0].stmt
        table = tree.create_stmt.relation.relname or tree.alter_table_stmt.relation.relname
        if tree.HasField("create_schema_stmt") or table in KEPT:
            found.append(Statement(text.strip()))
    return tuple(found)
