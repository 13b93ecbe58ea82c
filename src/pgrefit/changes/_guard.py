"""Triggers that stand in for a constraint until it can be added, and the way our own sessions pass them.

A constraint that is added before the offending rows were put aside could not be removed before they are put back: the
way back goes through the steps in reverse. A trigger lets our sessions through, which are known by the setting
`pgrefit.step`, and so it can be there first.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation

from ._sync import create_function, create_trigger, drop_sync, function, trigger_name

NOT_OURS = Expression("coalesce(pg_catalog.current_setting('pgrefit.step', true), '') = ''")


def purpose(verb: str, table: Relation, column: str) -> str:
    """A short part of a name: readable, and of its own for each column of each table."""
    digest = sha256(f"{table.schema}\0{table.name}\0{column}".encode()).hexdigest()[:8]
    return f"{verb}_{column.encode()[:16].decode(errors='ignore')}_{digest}"


def create_filler(
    table: Relation, name: str, body: Statement, when: Expression, columns: tuple[str, ...] = ()
) -> tuple[Statement, ...]:
    """A trigger that amends what others write, with the rights of its owner: row security hides nothing from it.

    With `columns`, an update that sets none of them is left alone, so that it fills nothing that was not remembered.
    """
    return (
        create_function(table, name, body, definer=True),
        ddl("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC", function=function(table, name)),
        create_trigger(
            table, name, expression("{when} AND {ours}", when=raw(when), ours=raw(NOT_OURS)), columns=columns
        ),
    )


def create_guard(table: Relation, name: str, column: str, bad: Expression, code: str) -> tuple[Statement, ...]:
    """Refuse what others write into the column where `bad` (over NEW) holds, with that SQLSTATE.

    Updates of other columns of rows that are bad already pass.
    """
    body = ddl(
        "BEGIN IF TG_OP = 'INSERT' OR OLD.{column}::text IS DISTINCT FROM NEW.{column}::text THEN"
        " RAISE EXCEPTION USING ERRCODE = {code}, MESSAGE = {message}, SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,"
        " COLUMN = {name}; END IF; RETURN NULL; END",
        column=column, code=Literal(code), message=Literal(f"column {column} of {table} does not take this value"),
        name=Literal(column),
    )  # fmt: skip
    trigger = ddl(
        "CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({bad} AND {ours})"
        " EXECUTE FUNCTION {function}()",
        trigger=trigger_name(table, name), table=table, bad=raw(bad), ours=raw(NOT_OURS),
        function=function(table, name),
    )  # fmt: skip
    return (create_function(table, name, body), trigger)


def refuse_unknown(table: Relation, columns: Collection[str], known: Collection[str]) -> Statement:
    """Stop where an index or constraint depends on the columns that is not `known`: DROP COLUMN would take it along.

    SQLSTATE 2BP01, dependent objects still exist.
    """
    body = ddl(
        "DECLARE found text; BEGIN SELECT pg_catalog.string_agg(DISTINCT o.name, ', ') INTO found"
        " FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid"
        " AND a.attnum = d.refobjsubid JOIN LATERAL (SELECT relname::text AS name FROM pg_catalog.pg_class"
        " WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND oid = d.objid AND relkind IN ('i', 'I')"
        " UNION ALL SELECT conname::text FROM pg_catalog.pg_constraint"
        " WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND oid = d.objid AND contype <> 'n'"
        ") AS o ON true WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"
        " AND d.refobjid = {table}::pg_catalog.regclass AND a.attname = ANY ({columns}) AND o.name <> ALL ({known});"
        " IF found IS NOT NULL THEN RAISE EXCEPTION USING ERRCODE = '2BP01',"
        " MESSAGE = 'made since the plan was, and would go with the columns: ' || found; END IF; END",
        table=Literal(ddl("{t}", t=table)), columns=raw(_array(columns)), known=raw(_array(known)),
    )  # fmt: skip
    return ddl("DO {body}", body=Literal(body))


def _array(names: Collection[str]) -> Expression:
    return expression("ARRAY[{n}]::text[]", n=raw(joined([expression("{n}", n=Literal(n)) for n in sorted(names)])))


__all__ = ["NOT_OURS", "create_filler", "create_guard", "drop_sync", "purpose", "refuse_unknown", "trigger_name"]
