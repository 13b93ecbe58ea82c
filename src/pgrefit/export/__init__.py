"""The verb export: Plan → migrations for the tools that teams already have."""

from __future__ import annotations

from pgrefit.errors import UsageError

from . import alembic, dbmate, flyway, golang_migrate, goose, psql, sqitch, supabase
from .files import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        psql.TOOL, alembic.TOOL, flyway.TOOL, sqitch.TOOL, golang_migrate.TOOL, goose.TOOL, dbmate.TOOL, supabase.TOOL,
    )
}  # fmt: skip

__all__ = ["TOOLS", "Tool", "tool_named"]


def tool_named(name: str) -> Tool:
    """The tool of that name. Raises UsageError where there is none."""
    if name not in TOOLS:
        raise UsageError(f"there is no tool {name} to export to", next_step=f"name one of {', '.join(TOOLS)}")
    return TOOLS[name]
