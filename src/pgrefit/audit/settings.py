"""What a project's configuration says of the audit: the table [audit] of pgrefit.toml, [tool.pgrefit.audit] of
pyproject.toml. A mistake is reported with file, line and the nearest name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pgrefit.audit.ignores import Ignore, matches
from pgrefit.errors import BadIntent
from pgrefit.model.finding import Finding, Rule, Severity
from pgrefit.model.toml import line_of, nearest

KEYS = ("disable", "enable", "severity", "ignore", "fail-on")
ENTRY = ("rule", "object", "reason")
NEVER = "none"
SEVERITIES = tuple(severity.value for severity in Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Globs of rules that do not run and of those that also do, severities by glob, and findings that are not wanted.

    `fail_on`: the mildest severity that makes the exit status 1; None for never.
    """

    disable: tuple[str, ...] = ()
    enable: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    ignore: tuple[Ignore, ...] = ()
    fail_on: Severity | None = None
    where: str = ""

    def judge(self, finding: Finding, rule: Rule) -> Severity:
        """The severity of a finding: the rule's own, or what is said last of the rule."""
        said = [severity for glob, severity in self.severity if matches(rule, glob)]
        return said[-1] if said else finding.severity


NO_SETTINGS = Settings()


def read_settings(path: Path, table: object, rules: Sequence[Rule], *, above: Sequence[str] = ()) -> Settings:
    """From the file's table `audit`, which is below the keys `above`; BadIntent at the first mistake."""
    return _Reader(path, path.read_text(encoding="utf-8"), rules, [*above, "audit"]).read(table)


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    text: str
    rules: Sequence[Rule]
    above: list[str]

    def read(self, table: object) -> Settings:
        said = self._table(table, [], KEYS)
        severities = self._table(said.get("severity", {}), ["severity"])
        return Settings(
            disable=tuple(self._rules(said, "disable")),
            enable=tuple(self._rules(said, "enable")),
            severity=tuple(
                (self._rule(g, "severity"), self._severity(v, "severity", g)) for g, v in severities.items()
            ),
            ignore=tuple(self._ignores(said)),
            fail_on=self._fail_on(said.get("fail-on", NEVER)),
            where=str(self.path.name),
        )

    def _rules(self, said: dict[str, object], key: str) -> Iterator[str]:
        for value in self._list(said, key):
            if not isinstance(value, str):
                raise self._mistake([key], f"{key} is a list of rules' names")
            yield self._rule(value, key)

    def _ignores(self, said: dict[str, object]) -> Iterator[Ignore]:
        for value in self._list(said, "ignore"):
            entry = {"rule": value} if isinstance(value, str) else self._table(value, ["ignore"], ENTRY)
            texts = {key: text for key, text in entry.items() if isinstance(text, str)}
            if "rule" not in texts or len(texts) < len(entry):
                raise self._mistake(
                    ["ignore"], 'an entry is "RULE:OBJECT" or { rule = "…", object = "…", reason = "…" }'
                )
            made = Ignore.of(texts["rule"])
            rule = self._rule(made.rule, "ignore")
            yield Ignore(
                rule=rule, object=texts.get("object", made.object), by="configuration",
                where=f"{self.path.name}:{self._line_of_word('ignore', rule)}", reason=texts.get("reason", ""),
            )  # fmt: skip

    def _fail_on(self, value: object) -> Severity | None:
        return None if value == NEVER else self._severity(value, "fail-on", "fail-on")

    def _severity(self, value: object, key: str, word: str) -> Severity:
        known = SEVERITIES if key == "severity" else (*SEVERITIES, NEVER)
        if value not in SEVERITIES:
            where = f"{self.path}:{self._line_of_word(key, word)}"
            raise BadIntent(f"{where}: {value!r} is no severity", next_step=nearest(str(value), known))
        return Severity(value)

    def _rule(self, glob: str, key: str) -> str:
        if not any(matches(rule, glob) for rule in self.rules):
            known = {word for rule in self.rules for word in (rule.name, rule.code)}
            where = f"{self.path}:{self._line_of_word(key, glob)}"
            raise BadIntent(f"{where}: there is no rule {glob!r}", next_step=nearest(glob, known))
        return glob

    def _list(self, said: dict[str, object], key: str) -> list[object]:
        value = said.get(key, [])
        if not isinstance(value, list):
            raise self._mistake([key], f"{key} is not a list")
        return cast("list[object]", value)

    def _table(self, value: object, keys: list[str], known: Sequence[str] = ()) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self._mistake(keys, f"{'.'.join([*self.above, *keys])} is not a table")
        table = cast("dict[str, object]", value)
        for key in table if known else ():
            if key not in known:
                raise self._mistake([*keys, key], f"unknown key {key!r}", nearest(key, known))
        return table

    def _mistake(self, keys: list[str], what: str, advice: str = "") -> BadIntent:
        return BadIntent(f"{self.path}:{line_of(self.text, [*self.above, *keys])}: {what}", next_step=advice)

    def _line_of_word(self, key: str, word: str) -> int:
        """The first line that has the word, from that of the key on."""
        first = line_of(self.text, [*self.above, key])
        lines = self.text.splitlines()
        return next((n for n in range(first, len(lines) + 1) if word in lines[n - 1]), first)
