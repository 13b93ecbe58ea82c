"""Pages of documentation, written from rules, changes and lint rules themselves, as Markdown.

What only a server can say of them, what a rule finds on its example and the steps of a change, is put in where it is
given.
"""

from pgrefit.api.pages.changes import change_page
from pgrefit.api.pages.index import index_page
from pgrefit.api.pages.lint import lint_page, lint_rule_page
from pgrefit.api.pages.rules import rule_page

__all__ = ["change_page", "index_page", "lint_page", "lint_rule_page", "rule_page"]
