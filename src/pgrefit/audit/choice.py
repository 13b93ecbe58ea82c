"""Which rules run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgrefit.audit.ignores import matches
from pgrefit.errors import UsageError
from pgrefit.model.audit_report import Silent
from pgrefit.model.finding import Rule
from pgrefit.model.toml import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Globs of names or codes: `only` these run, where there are any; `also` those that do not by default.

    `never` does not hold against what `only` names; `because` says where that stands.
    """

    only: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    because: str = ""

    def picks(self, rule: Rule) -> bool:
        """Whether the rule runs."""
        if self.only:
            return _any(rule, self.only) or _any(rule, self.also)
        return (rule.by_default or _any(rule, self.also)) and not _any(rule, self.never)

    def left(self, rules: Iterable[Rule]) -> Iterator[Silent]:
        """Those that do not run; nothing is said of them where others were asked for by name."""
        for rule in rules if not self.only else ():
            if not self.picks(rule):
                off = _any(rule, self.never)
                reason = f"disabled by {self.because}" if off else "off by default, --with RULE"
                yield Silent(rule=rule.name, reason=reason)


def check_known(globs: Iterable[str], rules: Sequence[Rule], *, to: str) -> None:
    """UsageError where a glob means no rule; `to` says what was wanted of it."""
    for glob in globs:
        if not any(matches(rule, glob) for rule in rules):
            known = {word for rule in rules for word in (rule.name, rule.code)}
            raise UsageError(f"there is no rule {glob!r} to {to}", next_step=nearest(glob, known))


def _any(rule: Rule, globs: Iterable[str]) -> bool:
    return any(matches(rule, glob) for glob in globs)
