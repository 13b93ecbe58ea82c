"""When major versions of PostgreSQL came out and when their support ends.

Source: https://www.postgresql.org/support/versioning/. Minor releases come at least four times a year, in February,
May, August and November; see https://www.postgresql.org/developer/roadmap/.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

MONTHS = (2, 5, 8, 11)


@dataclass(frozen=True, slots=True)
class Release:
    """The days of the first and of the last release of a major version."""

    first: date
    last: date


RELEASES = {
    12: Release(date(2019, 10, 3), date(2024, 11, 21)),
    13: Release(date(2020, 9, 24), date(2025, 11, 13)),
    14: Release(date(2021, 9, 30), date(2026, 11, 12)),
    15: Release(date(2022, 10, 13), date(2027, 11, 11)),
    16: Release(date(2023, 9, 14), date(2028, 11, 9)),
    17: Release(date(2024, 9, 26), date(2029, 11, 8)),
    18: Release(date(2025, 9, 25), date(2030, 11, 14)),
}


def least_minor(major: int, today: date) -> int:
    """The minor version that is out at least, by the schedule alone: releases in between only make it higher."""
    release = RELEASES.get(major)
    if release is None:
        return 0
    end = min(today, release.last)
    months = ((year, month) for year in range(release.first.year, end.year + 1) for month in MONTHS)
    return sum((release.first.year, release.first.month) < at < (end.year, end.month) for at in months)
