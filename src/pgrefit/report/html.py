"""A story as one HTML file that needs nothing else: no network, no fonts, no JavaScript."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pgrefit import __version__
from pgrefit.report import units
from pgrefit.report.coverage import coverage_lines, crashed_lines, rule_lines
from pgrefit.report.phrases import cost_phrase
from pgrefit.report.ranking import alike, tally
from pgrefit.report.steps import first_of_no_return
from pgrefit.report.story import Story
from pgrefit.report.views import headline
from pgrefit.report.views.latency import latencies
from pgrefit.report.views.loads import loads
from pgrefit.report.views.schema import schema
from pgrefit.report.views.steps import phases

SECTIONS = (
    ("goals", "Goals"),
    ("findings", "What was found"),
    ("plan", "The steps"),
    ("latency", "Before and after"),
    ("load", "Meanwhile, the application"),
    ("schema", "The schema"),
    ("quarantine", "Put aside"),
    ("proposals", "Proposals that do not run"),
    ("choices", "Measured against each other"),
    ("proof", "Proof"),
    ("learnt", "What was learnt"),
    ("coverage", "What was examined"),
)


def render(story: Story) -> str:
    """The whole page; sections of which the story says nothing are left out."""
    context = _context(story)
    sections = [(name, title) for name, title in SECTIONS if context[name]]
    assets = {"style": _asset("style.css"), "script": _asset("script.js")}
    hashes = {f"{name}_hash": _hash(text) for name, text in assets.items()}
    page = _environment().get_template("page.html.j2")
    return units.visible(page.render(context, sections=sections, version=__version__, **assets, **hashes))


def _context(story: Story) -> dict[str, object]:
    return {
        "story": story,
        "title": headline.title(story),
        "sentences": headline.sentences(story),
        "tiles": headline.tiles(story),
        "met": headline.met(story),
        **_audit_parts(story),
        "goals": story.goals.goals if story.goals else (),
        "plan": phases(story),
        "no_return": first_of_no_return(story.plan) if story.plan else "",
        "latency": latencies(story.comparison, story.workload) if story.comparison else None,
        "load": loads(story),
        "schema": schema(story),
        "quarantine": story.quarantined or story.quarantined_rows,
        "proposals": [p for p in story.rehearsal.proposals if not p.runs] if story.rehearsal else (),
        "choices": story.rehearsal.alternatives if story.rehearsal else (),
        "proof": _checks(story),
        "learnt": (*story.learnt, *(story.rehearsal.learnt if story.rehearsal else ())),
    }


def _audit_parts(story: Story) -> dict[str, object]:
    report = story.findings
    return {
        "findings": alike(report.findings) if report else (),
        "tally": tally(report.findings) if report else (),
        "coverage": (*crashed_lines(report), *coverage_lines(report)) if report else (),
        "rule_by_rule": tuple(rule_lines(report)) if report else (),
    }


def _checks(story: Story) -> list[tuple[str, object]]:
    """(where, checks) with the failed ones first."""
    sides = (("On the database", story.verification), ("In rehearsal", story.rehearsal))
    return [(name, sorted(side.checks, key=lambda check: check.passed)) for name, side in sides if side and side.checks]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pgrefit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: tuple[Callable[..., str], ...] = (
        units.count,
        units.milliseconds,
        units.number,
        units.quantity,
        units.size,
        units.plural,
        units.evidence_value,
        units.evidence_source,
        cost_phrase,
    )
    filters = cast("dict[str, Callable[..., str]]", environment.filters)
    filters.update({function.__name__: function for function in shown})
    return environment


def _asset(name: str) -> Markup:
    """A file of this package, put into the page as it is."""
    text = files("pgrefit.report").joinpath("templates", name).read_text("utf-8").strip()
    return Markup(text)  # noqa: S704 - our own file


def _hash(text: str) -> str:
    """How a content security policy names an inline script or style."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
