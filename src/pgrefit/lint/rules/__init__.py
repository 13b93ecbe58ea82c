"""The shelf of lint rules, in modules by theme. A rule is a rule by being there; nothing else is edited."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pgrefit.lint.rule import LintRule
from pgrefit.lint.rules.hygiene import syntax as SYNTAX  # noqa: N812 - the runner raises these itself
from pgrefit.lint.rules.hygiene import unused_ignore as UNUSED_IGNORE  # noqa: N812

__all__ = ["SYNTAX", "UNUSED_IGNORE", "all_lint_rules", "themes"]


@cache
def themes() -> dict[str, tuple[LintRule, ...]]:
    """Rules by theme, in the order in which they stand in their modules."""
    names = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
    modules = {name: import_module(f"{__name__}.{name}") for name in names}
    return {
        name: tuple(value for value in vars(module).values() if isinstance(value, LintRule))
        for name, module in modules.items()
    }


@cache
def all_lint_rules() -> tuple[LintRule, ...]:
    """Every rule, by name."""
    found = {rule.name: rule for rules in themes().values() for rule in rules}
    return tuple(found[name] for name in sorted(found))
