"""How clients fared while the migration ran."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from pgrefit.model.measure import LoadReport
from pgrefit.report.phrases import load_phrase
from pgrefit.report.story import Story
from pgrefit.report.svg.load import load_picture, throughput_picture


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """One load; the pictures are None where it was not recorded by the second."""

    name: str
    says: str
    slowest: Markup | None
    throughput: Markup | None


def loads(story: Story) -> tuple[LoadView, ...]:
    """Of the real apply, and of the rehearsal on the clone."""
    rehearsed = story.rehearsal.load if story.rehearsal else None
    sides = (("While it was applied", story.load), ("In rehearsal, on the clone", rehearsed))
    return tuple(_view(name, load) for name, load in sides if load)


def _view(name: str, load: LoadReport) -> LoadView:
    drawn = bool(load.per_second)
    return LoadView(
        name=name,
        says=load_phrase(load),
        slowest=load_picture(load) if drawn else None,
        throughput=throughput_picture(load) if drawn else None,
    )
