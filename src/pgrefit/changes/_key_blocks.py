"""Blocks of statements that the server runs as one, or only where they are still to be run."""

from __future__ import annotations

from collections.abc import Iterable

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw


def at_once(statements: Iterable[Statement]) -> Statement:
    """All of them as one statement, and so in one transaction wherever it runs."""
    return _block(Expression(""), statements)


def where(condition: Statement, statements: Iterable[Statement]) -> Statement:
    """The same, but nothing where the query, of one boolean, says no."""
    return _block(expression("IF ({condition}) THEN ", condition=raw(condition)), statements)


def refuse_where_any(rows: Statement, says: str, hint: str) -> Statement:
    """Stop where the query returns rows, saying how many and some of their values.

    The query has one column `value`, of text. SQLSTATE 22023, invalid parameter value.
    """
    body = ddl(
        "DECLARE total bigint; shown text; BEGIN"
        " SELECT pg_catalog.count(*), pg_catalog.string_agg(pg_catalog.quote_literal(f.value), ', ')"
        " FILTER (WHERE f.number <= 3) INTO total, shown"
        " FROM (SELECT r.value, pg_catalog.row_number() OVER () AS number FROM ({rows}) AS r) AS f;"
        " IF total > 0 THEN RAISE EXCEPTION USING ERRCODE = '22023', HINT = {hint},"
        " MESSAGE = total || {says} || shown; END IF; END",
        rows=raw(rows), hint=Literal(hint), says=Literal(f" {says}, such as "),
    )  # fmt: skip
    return ddl("DO {body}", body=Literal(body))


def _block(head: Expression, statements: Iterable[Statement]) -> Statement:
    runs = joined([expression("EXECUTE {s};", s=Literal(statement)) for statement in statements], " ")
    body = ddl(
        "BEGIN {head}{runs}{tail} END", head=raw(head), runs=raw(runs), tail=raw(Expression(" END IF;" if head else ""))
    )
    return ddl("DO {body}", body=Literal(body))
