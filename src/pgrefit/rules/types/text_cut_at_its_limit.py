"""Texts that end where their column does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.changes.change_type_in_place import ChangeTypeInPlace
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values

LIMITED = re.compile(r"character varying\((\d+)\)")
SHORTEST = 10  # a limit below is that of a code
FEWEST = 20  # values that ANALYZE kept
SHARE = (0.05, 0.5)  # that are as long as may be: fewer are chance, more are codes of one length
JUST_BELOW = 3  # characters; without a limit, more values would end in these than in the last one


@rule(
    code="TYP029",
    title="Texts cut off at the limit of their column",
    why=(
        "Many values that end exactly at the limit were not written that way: someone cut them to make them fit, and"
        " what was behind is lost."
    ),
    example="""
        CREATE TABLE article (id int PRIMARY KEY, title varchar(40) NOT NULL);
        INSERT INTO article SELECT n, left(repeat('a title of ' || n || ' words ', (n % 10 > 6)::int * 2 + 1), 40)
        FROM generate_series(1, 300) AS n;
        ANALYZE article;
    """,
    clean="""
        CREATE TABLE article (id int PRIMARY KEY, title varchar(40) NOT NULL, code varchar(36), slug varchar(12));
        INSERT INTO article SELECT n, left(repeat('a title of ' || n || ' words ', n % 7 + 1), 10 + n * 7 % 31),
                                   md5(n::text), left(repeat(n::text, 9), 12)
        FROM generate_series(1, 300) AS n;
        ANALYZE article;
    """,
)
def text_cut_at_its_limit(observation: Observation) -> Iterator[Finding]:
    """Columns of type varchar(n) with more texts of n characters than of a few less."""
    for table, columns in columns_of_type(observation, lambda type_: _limit(type_) >= SHORTEST):
        for column in columns:
            share = _share_at_limit(observation, table, column)
            if share:
                rows = round(share * max(statistics_of(observation, table).rows, 0))
                yield Finding(
                    object=named(table, column.name),
                    message=f"holds texts that seem to be cut off after {_limit(column.type)} characters",
                    severity=Severity.WARNING,
                    evidence=(
                        catalog("type", column.type),
                        statistic("share of texts as long as may be", round(share, 3)),
                    ),
                    remedy=(ChangeTypeInPlace(table=table.name, column=column.name, to_type="text"),),
                    advice="look for what cuts them in the application too: the database itself refuses longer ones",
                    cost=Cost(rows=rows),
                )


def _limit(type_: str) -> int:
    found = LIMITED.fullmatch(type_)
    return int(found[1]) if found else 0


def _share_at_limit(observation: Observation, table: Table, column: Column) -> float:
    """The share of texts that stop at the limit, where that is a pile; else 0."""
    limit, values = _limit(column.type), seen_values(statistics_of(observation, table).column(column.name))
    full = [value for value in values if len(value) == limit]
    near = sum(limit - JUST_BELOW <= len(value) < limit for value in values)
    prose = sum(" " in value.strip() for value in full)
    share = len(full) / len(values) if len(values) >= FEWEST else 0.0
    lowest, highest = SHARE
    return share if lowest <= share <= highest and len(full) > near and prose * 2 > len(full) else 0.0
