"""The shelf of rules, in folders by theme. A module is a rule by being here; nothing else is edited.

Each module holds one `Rule`, named as the module is. Modules whose name starts with an underscore are what rules are
made of.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from pgrefit.model.finding import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by its code."""
    modules = [m.name for m in walk_packages(__path__, f"{__name__}.") if not m.ispkg and "._" not in m.name]
    found = [rule for name in modules for rule in vars(import_module(name)).values() if isinstance(rule, Rule)]
    return tuple(sorted(found, key=lambda rule: rule.code))
