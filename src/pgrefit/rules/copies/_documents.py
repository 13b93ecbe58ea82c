"""Copies in invoices and their like, which say what was so on their day: older rows differ, later ones agree."""

from __future__ import annotations

from pgrefit.model.ddl import Expression, ddl, expression, raw
from pgrefit.model.observation import Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row
from pgrefit.rules._languages import meanings
from pgrefit.rules.copies._through import Through
from pgrefit.rules.data._sample import MOMENTS, bare_type

FORMAL = {"bill", "receipt", "statement", "contract", "policy", "invoice"}
AT_RANDOM = 0.2  # of the rows that differ beside others that agree, so many do so after one of these


def is_formal(table: Table) -> bool:
    """Whether its rows are documents, which nobody rewrites when a name changes."""
    return bool(meanings(table.name.name) & FORMAL)


def in_time(table: Table, column: Column, through: Through, source: Column) -> Question:
    """Rows that differ after, and before, another one of the same parent that agrees."""
    select = ddl(
        "SELECT count(*) FILTER (WHERE d.off AND d.at > d.first) AS after,"
        " count(*) FILTER (WHERE d.off AND d.at < d.last) AS before"
        " FROM (SELECT r.off, r.at, min(r.at) FILTER (WHERE NOT r.off) OVER w AS first,"
        " max(r.at) FILTER (WHERE NOT r.off) OVER w AS last"
        " FROM (SELECT {at} AS at, t.{c} <> p.{s} AS off, p.ctid AS parent FROM {t} AS t JOIN {parent} AS p ON {same}"
        " WHERE t.{c} IS NOT NULL AND p.{s} IS NOT NULL) AS r WINDOW w AS (PARTITION BY r.parent)) AS d",
        at=raw(_when(table)), c=column.name, s=source.name, t=table.name, parent=through.parent,
        same=raw(through.same),
    )  # fmt: skip
    return Question(table.name, select)


def was_so_then(row: Row) -> bool:
    """Whether no row tells that a later one was written otherwise than the parent was already."""
    return row.count("after") <= AT_RANDOM * (row.count("after") + row.count("before"))


def _when(table: Table) -> Expression:
    """The first moment that each row has, else the key, else the place."""
    found = [c.name for c in table.columns if bare_type(c) in MOMENTS and c.not_null and not c.generated]
    names = [*found, *table.row_key]
    return expression("t.{c}", c=names[0]) if names else Expression("t.ctid")
