"""The shelf of changes. A module is a change by being here; nothing else is edited.

Each module holds one subclass of `Change` (a frozen dataclass) and an `EXAMPLE`. Modules whose name starts with an
underscore are what changes are made of.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from pgrefit.model.change import Example


def examples() -> dict[str, Example]:
    """Every change's example, by module name."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    return {name: import_module(f"{__name__}.{name}").EXAMPLE for name in names}
