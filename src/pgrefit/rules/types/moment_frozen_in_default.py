"""A default that was meant to be now, and is for ever the moment at which it was declared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.changes.set_default import SetDefault
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named
from pgrefit.rules._columns import columns_of_type, text_constant
from pgrefit.rules._languages import english

MICROSECONDS = re.compile(r":\d\d\.\d{4,6}(?:[+-][\d:]+)?$")  # nobody types a moment to the microsecond

# A day of our time; placeholders are the first of January, and far away.
ANY_DAY = re.compile(r"(?:199|20[0-4])\d-(?!01-01)\d\d-\d\d")
MOMENTS = ("timestamp", "date")
WRITTEN = {"added", "created", "inserted", "modified", "recorded", "registered", "updated"}


@rule(
    code="TYP020",
    title="Moment frozen in a default",
    why=(
        "DEFAULT 'now' is worked out when the column is declared: every row that leaves the column out gets that same"
        " moment, and looks as if it were right."
    ),
    example="CREATE TABLE visit (id int PRIMARY KEY, came_at timestamptz DEFAULT 'now');",
    clean="""
        CREATE TABLE visit (id int PRIMARY KEY, came_at timestamptz DEFAULT now(), left_at timestamptz DEFAULT
                            'infinity', since timestamp DEFAULT '1970-01-01 00:00:00', seen timestamp DEFAULT
                            CURRENT_TIMESTAMP, noted timestamptz DEFAULT ('now'::text)::timestamptz);
    """,
)
def moment_frozen_in_default(observation: Observation) -> Iterator[Finding]:
    """Columns of moments with a constant as default that only a clock can have given.

    And those that are named for the writing of the row, with a day as default that marks no beginning of a year.
    """
    for table, columns in columns_of_type(observation, lambda type_: type_.startswith(MOMENTS), _is_frozen):
        for column in columns:
            yield Finding(
                object=named(table, column.name),
                message="gets the moment at which its default was declared, not that of the row",
                severity=Severity.ERROR,
                evidence=(catalog("default", str(column.default)),),
                remedy=(SetDefault(table=table.name, column=column.name, default=Expression("now()")),),
            )


def _is_frozen(_: Table, column: Column) -> bool:
    moment = not column.type.endswith("[]") and not column.generated
    constant = text_constant(column.default) if moment else None
    if constant is None:
        return False
    told = bool(WRITTEN & set(english(column.name))) and ANY_DAY.match(constant) is not None
    return told or MICROSECONDS.search(constant) is not None
