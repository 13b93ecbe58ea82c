"""The verb explain: the page of a rule, a change or a rule of the lint."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pgrefit.api.pages import change_page, lint_rule_page, rule_page
from pgrefit.api.pages.parts import kebab
from pgrefit.changes import examples
from pgrefit.errors import UsageError
from pgrefit.lint import all_lint_rules
from pgrefit.model.toml import nearest
from pgrefit.rules import all_rules

PACKAGED = Path(__file__).parents[1] / "_docs"
IN_CHECKOUT = Path(__file__).parents[3] / "docs"

Page = Callable[[], str]


def explain(name: str) -> str:
    """The pages of that name, in Markdown: a rule or a change by its name, code or class; UsageError where none is.

    The page is the one in docs/, which has what a server says of the example; one that is not there yet is written
    from the object, without that.
    """
    found = {word.lower(): pages for word, pages in _pages().items()}
    if name.lower() not in found:
        words = list(_pages())
        raise UsageError(f"there is no rule or change {name!r}", next_step=nearest(name, words))
    return "\n".join(page() for page in found[name.lower()])


def _pages() -> dict[str, list[Page]]:
    """How to make the pages that a word means."""
    found: dict[str, list[Page]] = {}
    for rule in all_rules():
        page = partial(_written, f"rules/{rule.name}.md", partial(rule_page, rule))
        for word in (rule.name, rule.code):
            found.setdefault(word, []).append(page)
    for module, example in examples().items():
        page = partial(_written, f"changes/{kebab(module)}.md", partial(change_page, module, example))
        for word in (kebab(module), type(example.change).__name__):
            found.setdefault(word, []).append(page)
    for lint_rule in all_lint_rules():
        found.setdefault(lint_rule.name, []).append(partial(lint_rule_page, lint_rule))
    return found


def _written(path: str, otherwise: Page) -> str:
    """The page that was written with a server's help, without the comment on where it comes from."""
    folder = PACKAGED if PACKAGED.is_dir() else IN_CHECKOUT
    text = (folder / path).read_text(encoding="utf-8") if (folder / path).is_file() else otherwise()
    comment, ends, rest = text.partition("-->\n")
    return rest.lstrip("\n") if ends and comment.startswith("<!--") else text
