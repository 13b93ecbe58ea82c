"""Proofs about columns and what their constraints say; of the same kind as those in _proof."""

from __future__ import annotations

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.names import Relation

from ._proof import as_observed, oid_of


def default_differs(table: Relation, column: str, observed: Expression | None) -> Statement:
    """Whether the column is there and its default is no longer the one observed; None stands for having none."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a LEFT JOIN pg_catalog.pg_attrdef AS d"
        " ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " WHERE a.attrelid = {oid} AND a.attname = {column} AND NOT a.attisdropped AND {differs})",
        oid=raw(oid_of(table)), column=Literal(column), differs=raw(as_observed(expression(
            "pg_catalog.pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM {observed}",
            observed=None if observed is None else Literal(observed),
        ))),
    )  # fmt: skip


def column_identity(table: Relation, column: str, kind: str) -> Statement:
    """Whether the column is an identity: kind 'a' ALWAYS, 'd' BY DEFAULT."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attname = {column}"
        " AND attidentity = {kind})",
        oid=raw(oid_of(table)), column=Literal(column), kind=Literal(kind),
    )  # fmt: skip


def column_collation_is(table: Relation, column: str, collation: Relation | None) -> Statement:
    """Whether the column is there with that collation; None is its type's own."""
    schema, name = (None, None) if collation is None else (Literal(collation.schema), Literal(collation.name))
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a"
        " JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid"
        " JOIN pg_catalog.pg_collation AS c ON c.oid = a.attcollation"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace"
        " WHERE a.attrelid = {oid} AND a.attname = {column} AND CASE WHEN {name} IS NULL"
        " THEN c.oid = t.typcollation ELSE c.collname = {name} AND n.nspname = {schema} END)",
        oid=raw(oid_of(table)), column=Literal(column), schema=schema, name=name,
    )  # fmt: skip


def column_analyzed(table: Relation, column: str) -> Statement:
    """Whether the server has statistics of the column, or no row to have them of."""
    return ddl(
        "SELECT NOT EXISTS (SELECT FROM {table}) OR EXISTS (SELECT FROM pg_catalog.pg_stats"
        " WHERE schemaname = {schema} AND tablename = {name} AND attname = {column})",
        table=table, schema=Literal(table.schema), name=Literal(table.name), column=Literal(column),
    )  # fmt: skip


def constraint_comment_is(table: Relation, name: str, text: str) -> Statement:
    """Whether the constraint is there with that comment."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {oid} AND conname = {name}"
        " AND pg_catalog.obj_description(oid, 'pg_constraint') = {text})",
        oid=raw(oid_of(table)), name=Literal(name), text=Literal(text),
    )  # fmt: skip


def constraint_differs(table: Relation, name: str, observed: Expression) -> Statement:
    """Whether the constraint is there and the server prints another definition of it than the observed one."""
    differs = expression("pg_catalog.pg_get_constraintdef(oid) IS DISTINCT FROM {text}", text=Literal(observed))
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {oid} AND conname = {name}"
        " AND {differs})",
        oid=raw(oid_of(table)), name=Literal(name), differs=raw(as_observed(differs)),
    )  # fmt: skip
