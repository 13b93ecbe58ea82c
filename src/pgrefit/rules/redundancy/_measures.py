"""Several facts in a short text: a number and its unit, hours and minutes, a place on the globe, from and to.

The patterns hold for Python and for PostgreSQL; they are tried on the sample first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import Values

FEWEST_ROWS, FEWEST_DIFFERENT = 50, 6
NEARLY_ALL = 0.9
DEGREES = r"[0-9]{1,3} ?° ?[0-9]{1,2}([.,][0-9]+)? ?(['′] ?([0-9]{1,2}([.,][0-9]+)? ?(\"|″|'')? ?)?)?[NSEWO]"
DECIMAL_DEGREES = r"[+-]?[0-9]{1,3}\.[0-9]{3,}"
UNITS = (
    "mm|cm|dm|km|ft|in|mi|nm|µm|um|mg|kg|µg|ug|mcg|lb|lbs|oz|ml|mL|cl|dl|dL|hl|gal|ms|µs|sec|secs|min|mins|hr|hrs|hours?"
    "|days?|weeks?|months?|years?|[kMG]?Wh|[kMG]W|[km]V|m?Ah|[kMG]?Hz|[KkMGT]i?B|[kMG]bps|[kMG]bit/s|px|pt|dpi|rpm|bar"
    "|psi|[kMh]?Pa|°[CF]|ppm|km/h|kmh|mph|m/s|m²|m³|m2|m3|cm2|cm3|ha|sqm|sqft|dB|Nm|kN|pcs|pieces|Stk|Stück|kcal|kJ"
)
SHORT_UNITS = "[mglshdtVWAKNJ]"  # behind a blank: without one, 12A is a seat
NUMBER = "[+-]?[0-9]+([.,][0-9]+)?"
DAY = "([12][0-9]{3}-[01][0-9]-[0-3][0-9]|[0-3]?[0-9][./-][0-3]?[0-9][./-](19|20)[0-9]{2})"
CLOCK = "([T ][0-2]?[0-9]:[0-5][0-9](:[0-5][0-9])?)?"
MARKS = r"[\[\](){}<>, ;|/–—.-]"
NAMES = {"size", "label", "name", "title", "product", "article", "model", "variant", "sku", "code", "seat", "room"}


@dataclass(frozen=True, slots=True)
class Measure:
    """What it is, and the pattern of the whole text."""

    what: str
    pattern: str

    def holds(self, values: Values) -> bool:
        """Whether nearly all texts of the sample are so written."""
        told = {text: rows for text, rows in values.common.items() if text.strip()}
        fitting = sum(rows for text, rows in told.items() if re.fullmatch(self.pattern, text.strip()))
        return fitting >= NEARLY_ALL * sum(told.values())


MEASURES = (
    Measure("a number and its unit", rf"{NUMBER}( ?({UNITS})| {SHORT_UNITS})\.?"),
    Measure("hours, minutes or seconds", "[0-9]+ ?(d|days?|h|hrs?|hours?|m|mins?) ?[0-9]+ ?(h|hrs?|hours?|m|mins?|s"
            "|secs?)?( ?[0-9]+ ?(m|mins?|s|secs?)?)?"),
    Measure("a latitude and a longitude", rf"([a-zA-Z]+[:( ] ?\(?)?{DECIMAL_DEGREES}[,;/ ] ?{DECIMAL_DEGREES}\)?"),
    Measure("a latitude and a longitude", rf"{DEGREES}[,;/ ] ?{DEGREES}"),
    Measure("from one day to another", rf"{MARKS}*{DAY}{CLOCK}({MARKS}{{1,5}}|.?(to|bis|au|a|al|do|t/m).?){DAY}{CLOCK}"
            rf"{MARKS}*"),
)  # fmt: skip


def measure(values: Values) -> Measure | None:
    """What nearly all texts of a column are, where they are many and differ."""
    many = values.filled >= FEWEST_ROWS and values.different >= FEWEST_DIFFERENT and values.form is None
    found = (kind for kind in MEASURES if many and kind.holds(values))
    first = next(found, None)
    return None if first is MEASURES[0] and means(values.column, NAMES) else first
