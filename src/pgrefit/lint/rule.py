"""What a rule of the lint is: a pure function of a statement in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pgrefit.lint.migration import Statement
from pgrefit.lint.site import Site
from pgrefit.model.finding import Evidence, Severity
from pgrefit.model.lint import LintRuleCard
from pgrefit.model.names import Relation
from pgrefit.model.observation import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a rule says of a statement.

    `grows_with` is the table whose rows decide how bad it is; `severity` overrules the rule's own; `at` is a statement
    other than the one that was looked at.
    """

    message: str
    rewrite: str = ""
    grows_with: Relation | None = None
    severity: Severity | None = None
    evidence: tuple[Evidence, ...] = ()
    at: Statement | None = None


Check = Callable[[Site], Iterator[Problem]]
Asks = Callable[[Site], Iterator[Question]]


def no_questions(_: Site) -> Iterator[Question]:
    """The default of `LintRule.asks`."""
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRule:
    """A rule. `example` is SQL on which it fires, `clean` looks alike and must stay silent.

    `before`: SQL of an earlier migration, for both. `asks`: questions to the data, where there is a database.
    `optional` rules run only when asked for. `others_only`: not held against a plan of our
    own, whose design, phases and executor take care of it. `needs_database`: it says nothing without one.
    """

    title: str
    why: str
    example: str
    clean: str
    check: Check
    severity: Severity
    before: str = ""
    asks: Asks = field(default=no_questions)
    optional: bool = False
    others_only: bool = False
    needs_database: bool = False

    @property
    def name(self) -> str:
        """Kebab-case; reads well after "allow"."""
        return self.check.__name__.replace("_", "-")

    @property
    def card(self) -> LintRuleCard:
        """What is told about it."""
        return LintRuleCard(name=self.name, title=self.title, why=self.why, severity=self.severity)


def lint_rule(
    *,
    title: str,
    why: str,
    example: str,
    clean: str,
    severity: Severity,
    before: str = "",
    asks: Asks = no_questions,
    optional: bool = False,
    others_only: bool = False,
    needs_database: bool = False,
) -> Callable[[Check], LintRule]:
    """Turn a check into a rule; the rule's name is the function's."""
    return lambda check: LintRule(
        title=title, why=why, example=example, clean=clean, severity=severity, before=before, check=check, asks=asks,
        optional=optional, others_only=others_only, needs_database=needs_database,
    )  # fmt: skip
