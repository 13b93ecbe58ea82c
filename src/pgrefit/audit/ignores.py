"""Findings that are not wanted: on request, by the configuration, by a comment in the database.

A comment says `pgrefit:ignore RULE[, RULE] reason` up to the end of its line, and speaks for the object that it is on
and all that is part of it: a table for its columns, indexes, constraints and policies, a schema for all in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pgrefit.audit.objects import Objects, comments_of
from pgrefit.model.audit_report import By, LeftOut
from pgrefit.model.finding import Finding, Rule
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.toml import nearest

MARK = "pgrefit:ignore"
_SAID = re.compile(rf"{MARK}[ \t]+([^\s,]+(?:[ \t]*,[ \t]*[^\s,]+)*)[ \t]*([^\r\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Globs of a rule's name or code and of an object; `where` it is asked for, and why."""

    rule: str
    object: str = "*"
    by: By = "request"
    where: str = ""
    reason: str = ""

    @classmethod
    def of(cls, text: str) -> Ignore:
        """From 'rule' or 'rule:object'."""
        rule, _, about = text.partition(":")
        return cls(rule=rule, object=about or "*")

    @property
    def whole(self) -> bool:
        """Whether the rule need not run."""
        return self.object == "*"

    def of_rule(self, rule: Rule) -> bool:
        """Whether it speaks of that rule."""
        return matches(rule, self.rule)

    def covers(self, rule: Rule, about: str) -> bool:
        """Whether a finding of the rule about that object is not wanted."""
        return fnmatchcase(about, self.object) and self.of_rule(rule)


def matches(rule: Rule, glob: str) -> bool:
    """Whether a glob means the rule, by its name or its code."""
    return fnmatchcase(rule.name, glob) or fnmatchcase(rule.code, glob)


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of that kind in a database, by the object that they are on."""

    objects: Objects

    @classmethod
    def of(cls, db: Snapshot) -> Comments | None:
        """None where no comment asks for anything."""
        return cls(Objects.of(db, MARK)) if any(MARK in comment for comment in comments_of(db)) else None

    def over(self, finding: Finding, rule: Rule) -> Ignore | None:
        """The comment that leaves the finding out, or None."""
        for each in self.objects.around(finding.object):
            for ignore in ignores_in(each.comment, f"the comment on {each.names[0]}"):
                if ignore.of_rule(rule):
                    return ignore
        return None

    def mistakes(self, rules: Sequence[Rule]) -> Iterator[str]:
        """Rules that comments name and that there are not."""
        names = {rule.name for rule in rules}
        every = (each for found in self.objects.by_name.values() for each in found if MARK in each.comment)
        for each in dict.fromkeys(every):
            for ignore in ignores_in(each.comment, each.names[0]):
                if not any(ignore.of_rule(rule) for rule in rules):
                    advice = nearest(ignore.rule, names)
                    yield f"the comment on {ignore.where} ignores {ignore.rule!r}, and there is no such rule: {advice}"


def ignores_in(comment: str, where: str) -> Iterator[Ignore]:
    """What a comment asks to leave out."""
    for found in _SAID.finditer(comment) if MARK in comment else ():
        rules, reason = found[1], found[2].strip()
        yield from (Ignore(rule=r.strip(), by="comment", where=where, reason=reason) for r in rules.split(","))


def leave_out(
    findings: Iterable[tuple[Finding, Rule]], ignores: Sequence[Ignore], comments: Comments | None
) -> tuple[list[Finding], list[LeftOut]]:
    """Those that are reported, and those that are not."""
    kept: list[Finding] = []
    left: list[LeftOut] = []
    for finding, rule in findings:
        ignore = next((each for each in ignores if each.covers(rule, finding.object)), None)
        ignore = ignore or (comments.over(finding, rule) if comments else None)
        if ignore is None:
            kept.append(finding)
        else:
            left.append(LeftOut(finding=finding, by=ignore.by, where=ignore.where, reason=ignore.reason))
    return kept, left
