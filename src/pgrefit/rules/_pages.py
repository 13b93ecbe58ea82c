"""Pages of tables and indexes, as the server fills them."""

from __future__ import annotations

from pgrefit.model.observation import Observation
from pgrefit.model.statistics import TableStatistics

PAGE = 8192
PAGE_HEADER = 24
POINTER = 4  # of a row or an entry, on its page
STALE = 0.2  # share of rows changed since ANALYZE from which on its figures tell little


def page_size(observation: Observation) -> int:
    """Bytes of a page, as the server was built."""
    said = observation.server.value("block_size")
    return int(said) if said.isdigit() else PAGE


def fillfactor(options: tuple[str, ...], default: int) -> int:
    """The percentage up to which pages are filled at first."""
    said = option(options, "fillfactor")
    return int(said) if said.isdigit() else default


def option(options: tuple[str, ...], name: str) -> str:
    """A storage parameter's value; '' where it is not set."""
    return next((value for key, _, value in (each.partition("=") for each in options) if key == name), "")


def is_stale(seen: TableStatistics) -> bool:
    """Whether too much has changed since ANALYZE for its figures to be believed."""
    return seen.modified_since_analyze > STALE * max(seen.rows, 1)
