"""Trigger functions that keep two shapes of a table in step. They live in the schema pgrefit."""

from __future__ import annotations

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.names import Relation, fit

PREFIX = "~pgrefit_"  # triggers fire in the order of their names: ours see what the application's have made of the row


def trigger_name(table: Relation, purpose: str) -> str:
    """The name of our trigger on a table, and of its function."""
    return fit(f"{PREFIX}{table.name}", f"_{purpose}")


def function(table: Relation, purpose: str) -> Relation:
    """The function behind our trigger; its name is made of schema, dot and table, so that no two tables share one."""
    dotted = "." in table.schema + table.name
    owner = f"{len(table.schema)}_{table}" if dotted else str(table)
    return Relation("pgrefit", fit(owner, f"_{purpose}"))


def create_function(table: Relation, purpose: str, body: Statement, *, definer: bool = False) -> Statement:
    """CREATE OR REPLACE the trigger function with a pinned search_path."""
    return ddl(
        "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {security}"
        " SET search_path = pg_catalog AS {body}",
        function=function(table, purpose), body=Literal(body),
        security=raw(Expression("SECURITY DEFINER" if definer else "SECURITY INVOKER")),
    )  # fmt: skip


def create_trigger(
    table: Relation, purpose: str, when: Expression, *, columns: tuple[str, ...] = (), inserts: bool = True
) -> Statement:
    """A row trigger BEFORE INSERT OR UPDATE, guarded so that it costs nothing where there is nothing to do.

    With `columns`, only for updates that set one of them.
    """
    of = expression("OF {columns}", columns=columns) if columns else Expression("")
    return ddl(
        "CREATE TRIGGER {name} BEFORE {insert} UPDATE {of} ON {table} FOR EACH ROW WHEN ({when})"
        " EXECUTE FUNCTION {function}()",
        name=trigger_name(table, purpose), table=table, when=raw(when), function=function(table, purpose), of=raw(of),
        insert=raw(Expression("INSERT OR" if inserts else "")),
    )  # fmt: skip


def drop_sync(table: Relation, purpose: str) -> tuple[Statement, Statement]:
    """Drop trigger and function."""
    return (drop_trigger(table, purpose), drop_function(table, purpose))


def drop_trigger(table: Relation, purpose: str) -> Statement:
    """Drop the trigger, not its function."""
    return ddl("DROP TRIGGER IF EXISTS {name} ON {table}", name=trigger_name(table, purpose), table=table)


def drop_function(table: Relation, purpose: str) -> Statement:
    """Drop the function of a trigger that is gone."""
    return ddl("DROP FUNCTION IF EXISTS {function}()", function=function(table, purpose))
