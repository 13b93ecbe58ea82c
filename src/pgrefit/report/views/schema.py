"""The schema diagrams, and what is new beside tables."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pgrefit.model.snapshot import Snapshot
from pgrefit.report.erd import Diagram, diagrams
from pgrefit.report.story import Story
from pgrefit.report.svg.erd import MARKS, pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaView:
    """Pictures of both sides; `legend` names the marks that occur; `also` tells what the pictures do not show."""

    before: Markup | None
    after: Markup | None
    legend: tuple[tuple[str, str], ...]
    undeclared: bool
    also: tuple[str, ...]


def schema(story: Story) -> SchemaView | None:
    """None without a snapshot."""
    before, after = diagrams(story)
    if before is None and after is None:
        return None
    first, second = pictures(before, after)
    sides = [side for side in (before, after) if side]
    marks = {mark for side in sides for mark in _marks(side)}
    return SchemaView(
        before=first,
        after=second,
        legend=tuple((mark, name) for mark, name in MARKS if mark in marks),
        undeclared=any(not link.declared for side in sides for link in side.links),
        also=(*_new_views(story.snapshot_before, story.snapshot_after), *_left_out(sides)),
    )


def _marks(side: Diagram) -> set[str]:
    fields = {field.mark for box in side.boxes for field in box.fields}
    return fields | {box.mark for box in side.boxes} | {link.mark for link in side.links}


def _new_views(before: Snapshot | None, after: Snapshot | None) -> list[str]:
    if before is None or after is None:
        return []
    known = {view.name for view in before.views}
    fresh = [view for view in after.views if view.name not in known and not view.extension]
    return [f"New {'materialized view' if view.materialized else 'view'}: {view.name}" for view in fresh]


def _left_out(sides: list[Diagram]) -> list[str]:
    left = max(side.left_out for side in sides)
    return [f"{left:,} more tables are concerned and not drawn"] if left else []
