"""Proofs: statements that return one boolean. Names are looked up in the catalog by value, so any name works."""

from __future__ import annotations

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation


def oid_of(relation: Relation) -> Expression:
    """The relation's oid, or NULL where there is none."""
    return expression(
        "(SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = {schema} AND c.relname = {name})",
        schema=Literal(relation.schema), name=Literal(relation.name),
    )  # fmt: skip


def negated(proof: Statement) -> Statement:
    """True where the proof is false."""
    return ddl("SELECT NOT ({proof})", proof=raw(proof))


def every(*proofs: Statement) -> Statement:
    """True where all are true."""
    return Statement("SELECT " + " AND ".join(f"({proof})" for proof in proofs))


def some(*proofs: Statement) -> Statement:
    """True where one is true."""
    return Statement("SELECT " + " OR ".join(f"({proof})" for proof in proofs))


def relation_exists(relation: Relation) -> Statement:
    """Whether a table, view, index or sequence of that name is there."""
    return ddl("SELECT {oid} IS NOT NULL", oid=raw(oid_of(relation)))


def schema_exists(name: str) -> Statement:
    """Whether the schema is there."""
    return ddl("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {name})", name=Literal(name))


def column_exists(table: Relation, column: str) -> Statement:
    """Whether the column is there."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attname = {column}"
        " AND NOT attisdropped)",
        oid=raw(oid_of(table)), column=Literal(column),
    )  # fmt: skip


def column_type_is(table: Relation, column: str, type_name: str) -> Statement:
    """Whether the column is there with that type, as format_type prints it."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {oid} AND attname = {column}"
        " AND NOT attisdropped AND pg_catalog.format_type(atttypid, atttypmod) = {type})",
        oid=raw(oid_of(table)), column=Literal(column), type=Literal(type_name),
    )  # fmt: skip


def column_not_null(table: Relation, column: str) -> Statement:
    """Whether the column is NOT NULL, and by no constraint that was never validated (PostgreSQL 18)."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = {oid} AND a.attname = {column}"
        " AND a.attnotnull AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = a.attrelid"
        " AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated))",
        oid=raw(oid_of(table)), column=Literal(column),
    )  # fmt: skip


def constraint_exists(table: Relation, name: str, *, valid: bool = False) -> Statement:
    """Whether the constraint is there, and validated where `valid`."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {oid} AND conname = {name}"
        " AND convalidated >= {valid})",
        oid=raw(oid_of(table)), name=Literal(name), valid=valid,
    )  # fmt: skip


def constraint_described(table: Relation, name: str) -> Statement:
    """Whether the constraint is there and has a comment."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {oid} AND conname = {name}"
        " AND pg_catalog.obj_description(oid, 'pg_constraint') IS NOT NULL)",
        oid=raw(oid_of(table)), name=Literal(name),
    )  # fmt: skip


def index_valid(index: Relation, on: Relation | None = None) -> Statement:
    """Whether the index is there and valid, and is one of the table `on` where given."""
    owner = oid_of(on) if on else Expression("indrelid")
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_index"
        " WHERE indexrelid = {oid} AND indrelid = {owner} AND indisvalid)",
        oid=raw(oid_of(index)), owner=raw(owner),
    )  # fmt: skip


def index_differs(index: Relation, definition: Expression) -> Statement:
    """Whether a valid index of that name is there, and the server prints another definition than the observed one."""
    differs = expression(
        "pg_catalog.pg_get_indexdef(indexrelid) IS DISTINCT FROM {definition}", definition=Literal(definition)
    )
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {oid} AND indisvalid AND {differs})",
        oid=raw(oid_of(index)), differs=raw(as_observed(differs)),
    )  # fmt: skip


def trigger_exists(table: Relation, name: str) -> Statement:
    """Whether the trigger is there."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = {oid} AND tgname = {name})",
        oid=raw(oid_of(table)), name=Literal(name),
    )  # fmt: skip


def function_exists(function: Relation) -> Statement:
    """Whether a function of that name, of no arguments, is there."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace"
        " WHERE n.nspname = {schema} AND p.proname = {name} AND p.pronargs = 0)",
        schema=Literal(function.schema), name=Literal(function.name),
    )  # fmt: skip


def statistics_exist(statistics: Relation) -> Statement:
    """Whether an object of extended statistics is there."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n"
        " ON n.oid = s.stxnamespace WHERE n.nspname = {schema} AND s.stxname = {name})",
        schema=Literal(statistics.schema), name=Literal(statistics.name),
    )  # fmt: skip


def policy_differs(table: Relation, name: str, using: Expression | None, check: Expression | None) -> Statement:
    """Whether the policy is there and each given expression, as observed, is no longer what the server prints."""
    parts = [
        expression("{printed} IS DISTINCT FROM {observed}", printed=raw(printed), observed=Literal(observed))
        for printed, observed in (
            (Expression("pg_catalog.pg_get_expr(polqual, polrelid)"), using),
            (Expression("pg_catalog.pg_get_expr(polwithcheck, polrelid)"), check),
        )
        if observed is not None
    ]
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = {oid} AND polname = {name} AND {printed})",
        oid=raw(oid_of(table)), name=Literal(name), printed=raw(as_observed(joined(parts, " AND "))),
    )  # fmt: skip


def as_observed(condition: Expression) -> Expression:
    """Evaluate a condition under the settings with which observe lets the server print; CASE keeps the order."""
    return expression(
        "CASE WHEN pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true) IS NOT NULL"
        " AND pg_catalog.set_config('quote_all_identifiers', 'off', true) IS NOT NULL THEN {condition} END",
        condition=raw(condition),
    )


def no_row(table: Relation, condition: Expression) -> Statement:
    """Whether no row (alias t) meets the condition."""
    return ddl("SELECT NOT EXISTS (SELECT FROM {table} AS t WHERE {condition})", table=table, condition=raw(condition))
