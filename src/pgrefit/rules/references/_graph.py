"""Tables that link the rows of another table to each other: the parts of an assembly, what a course needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, is_empty
from pgrefit.rules._columns import stored_tables

FEWEST, MOST_LINKS = 50, 100_000  # links; of more it would take long
MOST_WALKED, MOST_TRIED = 5_000, 50  # links in any direction; those against the order
STEPS = 32  # of a way that is longer than any that ends
EACH = 1.3  # links for each row, of which chance would make many circles
MOSTLY = 0.9
MOST_CIRCLING = 0.05  # of the links


@dataclass(frozen=True, slots=True)
class Links:
    """A table with two references to one and the same other table."""

    table: Table
    one: str
    other: str
    pairs: Expression  # the links as columns a, from, and b, to
    within: bool = False  # whether they link rows of the table itself

    def counts(self) -> Question:
        """Links, how many go from a greater key to a smaller one and back; those in circles of one, two or three."""
        select = ddl(
            "WITH every AS ({pairs}), link AS (SELECT DISTINCT e.a, e.b FROM every AS e),"
            " circle AS (SELECT x.a, x.b FROM link AS x WHERE x.a = x.b"
            " UNION SELECT x.a, x.b FROM link AS x JOIN link AS y ON y.a = x.b AND y.b = x.a"
            " UNION SELECT x.a, x.b FROM link AS x JOIN link AS y ON y.a = x.b"
            " JOIN link AS z ON z.a = y.b AND z.b = x.a)"
            " SELECT count(*) AS links, count(*) FILTER (WHERE l.a > l.b) AS down,"
            " count(*) FILTER (WHERE l.a < l.b) AS up, (SELECT count(*) FROM circle) AS circling,"
            " (SELECT count(*) FROM every) AS rows,"
            " (SELECT array_agg(e.link) FROM (SELECT c.a::text || ' → ' || c.b::text AS link FROM circle AS c"
            " ORDER BY c.a, c.b LIMIT {limit}) AS e) AS examples FROM link AS l",
            pairs=raw(self.pairs), limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)

    def farther(self, row: Row) -> Question | None:
        """Links that lead back by a longer way, where none leads back by a short one."""
        if row.count("circling") or row.count("links") < FEWEST:
            return None
        if _goes_one_way(row) and not self.within:
            return self._back_against(down=row.count("down") > row.count("up"))
        return self._back_at_all() if row.count("links") <= MOST_WALKED else None

    def _back_against(self, *, down: bool) -> Question:
        """Of the links that go against all others those from whose end a way leads to their start."""
        order = Expression("x.a < x.b" if down else "x.a > x.b")
        select = ddl(
            "WITH RECURSIVE link AS (SELECT DISTINCT e.a, e.b FROM ({pairs}) AS e),"
            " back AS (SELECT x.a, x.b FROM link AS x WHERE {order} ORDER BY x.a, x.b LIMIT {most}),"
            " way AS (SELECT x.a AS start, x.b AS node FROM back AS x"
            " UNION SELECT w.start, l.b FROM way AS w JOIN link AS l ON l.a = w.node),"
            " circle AS (SELECT x.a, x.b FROM back AS x WHERE EXISTS"
            " (SELECT FROM way AS w WHERE w.start = x.a AND w.node = x.a)) {counted}",
            pairs=raw(self.pairs), order=raw(order), most=MOST_TRIED, counted=raw(_counted()),
        )  # fmt: skip
        return Question(self.table.name, select)

    def _back_at_all(self) -> Question:
        """Links between rows that endless ways lead to and from."""
        select = ddl(
            "WITH RECURSIVE link AS (SELECT DISTINCT e.a, e.b FROM ({pairs}) AS e),"
            " way AS (SELECT l.a AS node, 0 AS steps FROM link AS l"
            " UNION SELECT l.b, w.steps + 1 FROM way AS w JOIN link AS l ON l.a = w.node WHERE w.steps < {steps}),"
            " back AS (SELECT w.node, 0 AS steps FROM way AS w WHERE w.steps = {steps}"
            " UNION SELECT l.a, w.steps + 1 FROM back AS w JOIN link AS l ON l.b = w.node WHERE w.steps < {steps}"
            " AND l.a IN (SELECT v.node FROM way AS v WHERE v.steps = {steps})),"
            " endless AS (SELECT w.node FROM back AS w WHERE w.steps = {steps}),"
            " circle AS (SELECT l.a, l.b FROM link AS l WHERE l.a IN (SELECT e.node FROM endless AS e)"
            " AND l.b IN (SELECT e.node FROM endless AS e)) {counted}",
            pairs=raw(self.pairs), steps=STEPS, counted=raw(_counted()),
        )  # fmt: skip
        return Question(self.table.name, select)


def _counted() -> Expression:
    return expression(
        "SELECT (SELECT count(*) FROM circle) AS circling,"
        " (SELECT count(*) FROM (SELECT l.a FROM link AS l UNION SELECT l.b FROM link AS l) AS n) AS ends,"
        " (SELECT array_agg(e.link) FROM (SELECT c.a::text || ' → ' || c.b::text AS link FROM circle AS c"
        " ORDER BY c.a, c.b LIMIT {limit}) AS e) AS examples",
        limit=SAMPLE_KEYS,
    )


def links(observation: Observation) -> Iterator[Links]:
    """All such tables."""
    for table in stored_tables(observation):
        pair = _pair(table)
        few = 0 <= observation.rows(table.name) <= MOST_LINKS and not is_empty(observation, table)
        if few and pair:
            yield _between(table, *pair)
        own = next((k for k in table.foreign_keys if k.parent == table.name and len(k.columns) > 1), None)
        if few and own:
            yield _within(table, own)


def _between(table: Table, one: str, other: str) -> Links:
    pairs = expression(
        "SELECT t.{a} AS a, t.{b} AS b FROM {t} AS t WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL",
        a=one, b=other, t=table.name,
    )  # fmt: skip
    return Links(table, one, other, pairs)


def _within(table: Table, key: Constraint) -> Links:
    """From the row above to the one below, by a key of several columns, of which the last one tells who is above."""
    above, own = (
        joined([expression("t.{c}", c=name) for name in names]) for names in (key.columns, key.parent_columns)
    )
    pairs = expression(
        "SELECT ({above})::text AS a, ({own})::text AS b FROM {t} AS t WHERE ({above}) IS NOT NULL",
        above=raw(above), own=raw(own), t=table.name,
    )  # fmt: skip
    told = [name for name in key.columns if name not in key.parent_columns]
    return Links(table, key.columns[0], (told or list(key.columns))[-1], pairs, within=True)


def _pair(table: Table) -> tuple[str, str] | None:
    """The two columns that refer to one and the same table; beside others, if they are a key together."""
    single = [key for key in table.foreign_keys if len(key.columns) == 1 and key.parent != table.name]
    linked = [key.columns[0] for key in single if sum(key.parent == other.parent for other in single) == 2]
    unique = any(i.unique and {*i.columns} == {*linked} for i in table.indexes)
    if len(linked) != 2 or not (unique or len(single) == 2):
        return None
    one, other = sorted(linked, key=lambda name: table.column(name).position)
    return one, other


def _goes_one_way(row: Row) -> bool:
    return max(row.count("down"), row.count("up")) >= MOSTLY * row.count("links")


def goes_in_circles(row: Row, farther: Row | None, *, within: bool) -> bool:
    """Whether a few of many links lead back: nearly all go the same way, by their keys, or chance would have made many
    more circles, or each row has but one above it. What was moved or sent goes the same way time and again, and may
    well come back.
    """
    if row.count("links") < MOSTLY * row.count("rows"):
        return False
    circling = farther.count("circling") if farther else row.count("circling")
    few = 0 < circling <= MOST_CIRCLING * row.count("links")
    ordered = (
        within or _goes_one_way(row) or (farther is not None and row.count("links") >= EACH * farther.count("ends"))
    )
    return row.count("links") >= FEWEST and ordered and few
