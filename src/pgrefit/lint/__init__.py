"""The verb lint: migration SQL, ours or others', → what it would lock, break or lose, and the safe way.

Files become statements (`migration`), each with what it does (`actions`), its place and its transaction; rules look at
each in turn while a light model of the schema (`state`) is taken over it. Nothing here opens a connection: what a
database knows comes in as `Facts`.
"""

from pgrefit.lint.files import Source, read_sources, source_from_text
from pgrefit.lint.rules import all_lint_rules
from pgrefit.lint.runner import Choice, lint, questions
from pgrefit.lint.site import Facts
from pgrefit.lint.stars import stars_in

__all__ = ["Choice", "Facts", "Source", "all_lint_rules", "lint", "questions", "read_sources", "source_from_text",
           "stars_in"]  # fmt: skip
