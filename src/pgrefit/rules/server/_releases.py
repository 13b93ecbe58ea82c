"""When major versions of PostgreSQL came out, when their support ends, and which minor version is out at least.

Source: https://www.postgresql.org/support/versioning/, as of 24 September 2026, when version 19 was a beta. Minor
releases come at least four times a year, in February, May, August and November, and now and then in between: see
https://www.postgresql.org/developer/roadmap/.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

MONTHS = (2, 5, 8, 11)
LOOKED_UP = date(2026, 8, 13)  # the day of the newest minor releases that are known


@dataclass(frozen=True, slots=True)
class Release:
    """The days of the first and of the last release of a major version, and its newest minor one at `LOOKED_UP`."""

    first: date
    last: date
    minor: int


RELEASES = {
    12: Release(date(2019, 10, 3), date(2024, 11, 21), 22),
    13: Release(date(2020, 9, 24), date(2025, 11, 13), 23),
    14: Release(date(2021, 9, 30), date(2026, 11, 12), 24),
    15: Release(date(2022, 10, 13), date(2027, 11, 11), 19),
    16: Release(date(2023, 9, 14), date(2028, 11, 9), 15),
    17: Release(date(2024, 9, 26), date(2029, 11, 8), 11),
    18: Release(date(2025, 9, 25), date(2030, 11, 14), 6),
}


def least_minor(major: int, today: date) -> int:
    """The minor version that is out at least: what is known, and what the schedule adds to it."""
    release = RELEASES.get(major)
    if release is None:
        return 0
    if today < LOOKED_UP:  # the clock of a server that is behind, or a report of long ago
        return _scheduled(release.first, min(today, release.last))
    return release.minor + _scheduled(LOOKED_UP, min(today, release.last))


def _scheduled(since: date, until: date) -> int:
    """Releases in the months after that of `since` and before that of `until`."""
    months = ((year, month) for year in range(since.year, until.year + 1) for month in MONTHS)
    return sum((since.year, since.month) < at < (until.year, until.month) for at in months)
