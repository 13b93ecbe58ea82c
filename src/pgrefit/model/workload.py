"""The application's own queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Version = Literal["before", "after", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A named statement with $1, $2, … and, where it has parameters, a query that yields rows of their values."""

    name: str
    sql: str
    weight: float = 1.0
    group: str = ""
    version: Version = "both"
    replaces: str = ""
    parameters: str = ""
    same_result: bool = False

    def issued_by(self, version: Version) -> bool:
        """Whether that version of the application issues this query."""
        return version == "both" or self.version in {"both", version}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Queries in the order of their file."""

    queries: tuple[Query, ...] = ()

    def of(self, version: Version, group: str | None = None) -> Workload:
        """The queries that a version of the application issues, or a group of them."""
        chosen = (q for q in self.queries if q.issued_by(version))
        return Workload(queries=tuple(q for q in chosen if group is None or q.group == group))

    def query(self, name: str) -> Query:
        """The query of that name; KeyError where there is none."""
        for query in self.queries:
            if query.name == name:
                return query
        raise KeyError(name)
