"""The list of rules as text."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console

from pgrefit.model.audit_report import RuleList
from pgrefit.report.text.setting import FAINT, heading, say, table
from pgrefit.report.units import plural


def rules(value: RuleList, console: Console) -> None:
    """By theme, with whether each runs."""
    for theme, cards in groupby(value.rules, key=lambda card: card.theme):
        heading(console, theme)
        rows = [(card.code, card.name, "" if card.runs else "off", card.title) for card in cards]
        table(console, ("code", "rule", "", "finds"), rows)
    off = sum(not card.runs for card in value.rules)
    console.print()
    console.print(say(f"{plural(len(value.rules), 'rule')}, {off:,} off: --with RULE turns one on.", FAINT))
