"""Tables that link the rows of another table to each other: the parts of an assembly, what a course needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import ddl
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, is_empty
from pgrefit.rules._columns import stored_tables

FEWEST, MOST_LINKS = 50, 100_000  # links; of more it would take long
MOSTLY = 0.9
MOST_CIRCLING = 0.05  # of the links


@dataclass(frozen=True, slots=True)
class Links:
    """A table with two references to one and the same other table."""

    table: Table
    one: str
    other: str

    def counts(self) -> Question:
        """Links, how many go from a greater key to a smaller one and back; those in circles of one, two or three."""
        select = ddl(
            "WITH link AS (SELECT DISTINCT t.{a} AS a, t.{b} AS b FROM {t} AS t"
            " WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL),"
            " circle AS (SELECT x.a, x.b FROM link AS x WHERE x.a = x.b"
            " UNION SELECT x.a, x.b FROM link AS x JOIN link AS y ON y.a = x.b AND y.b = x.a"
            " UNION SELECT x.a, x.b FROM link AS x JOIN link AS y ON y.a = x.b"
            " JOIN link AS z ON z.a = y.b AND z.b = x.a)"
            " SELECT count(*) AS links, count(*) FILTER (WHERE l.a > l.b) AS down,"
            " count(*) FILTER (WHERE l.a < l.b) AS up, (SELECT count(*) FROM circle) AS circling,"
            " (SELECT array_agg(e.link) FROM (SELECT c.a::text || ' → ' || c.b::text AS link FROM circle AS c"
            " ORDER BY c.a, c.b LIMIT {limit}) AS e) AS examples FROM link AS l",
            a=self.one, b=self.other, t=self.table.name, limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)


def links(observation: Observation) -> Iterator[Links]:
    """All such tables."""
    for table in stored_tables(observation):
        single = [key for key in table.foreign_keys if len(key.columns) == 1 and key.parent != table.name]
        parents = [key.parent for key in single]
        few = 0 <= observation.rows(table.name) <= MOST_LINKS and not is_empty(observation, table)
        if few and len(single) == 2 and parents[0] == parents[1]:
            one, other = sorted((key.columns[0] for key in single), key=lambda name: table.column(name).position)
            yield Links(table, one, other)


def goes_in_circles(row: Row) -> bool:
    """Whether nearly all links go the same way, by their keys, and a few of them lead back."""
    one_way = max(row.count("down"), row.count("up")) >= MOSTLY * row.count("links")
    few = 0 < row.count("circling") <= MOST_CIRCLING * row.count("links")
    return row.count("links") >= FEWEST and one_way and few
